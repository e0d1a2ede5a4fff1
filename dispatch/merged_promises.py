"""What a caller was promised passes with a merged order to the one that works for it.

Urgency, another system's deadline, the dispatcher's time and the unit's: the lead order keeps the
stricter one of each. Where it has no unit yet, the end of handling waits in its clocks for one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dispatch.oversight import hurry
from dispatch.promises import Promise
from dispatch.running import (
    HANDED_ON,
    cut,
    keep_order_due,
    latest_below,
    latest_beside,
    promise_anew,
    show_lights,
)
from dispatch.step import Step
from models.states import ACTIVE_TASK
from models.tables import Task, WorkOrder
from models.task_tree import depth, lead_task, leader_of, parent_of
from models.vocabulary import OrderState, TaskRole


def promised_to(order: WorkOrder, tasks: list[Task]) -> dict[str, Promise]:
    """The clocks that run for the caller of an order, before it is merged."""
    lead = lead_task(tasks)
    if lead is not None and lead.state in ACTIVE_TASK:
        return {"handle": Promise.from_json(lead.clocks["handle"])}
    if order.state is OrderState.TO_DISPATCH:
        return {"dispatch": Promise.from_json(order.clocks["dispatch"])}
    return {}


def bring_forward(lead: Step, order: WorkOrder, promised: dict[str, Promise]) -> None:
    """No caller waits longer for having been merged."""
    task = lead_task(lead.tasks)
    lead.turn_to(task)
    before = task.due_at if task else None
    _be_as_urgent(lead, order)
    if (dispatch := promised.get("dispatch")) and lead.order.state is OrderState.TO_DISPATCH:
        _dispatch_by(lead, dispatch)
    if handle := promised.get("handle"):
        _handle_by(lead, handle, order.order_no)
    if task is not None and task.due_at != before:
        _cut_under(lead)
    keep_order_due(lead)
    show_lights(lead)


def owe_nobody_else(lead: Step) -> None:
    """Nobody is merged in any more: a unit that is yet to come gets its usual time."""
    lead.order.clocks = {k: clock for k, clock in lead.order.clocks.items() if k != HANDED_ON}


def _be_as_urgent(lead: Step, order: WorkOrder) -> None:
    own = lead.order
    urgency = max(own.urgency, order.urgency, key=lambda one: one.rank)
    deadlines = [one for one in (own.external_due, order.external_due) if one is not None]
    before = own.urgency, own.external_due
    lead.change(urgency=urgency, external_due=min(deadlines, default=None))
    if before != (own.urgency, own.external_due):
        hurry(lead)


def _dispatch_by(lead: Step, promise: Promise) -> None:
    if promise.due < Promise.from_json(lead.order.clocks["dispatch"]).due:
        lead.order.clocks = {**lead.order.clocks, "dispatch": promise.to_json()}
        lead.change(dispatch_due=promise.due)


def _handle_by(lead: Step, promise: Promise, order_no: str) -> None:
    words = f"并入的工单 {order_no} 时限在先。"
    task = lead_task(lead.tasks)
    if task is not None and task.state in ACTIVE_TASK:
        # Who submitted before others were merged in is not late for them.
        _owe_by(lead, task, max(promise.due, task.submitted_at or promise.due), words)
    elif lead.order.state is OrderState.TO_DISPATCH:
        kept = lead.order.clocks.get(HANDED_ON)
        if kept is None or promise.due < Promise.from_json(kept).due:
            handed_on = replace(promise, explanation=words)
            lead.order.clocks = {**lead.order.clocks, HANDED_ON: handed_on.to_json()}
            lead.told(handle_due=promise.due)


def _owe_by(lead: Step, task: Task, due: datetime, words: str) -> None:
    if due < task.due_at:
        promise = cut(Promise.from_json(task.clocks["handle"]), due, words)
        promise_anew(lead, task, "handle", promise)


def _cut_under(lead: Step) -> None:
    """From above down, the lead before those that help it: none ends after those it serves."""
    rows = sorted(lead.tasks, key=lambda one: (depth(one, lead.tasks), one.role is TaskRole.JOINT))
    for task in rows:
        if task.state in ACTIVE_TASK and (ends := _latest(lead, task)):
            _owe_by(lead, task, min(ends), "因并单，上级任务的时限提前。")


def _latest(lead: Step, task: Task) -> list[datetime]:
    parent, found = parent_of(task, lead.tasks), []
    if parent is not None:
        found.append(latest_below(lead, parent).due)
    if task.role is TaskRole.JOINT and (helped := leader_of(task, lead.tasks)) is not None:
        found.append(latest_beside(lead, helped).due)
    return found
