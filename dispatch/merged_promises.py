"""What a caller was promised passes with a merged order to the one that works for it.

Urgency, another system's deadline, the dispatcher's time and the unit's: the lead order keeps the
stricter one of each. Where it has no unit yet, the end of handling waits in its clocks for one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dispatch.back_in_hand import LATE, late_since
from dispatch.oversight import hurry
from dispatch.promises import Promise
from dispatch.running import (
    HANDED_ON,
    cut,
    keep_order_due,
    promise_anew,
    show_lights,
    soonest,
)
from dispatch.step import Step
from dispatch.under import cut_under
from models.states import ACTIVE_TASK
from models.tables import Task, WorkOrder
from models.task_tree import lead_task
from models.vocabulary import OrderState


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
    same = "handle" in promised and task is not None and task.department == order.lead_department
    earliest = soonest(lead, task.department) if task is not None and not same else None
    _be_as_urgent(lead, order, earliest)
    if (dispatch := promised.get("dispatch")) and lead.order.state is OrderState.TO_DISPATCH:
        _dispatch_by(lead, dispatch)
    if handle := promised.get("handle"):
        _handle_by(lead, handle, order, earliest)
    if task is not None and task.due_at != before:
        cut_under(lead, "因并单，上级任务的时限提前。")
    keep_order_due(lead)
    show_lights(lead)


def owe_nobody_else(lead: Step) -> None:
    """Nobody is merged in any more: a unit that is yet to come gets its usual time."""
    own = lead.order.clocks.items()
    lead.order.clocks = {k: clock for k, clock in own if k.partition(":")[0] != HANDED_ON}


def _be_as_urgent(lead: Step, order: WorkOrder, earliest: datetime | None) -> None:
    own = lead.order
    urgency = max(own.urgency, order.urgency, key=lambda one: one.rank)
    deadlines = [one for one in (own.external_due, order.external_due) if one is not None]
    before = own.urgency, own.external_due
    lead.change(urgency=urgency, external_due=min(deadlines, default=None))
    if before != (own.urgency, own.external_due):
        hurry(lead, earliest)


def _dispatch_by(lead: Step, promise: Promise) -> None:
    if promise.due < Promise.from_json(lead.order.clocks["dispatch"]).due:
        lead.order.clocks = {**lead.order.clocks, "dispatch": promise.to_json()}
        lead.change(dispatch_due=promise.due)


def _handle_by(lead: Step, promise: Promise, order: WorkOrder, earliest: datetime | None) -> None:
    """``earliest``: the unit was not the one to be late, and has until then when it is too late."""
    words = f"并入的工单 {order.order_no} 时限在先。"
    task = lead_task(lead.tasks)
    if task is not None and task.state in ACTIVE_TASK:
        due = promise.due
        if earliest is not None and due < lead.now:
            due = earliest
        # Who submitted before others were merged in is not late for them.
        _owe_by(lead, task, max(due, task.submitted_at or due), words, earliest)
    elif lead.order.state is OrderState.TO_DISPATCH:
        name = f"{HANDED_ON}:{order.lead_department}"
        kept = lead.order.clocks.get(name)
        if kept is None or promise.due < Promise.from_json(kept).due:
            handed_on = replace(promise, explanation=words)
            lead.order.clocks = {**lead.order.clocks, name: handed_on.to_json()}
            lead.told(handle_due=promise.due)


def _owe_by(lead: Step, task: Task, due: datetime, words: str, earliest: datetime | None) -> None:
    if due >= task.due_at:
        return
    counted = min(earliest or due, late_since(task))
    promise = cut(Promise.from_json(task.clocks["handle"]), due, words)
    promise_anew(lead, task, "handle", promise)
    if counted > due:  # nobody is supervised at once for what somebody else has promised
        late = replace(promise, name=LATE, due=counted)
        task.clocks = {**task.clocks, LATE: late.to_json()}
