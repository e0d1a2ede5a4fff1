"""What speaks for not accepting a demand: word rules of ``refusal_words.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.oversight import load_oversight
from config.rules import RowReader, read_yaml, rule_file
from config.words import WordRule

FILE = "refusal_words.yaml"


@dataclass(frozen=True, kw_only=True)
class RefusalRule(WordRule):
    """One row, and the reason of ``oversight.yaml`` that it speaks for."""

    code: str
    #: Of that reason: what it is called, and what the citizen is told.
    name: str
    route: str


@dataclass(frozen=True, kw_only=True)
class RefusalWords:
    """All rules, in the order of the file."""

    version: str
    rules: tuple[RefusalRule, ...]


def load_refusal_words(rules: Path | None = None) -> RefusalWords:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    known = {reason.code: reason for reason in load_oversight(rules).refusals}
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "rules")
    found = []
    for number, row in enumerate(top.rows("rules"), 1):
        reader = RowReader(path.name, f"第 {number} 条规则", row)
        reader.only("code", "reason", "words", "with", "without")
        code, words = reader.text("code"), reader.texts("words")
        if code not in known:
            raise reader.error(f"code “{code}” 不是 oversight.yaml 中的不予受理原因")
        if not words:
            raise reader.error("缺少 words")
        found.append(
            RefusalRule(
                code=code,
                name=known[code].name,
                route=known[code].route,
                reason=reader.text("reason"),
                words=words,
                also=reader.texts("with"),
                without=reader.texts("without"),
            )
        )
    return RefusalWords(version=top.text("version"), rules=tuple(found))
