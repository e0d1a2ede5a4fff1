"""Who may read a citizen's name and number. Enforced here, not in the browser."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatch.rules import Rules
from dispatch.scope import sees_all
from models.guards import Actor
from models.phone_numbers import HIDDEN
from models.tables import OrderEvent, Task, WorkOrder
from models.vocabulary import Labelled, Role, TaskState

#: What people write between the digits of a number.
_SEPARATED = r"[-\s()（）]*"
_BETWEEN = re.compile(r"[-\s()（）]+")
#: How long the agent who took a confidential demand may still read who called.
TAKER_READS = timedelta(hours=24)
HIDDEN_TEXT = "保密"


class Visibility(Labelled):
    """How much of the caller's identity is shown."""

    CLEAR = "CLEAR", "明文"
    MASKED = "MASKED", "脱敏"
    HIDDEN = "HIDDEN", "保密"


@dataclass(frozen=True, kw_only=True)
class Veil:
    """Shows or covers the identity of one order's caller."""

    visibility: Visibility
    #: Of the caller, those put right since among them; the longest first, as the numbers.
    names: tuple[str, ...]
    phones: tuple[str, ...]

    def show_name(self, name: str) -> str:
        """The caller's name as this reader may see it."""
        return self._show(name, mask_name(name))

    def show_phone(self, phone: str) -> str:
        """A number of the caller as this reader may see it."""
        return self._show(phone, mask_phone(phone))

    def scrub(self, text: str) -> str:
        """The text without the identity that this reader may not see."""
        if self.visibility is Visibility.CLEAR:
            return text
        digits = _BETWEEN.sub("", text)
        for phone in self.phones:
            # Looked for first: a list has another number in every line, and each is a new pattern.
            if _BETWEEN.sub("", phone) in digits:
                text = re.sub(_SEPARATED.join(map(re.escape, phone)), self.show_phone(phone), text)
        for name in self.names:
            text = text.replace(name, self.show_name(name))
        return text

    def scrub_all(self, kept: dict[str, Any]) -> dict[str, Any]:
        """What people have written, at whatever depth; what it is kept under is no writing."""
        return {name: self._deep(value) for name, value in kept.items()}

    def _deep(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.scrub_all(value)
        if isinstance(value, list):
            return [self._deep(one) for one in value]
        return self.scrub(value) if isinstance(value, str) else value

    def _show(self, clear: str, masked: str) -> str:
        if not clear or self.visibility is Visibility.CLEAR:
            return clear
        return masked if self.visibility is Visibility.MASKED else HIDDEN_TEXT


def veil_for(
    order: WorkOrder,
    tasks: Sequence[Task],
    events: Sequence[OrderEvent],
    actor: Actor,
    rules: Rules,
    now: datetime,
) -> Veil:
    """The veil for one reader. ``events``: all of the order; who the caller was taken for before it
    was put right still stands in what was written then.
    """
    names = {order.caller_name, *_before(events, ("caller_name",))}
    numbers = ("caller_phone", "callback_phone")
    phones = {order.caller_phone, order.callback_phone, *_before(events, numbers)}
    return Veil(
        visibility=_visibility(order, tasks, actor, rules, now),
        # One character may be any word; only a whole name is scrubbed from texts.
        names=_longest_first(name for name in names if len(name) > 1),
        phones=_longest_first(filter(None, phones)),
    )


def _before(events: Sequence[OrderEvent], fields: Collection[str]) -> Iterator[str]:
    for event in events:
        for name in fields:
            before = event.changes.get(name, [None])[0]
            if isinstance(before, str):
                yield before


def _longest_first(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(found, key=len, reverse=True))


def list_veil(order: WorkOrder) -> Veil:
    """Lists never show a name or number in full."""
    kind = Visibility.HIDDEN if order.confidential else Visibility.MASKED
    phones = tuple(phone for phone in (order.caller_phone, order.callback_phone) if phone)
    names = (order.caller_name,) if order.caller_name else ()
    return Veil(visibility=kind, names=names, phones=phones)


def _visibility(
    order: WorkOrder, tasks: Sequence[Task], actor: Actor, rules: Rules, now: datetime
) -> Visibility:
    may = "caller.clear" in rules.permissions.of(actor.usable_roles)
    if order.confidential:
        return Visibility.CLEAR if may and _trusted(order, actor, rules, now) else Visibility.HIDDEN
    if not sees_all(actor, rules):
        may = may and any(
            task.department == actor.department and task.state is not TaskState.CANCELLED
            for task in tasks
        )
    return Visibility.CLEAR if may else Visibility.MASKED


def _trusted(order: WorkOrder, actor: Actor, rules: Rules, now: datetime) -> bool:
    """Who follows up, and who took it in; in a unit's post they read no more than the unit."""
    if Role.FOLLOW_UP in actor.usable_roles:
        return True
    took = order.accepted_by == actor.id and sees_all(actor, rules)
    return took and now - order.accepted_at <= TAKER_READS


def mask_name(name: str) -> str:
    """张*: the first character only."""
    return f"{name[0]}*" if name else ""


def mask_phone(phone: str) -> str:
    """138****1234; short numbers are covered whole. That a caller hid theirs is no secret."""
    if phone.lower() in HIDDEN:
        return phone
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"
