"""Well-formed commands at random, made from the commands themselves."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from dispatch.commands import COMMANDS, STEERING, OrderCommand
from models.vocabulary import Action, Labelled
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import FRIDAY, HAPPY, PROCESS, QUALITY, RANG, UNHAPPY

UNITS = ("D-CG", "D-RS", "D-ZJ")
BELOW = DEEP[1:4]
_TEXT = "情况已核实，按规定办理完毕，并已告知诉求人。"
Choice = Callable[[Random], Any]


def _unit(random: Random) -> str:
    """Mostly one that can do something."""
    return random.choice([*UNITS * 3, *BELOW, "D-HL", "D-NO"])


#: Fields whose content the model alone does not tell.
_FIELDS: dict[str, Choice] = {
    "department": _unit,
    "suggested_department": lambda random: random.choice(UNITS),
    "joint": lambda random: random.sample(UNITS, random.choice([0, 0, 1, 2])),
    "category": lambda random: random.choice(["C010102", "C020101", "C01"]),
    "caller_phone": lambda _: "13800001234",
    "callback_phone": lambda _: "13800001234",
    "phone": lambda _: "13800001234",
    "quality_items": lambda _: QUALITY,
    "process_items": lambda _: PROCESS,
    "call_id": lambda _: None,
    "due_at": lambda _: None,
    "amount": lambda random: random.randint(1, 6),
    "external_due": lambda random: FRIDAY + timedelta(days=random.randint(1, 20)),
    "days": lambda random: random.randint(1, 31),
    "head": lambda _: "严建新",
    "files": lambda _: [],
    "faults": lambda _: ["NO_EVIDENCE", "TEMPLATE"],
    "evidence": lambda _: "维修记录〔2026〕12号，11月20日10时用8812345拨打",
    "clause": lambda _: "三定方案第三条",
    "system": lambda _: "",  # none is entered
    "target": lambda _: "长沙市12345热线",
    "external_no": lambda random: f"长热{random.randint(1, 99)}号",
    "consent": lambda _: "张晓明，11月20日来电同意",
    # Whoever asks for more time has told the citizen so.
    "caller_informed": lambda _: True,
}
_NOT_CONTENT = {**UNHAPPY, "redo": True, "redo_reason": "灯还是不亮"}
_FOLLOW_UPS: list[dict[str, Any]] = [
    {"reached": False, "evidence": RANG},
    HAPPY,
    _NOT_CONTENT,
    {
        **HAPPY,
        "redo": True,
        "redo_code": "UNTRUE",
        "redo_reason": "所称更换的灯具未更换",
        "verification": "诉求人称从未更换灯具，与所报不符",
        "evidence": "诉求人来函〔2026〕7号，热线座机8812399，20日10时拨打",
    },
]
#: Whole bodies, where the parts must fit each other.
_WHOLE: dict[Action, Choice] = {
    Action.RECORD_FOLLOW_UP: lambda random: random.choice(_FOLLOW_UPS),
    Action.DELEGATE: lambda random: {
        "department": random.choice(BELOW),
        "joint": random.sample(BELOW, random.choice([0, 0, 1])),
    },
}


def body_of(action: Action, random: Random) -> dict[str, Any]:
    """What the command of an action says, without what steers it."""
    if action in _WHOLE:
        return dict(_WHOLE[action](random))
    fields = COMMANDS[action].model_fields.items()
    body = {name: _value(name, info, random) for name, info in fields if name not in STEERING}
    return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Known:
    """Ids that somebody might send, each with the order that it belongs to."""

    orders: list[str]
    tasks: dict[str, str]
    requests: dict[str, str]
    oversights: dict[str, str]

    def strange(self, command: OrderCommand, order_id: str) -> bool:
        """Whether the command names a task, request or oversight of another order, or of none."""
        named = {
            "task_id": self.tasks,
            "request_id": self.requests,
            "oversight_id": self.oversights,
        }
        given = {name: getattr(command, name, None) for name in named}
        return any(row and named[name].get(row) != order_id for name, row in given.items())


def needs_a_file(action: Action) -> bool:
    """Nothing can be attached that was not sent up before."""
    files = COMMANDS[action].model_fields.get("files")
    return files is not None and files.is_required()


def any_command(random: Random, known: Known) -> OrderCommand:
    """Any command, well formed, about real things of whatever order."""
    action = random.choice([one for one in COMMANDS if not needs_a_file(one)])
    body, fields = body_of(action, random), COMMANDS[action].model_fields
    for name, rows in (("request_id", known.requests), ("oversight_id", known.oversights)):
        if name in fields:
            body[name] = random.choice([*rows, "no-such"])
    if random.random() < 0.7:
        body["task_id"] = random.choice([*known.tasks, "no-such"])
    if "into" in fields:
        body["into"] = random.choice(known.orders)
    return COMMANDS[action].model_validate(body)


def _value(name: str, info: FieldInfo, random: Random) -> Any:
    kind, optional = _plain(info.annotation)
    if optional and random.random() < 0.4:
        return None
    if name == "caller_informed" and kind is str:
        return _TEXT
    if name in _FIELDS:
        return _FIELDS[name](random)
    return _of_kind(kind, info, random)


def _plain(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [one for one in get_args(annotation) if one is not type(None)]
        return kinds[0], True
    return annotation, False


def _of_kind(kind: Any, info: FieldInfo, random: Random) -> Any:
    if get_origin(kind) is Literal:
        return random.choice(get_args(kind))
    if kind is bool:
        return random.random() < 0.6
    if isinstance(kind, type) and issubclass(kind, Labelled):
        return random.choice(list(kind))
    if kind is str:
        return _TEXT[: _longest(info)]
    raise NotImplementedError(f"something random of {kind}")


def _longest(info: FieldInfo) -> int:
    bounds = [one.max_length for one in info.metadata if hasattr(one, "max_length")]
    return int(min([*bounds, len(_TEXT)]))
