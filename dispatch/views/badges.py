"""Numbers beside the menu: all of one reader's in one question."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from dispatch.views.boxes import TO_DO_BOXES, in_box, to_be_asked
from dispatch.views.conditions import light_condition
from models.guards import Actor
from models.tables import Draft, Task, WorkOrder
from models.vocabulary import Light, OrderState
from models.workflow import IN_HAND, OPEN_STATES, UNIT_AT_WORK

#: Desks that ask citizens for what is missing.
_SUPPLEMENTING = frozenset({"order.create", "queue.dispatch"})
_DESKS = {
    "to_dispatch": ("queue.dispatch", WorkOrder.state == OrderState.TO_DISPATCH),
    "to_audit": ("queue.audit", WorkOrder.state == OrderState.TO_AUDIT),
    "to_follow_up": ("queue.follow_up", to_be_asked()),
}


def badge_counts(
    actor: Actor, may: frozenset[str], now: datetime
) -> Iterator[tuple[str, ColumnElement[int]]]:
    """Each of the reader's badges with the count behind it. ``may``: the reader's permissions."""
    if "order.create" in may:
        yield "drafts", _count(Draft, Draft.agent_id == actor.id, Draft.order_id.is_(None))
    if may & _SUPPLEMENTING:
        yield "to_supplement", _count(WorkOrder, WorkOrder.state == OrderState.TO_SUPPLEMENT)
    for name, (permission, waits) in _DESKS.items():
        if permission in may:
            yield name, _count(WorkOrder, waits)
    own = Task.department == actor.department
    if "queue.unit" in may:
        for name in TO_DO_BOXES:
            yield name, _count(Task, in_box(name, actor.department))
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
