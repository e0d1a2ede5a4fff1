"""Progress and urging by telephone: read from ``self_service.yaml``."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from models.vocabulary import OrderState

FILE = "self_service.yaml"

#: Every sentence with the values it may use.
_SENTENCES = {
    "subject": {"date", "subject"},
    "state": {"state"},
    "unit": {"unit"},
    "due": {"date"},
    "overdue": set(),
    "answer": {"answer"},
    "urged": set(),
    "urged_before": {"date"},
}
_NUMBERS = (
    "attempts", "wait_seconds", "digit_seconds", "long_entry_seconds", "closed_days",
    "urge_again_hours",
)  # fmt: skip
#: Of a file from before the row was there.
_NEWER = {"long_entry_seconds": 10}


@dataclass(frozen=True, kw_only=True)
class SelfServiceRules:
    """How citizens help themselves on the phone."""

    version: str
    #: The key that leads to it from the line; empty: none does.
    key: str
    access_numbers: tuple[str, ...]
    #: Whether the calling number alone opens orders.
    by_number: bool
    attempts: int
    wait_seconds: float
    #: After a single 0, which may be a wish for people.
    digit_seconds: float
    #: Between the digits of an order number or query code.
    long_entry_seconds: float
    closed_days: int
    urge_again_hours: int
    states: dict[OrderState, str]
    sentences: dict[str, str]


def load_self_service(rules: Path | None = None) -> SelfServiceRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    data = read_yaml(path)
    top = RowReader(path.name, "顶层", data)
    top.only("version", "key", "access_numbers", "by_number", *_NUMBERS, "states", "sentences")
    numbers = {name: _number(top, data, name) for name in _NUMBERS}
    return SelfServiceRules(
        version=top.text("version"),
        key=_key(top),
        access_numbers=top.texts("access_numbers"),
        by_number=top.yes("by_number"),
        attempts=int(numbers["attempts"]),
        wait_seconds=numbers["wait_seconds"],
        digit_seconds=numbers["digit_seconds"],
        long_entry_seconds=numbers["long_entry_seconds"],
        closed_days=int(numbers["closed_days"]),
        urge_again_hours=int(numbers["urge_again_hours"]),
        states=_states(path.name, data.get("states")),
        sentences=_sentences(path.name, data.get("sentences")),
    )


def _number(top: RowReader, data: dict[str, object], name: str) -> float:
    value = data.get(name, _NEWER.get(name))
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise top.error(f"{name} 应是大于零的数字")
    return value


def _key(top: RowReader) -> str:
    key = top.text("key", "")
    if key and (len(key) != 1 or key not in "0123456789*"):
        raise top.error("key 应是一个按键（0-9 或 *），或留空")
    return key


def _states(file: str, row: object) -> dict[OrderState, str]:
    reader = RowReader(file, "states", row)
    reader.only(*OrderState)
    # A file from before orders could be given out says nothing of them.
    newer = {OrderState.TRANSFERRED_OUT: OrderState.TRANSFERRED_OUT.label}
    return {state: reader.text(state.value, newer.get(state)) for state in OrderState}


def _sentences(file: str, row: object) -> dict[str, str]:
    reader = RowReader(file, "sentences", row)
    reader.only(*_SENTENCES)
    found = {name: reader.text(name) for name in _SENTENCES}
    for name, text in found.items():
        try:
            used = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        except ValueError as error:
            raise reader.error(f"{name} 中的花括号不成对：{error}") from error
        if unknown := sorted(used - _SENTENCES[name]):
            raise reader.error(f"{name} 中有无法填入的 {'、'.join(unknown)}")
    return found
