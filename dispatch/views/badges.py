"""Numbers beside the menu: all of one reader's in one question."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from dispatch.views.conditions import light_condition
from models.guards import Actor
from models.tables import Draft, Task, WorkOrder
from models.vocabulary import Light, OrderState, TaskState
from models.workflow import IN_HAND, OPEN_STATES, UNIT_AT_WORK

#: Desks that ask citizens for what is missing.
_SUPPLEMENTING = frozenset({"order.create", "queue.dispatch"})
_DESKS = {
    "to_dispatch": ("queue.dispatch", OrderState.TO_DISPATCH),
    "to_audit": ("queue.audit", OrderState.TO_AUDIT),
    "to_follow_up": ("queue.follow_up", OrderState.TO_FOLLOW_UP),
}
_BOXES = {
    "to_sign": TaskState.TO_SIGN,
    "in_hand": TaskState.SIGNED,
    "sent_back": TaskState.SENT_BACK,
}


def badge_counts(
    actor: Actor, may: frozenset[str], now: datetime
) -> Iterator[tuple[str, ColumnElement[int]]]:
    """Each of the reader's badges with the count behind it. ``may``: the reader's permissions."""
    if "order.create" in may:
        yield "drafts", _count(Draft, Draft.agent_id == actor.id, Draft.order_id.is_(None))
    if may & _SUPPLEMENTING:
        yield "to_supplement", _count(WorkOrder, WorkOrder.state == OrderState.TO_SUPPLEMENT)
    for name, (permission, state) in _DESKS.items():
        if permission in may:
            yield name, _count(WorkOrder, WorkOrder.state == state)
    own = Task.department == actor.department
    if "queue.unit" in may:
        for name, box in _BOXES.items():
            yield name, _count(Task, own, Task.state == box)
    if "order.view_all" in may:
        late = light_condition(Light.RED, now)
        yield "overdue", _count(WorkOrder, WorkOrder.state.in_(OPEN_STATES), late)
    elif "order.view_unit" in may:
        past = (Task.state.in_(UNIT_AT_WORK), Task.due_at < now, _runs())
        yield "overdue", _count(Task, own, *past)


def _runs() -> ColumnElement[bool]:
    """Of a task at work: its clocks run. What is suspended or on the shelf is not late."""
    in_hand = (WorkOrder.state.in_(IN_HAND), WorkOrder.suspended_at.is_(None))
    return exists().where(WorkOrder.id == Task.order_id, *in_hand)


def _count(kind: type[Any], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(kind).where(*conditions).scalar_subquery()
