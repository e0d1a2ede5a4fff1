"""Forms as data: what the browser draws for an action that has no form of its own.

Made from the action's command, so that a new field needs no second description. Labels stand in
``dispatch.wording``; choices that depend on the house's rules are named in ``CHOICES``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from dispatch.commands import COMMANDS, OrderCommand
from dispatch.rules import Rules
from dispatch.views.choices import Choice
from dispatch.wording import form_label
from models.vocabulary import Action, Labelled

#: Longer texts get several lines.
ONE_LINE = 120
#: Nobody types these: the page, the header and the order itself give them.
_GIVEN = frozenset({"expected_version", "idempotency_key", "task_id", "request_id", "oversight_id"})
#: What is asked for before all else, and after it.
_FIRST, _LAST = ("reason_code",), ("files", "head")
#: Fields that hold the code of a unit.
_UNITS = frozenset({"department", "suggested_department"})

Kind = Literal[
    "text",
    "words",
    "choice",
    "choices",
    "switch",
    "number",
    "moment",
    "unit",
    "units",
    "files",
    "call",
    "other",
]


class FormOption(BaseModel):
    """One of the things to choose from."""

    value: str | bool
    label: str


class FormField(BaseModel):
    """One field of a form. ``least`` and ``most``: characters of a text, or the bounds of a
    number; 0 and None where there are none. Of files: how many at least, and megabytes of each;
    the options are the endings that are taken."""

    name: str
    label: str
    kind: Kind
    required: bool
    options: list[FormOption] = []
    default: str | bool | float | None = None
    least: float = 0
    most: float | None = None
    #: Units that cannot be chosen; those that can stand in the options, where there are any there.
    without: list[str] = []
    #: Why something that one may look for is not there to choose.
    hint: str = ""


def _refusals(rules: Rules) -> Iterable[tuple[str, str]]:
    return ((item.code, item.name) for item in rules.oversight.refusals)


#: Choices that the rules of the house give, by field.
CHOICES: dict[str, Callable[[Rules], Iterable[tuple[str, str]]]] = {"refusal": _refusals}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What forms let the reader choose from that no rule file knows."""

    #: The reader leads the unit: nobody else need stand for what is asked or reported.
    leads: bool = False
    #: Names of those who do; empty: the directory names nobody, the name is typed.
    heads: Sequence[str] = ()
    #: Other systems, by code and name.
    systems: Sequence[tuple[str, str]] = ()


def form_of(
    action: Action,
    rules: Rules,
    known: Known | None = None,
    choices: Mapping[str, Choice] | None = None,
) -> list[FormField]:
    """The fields of an action's command, in the order in which one fills them in. ``choices``: what
    of them can be chosen now, where that is not everything."""
    command, known = COMMANDS.get(action), known or Known()
    if command is None:
        return []
    # The command's own fields; what all commands share is given.
    given = {*_GIVEN, "head"} if known.leads else _GIVEN
    names = [name for name in command.model_fields if name not in given]
    names.sort(key=lambda name: (name in _LAST) - (name in _FIRST))  # the rest as in the command
    fields = (_field(action, name, command, rules, known) for name in names)
    return [_narrowed(field, (choices or {}).get(field.name), rules) for field in fields]


def _narrowed(field: FormField, choice: Choice | None, rules: Rules) -> FormField:
    if choice is None:
        return field
    options = field.options
    if choice.only is not None and field.kind in ("unit", "units"):
        if not choice.only:  # nobody to choose: it is not asked for
            return field.model_copy(update={"kind": "other"})
        codes = sorted(str(code) for code in choice.only)
        options = [FormOption(value=code, label=rules.unit_name(code)) for code in codes]
    elif choice.only is not None:
        options = [one for one in options if one.value in choice.only]
    more = {"options": options, "without": sorted(choice.without), "hint": choice.hint}
    return field.model_copy(update=more)


def _field(
    action: Action, name: str, command: type[OrderCommand], rules: Rules, known: Known
) -> FormField:
    info = command.model_fields[name]
    if name == "files":
        return _files(action, info, rules)
    if name == "head":
        return _head(action, info, known)
    if name == "system":
        return _system(action, known)
    kind, options = _kind(name, _plain(info.annotation), info, rules)
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    return FormField(
        name=name,
        label=form_label(action.value, name),
        kind=kind,
        required=info.is_required(),
        options=options,
        default=_sent(default),
        least=_bound(info, MinLen, "min_length") or _bound(info, Ge, "ge") or 0,
        most=_bound(info, MaxLen, "max_length") or _bound(info, Le, "le"),
    )


def _head(action: Action, info: FieldInfo, known: Known) -> FormField:
    """Chosen from those who lead the unit; a clerk always needs one."""
    return FormField(
        name="head",
        label=form_label(action.value, "head"),
        kind="choice" if known.heads else "text",
        required=True,
        options=[FormOption(value=name, label=name) for name in known.heads],
        least=1,
        most=_bound(info, MaxLen, "max_length"),
    )


def _system(action: Action, known: Known) -> FormField:
    """Not asked for where no system is entered."""
    return FormField(
        name="system",
        label=form_label(action.value, "system"),
        kind="choice" if known.systems else "other",
        required=False,
        options=[FormOption(value=code, label=name) for code, name in known.systems],
    )


def _files(action: Action, info: FieldInfo, rules: Rules) -> FormField:
    endings = [FormOption(value=end, label=kind) for end, kind in rules.attachments.types.items()]
    return FormField(
        name="files",
        label=form_label(action.value, "files"),
        kind="files",
        required=info.is_required(),
        options=endings,
        least=_bound(info, MinLen, "min_length") or 0,
        most=rules.attachments.most_mb,
    )


def _sent(default: Any) -> str | bool | float | None:
    """A default as it is sent."""
    if isinstance(default, Labelled):
        return default.value
    return default if isinstance(default, str | bool | int | float) else None


def _plain(annotation: Any) -> Any:
    """The type without ``None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(one for one in get_args(annotation) if one is not type(None))
    return annotation


def _kind(name: str, wanted: Any, info: FieldInfo, rules: Rules) -> tuple[Kind, list[FormOption]]:
    if name == "call_id":
        return "call", []
    if name in CHOICES:
        return "choice", [FormOption(value=v, label=text) for v, text in CHOICES[name](rules)]
    if isinstance(wanted, type) and issubclass(wanted, Labelled):
        return "choice", [FormOption(value=item.value, label=item.label) for item in wanted]
    if wanted is bool:
        return ("choice", _yes_no(name)) if info.is_required() else ("switch", [])
    if wanted in (int, float):
        return "number", []
    if wanted in (datetime, AwareDatetime):
        return "moment", []
    if wanted is str:
        return _kind_of_text(name, info), []
    one = next(iter(get_args(wanted)), None) if get_origin(wanted) is list else None
    if isinstance(one, type) and issubclass(one, Labelled):
        return "choices", [FormOption(value=item.value, label=item.label) for item in one]
    return ("units" if "department" in name or name == "joint" else "other"), []


def _kind_of_text(name: str, info: FieldInfo) -> Kind:
    if name in _UNITS:
        return "unit"
    return "words" if (_bound(info, MaxLen, "max_length") or 0) > ONE_LINE else "text"


def _yes_no(name: str) -> list[FormOption]:
    """A question that must be answered: neither answer is there beforehand."""
    yes, no = ("同意", "不同意") if name == "granted" else ("是", "否")
    return [FormOption(value=True, label=yes), FormOption(value=False, label=no)]


def _bound(info: FieldInfo, kind: type, attribute: str) -> float | None:
    return next(
        (float(getattr(one, attribute)) for one in info.metadata if isinstance(one, kind)), None
    )
