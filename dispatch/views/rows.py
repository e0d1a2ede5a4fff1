"""Making the lines of lists from table rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import load_only

from dispatch.promises import Promise, light_at
from dispatch.rules import Rules
from dispatch.views.privacy import list_veil
from dispatch.views.shapes import ClockView, OrderRow
from models.tables import Task, WorkOrder
from models.vocabulary import Light, TaskState
from models.workflow import IN_HAND, UNIT_AT_WORK

_WORST_LAST = list(Light)
_LIT = ("yellow_at", "orange_at", "due")
#: What a line shows; long texts and clocks are not read for it.
ORDER_LINE = load_only(
    WorkOrder.id,
    WorkOrder.order_no,
    WorkOrder.version,
    WorkOrder.state,
    WorkOrder.title,
    WorkOrder.request_type,
    WorkOrder.category,
    WorkOrder.urgency,
    WorkOrder.place,
    WorkOrder.caller_name,
    WorkOrder.caller_phone,
    WorkOrder.callback_phone,
    WorkOrder.confidential,
    WorkOrder.channel,
    WorkOrder.accepted_at,
    WorkOrder.lead_department,
    WorkOrder.light_yellow_at,
    WorkOrder.light_orange_at,
    WorkOrder.light_red_at,
    WorkOrder.redo_count,
    WorkOrder.closed_at,
    WorkOrder.close_reason,
    WorkOrder.watched_at,
    WorkOrder.suspended_at,
    raiseload=True,
)


def order_light(order: WorkOrder, now: datetime) -> Light:
    """The light of the clock that runs now."""
    return light_at(now, order.light_yellow_at, order.light_orange_at, order.light_red_at)


def order_row(order: WorkOrder, rules: Rules, now: datetime) -> OrderRow:
    """One line of a list. Reads of the order what :data:`ORDER_LINE` names."""
    veil = list_veil(order)
    return OrderRow(
        id=order.id,
        order_no=order.order_no,
        version=order.version,
        state=order.state,
        title=veil.scrub(order.title),
        request_type=order.request_type,
        category=order.category,
        category_name=rules.category_name(order.category),
        urgency=order.urgency,
        place=veil.scrub(order.place),
        caller_name=veil.show_name(order.caller_name),
        caller_phone=veil.show_phone(order.callback_phone or order.caller_phone),
        confidential=order.confidential,
        channel=order.channel,
        accepted_at=order.accepted_at,
        lead_department=order.lead_department,
        lead_department_name=rules.unit_name(order.lead_department),
        due_at=order.light_red_at,
        light=order_light(order, now),
        redo_count=order.redo_count,
        closed_at=order.closed_at,
        close_reason=order.close_reason,
        watched=order.watched_at is not None,
        suspended=order.suspended_at is not None,
    )


def task_done_at(task: Task, clock: str) -> datetime | None:
    """When the thing a clock of the task limits was done."""
    return {
        "sign": task.signed_at,
        "first_contact": task.first_contacted_at,
        "progress": task.first_progress_at,
        "delegate": task.delegated_at,
        "handle": task.submitted_at if task.state not in UNIT_AT_WORK else None,
    }[clock]


def contact_excused(task: Task) -> bool:
    """The unit need not contact the citizen any more, and has not."""
    return task.contact_excused_at is not None and task.first_contacted_at is None


def clock_view(
    promise: Promise, label: str, done_at: datetime | None, runs: bool, now: datetime
) -> ClockView:
    """One promise as shown. ``runs``: it is still waited for."""
    waiting = runs and done_at is None
    kept = None if waiting else (done_at is not None and done_at <= promise.due)
    return ClockView(
        name=promise.name,
        label=label,
        start=promise.start,
        due=promise.due,
        provisional=promise.provisional,
        explanation=promise.explanation,
        done_at=done_at,
        light=promise.light(now) if waiting else Light.NONE,
        kept=kept if waiting or done_at is not None else None,
    )


def clocks_run(task: Task, order: WorkOrder) -> bool:
    """Whether the unit's clocks run: not of what is suspended, on the shelf or over."""
    at_work = task.state in UNIT_AT_WORK and order.state in IN_HAND
    return at_work and order.suspended_at is None


def task_light(task: Task, order: WorkOrder, now: datetime) -> Light:
    """The worst light of the clocks the unit still owes something on; of a result from below, the
    light of the unit above that has to look at it. The same as on the order's page."""
    if task.state is TaskState.SUBMITTED and "audit" in task.clocks:
        return light_of(task.clocks["audit"], now) if order.state in IN_HAND else Light.NONE
    if not clocks_run(task, order):
        return Light.NONE
    owed = [
        light_of(task.clocks[name], now)
        for name in ("sign", "first_contact", "progress", "handle")
        if name in task.clocks and task_done_at(task, name) is None
        if not (name == "first_contact" and contact_excused(task))
    ]
    return worst(owed)


def light_of(clock: Mapping[str, Any], now: datetime) -> Light:
    """The light of a promise as it is stored; the rest of it is not read."""
    yellow, orange, due = (datetime.fromisoformat(clock[name]) for name in _LIT)
    return light_at(now, yellow, orange, due)


def worst(lights: Iterable[Light]) -> Light:
    """The most pressing light; NONE for none."""
    burning = [light for light in lights if light is not Light.NONE]
    return max(burning, key=_WORST_LAST.index, default=Light.NONE)
