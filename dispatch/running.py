"""Which clock of an order runs in which state, the tasks it makes, and the lights in lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from dispatch.dispatch_clock import dispatch_promise
from dispatch.promises import Promise, Source
from dispatch.requests import end, let_go
from dispatch.same_unit import as_before, count_lateness, keep_what_was_done
from dispatch.step import Step
from dispatch.terms import promise_for, terms_of, twice
from models.ids import new_id
from models.states import ACTIVE_TASK, IN_HAND
from models.tables import Task, WorkOrder
from models.task_tree import had_before, lead_task
from models.vocabulary import (
    OPEN_REQUEST,
    OrderState,
    RequestKind,
    RequestState,
    TaskRole,
    TaskState,
)
from models.workflow.withdrawal import MAY_GO

#: Clock of the order itself that starts when a state is entered.
ORDER_CLOCKS = {
    OrderState.TO_SUPPLEMENT: "supplement",
    OrderState.TO_DISPATCH: "dispatch",
    OrderState.TO_AUDIT: "audit",
    OrderState.TO_FOLLOW_UP: "follow_up",
    OrderState.SHELVED: "shelve_review",
    OrderState.TRANSFERRED_OUT: "transfer_answer",
}

#: Runs beside the follow-up until the citizen is tried for the first time.
FIRST_TRY = "follow_up_start"

#: Where a task shows when its clocks are due.
TASK_DUES = {
    "sign": "sign_due",
    "first_contact": "first_contact_due",
    "progress": "progress_due",
    "handle": "due_at",
}

#: Clocks of an order that is not dispatched: by when callers merged into it were promised a result.
#: Each with the unit that had promised it: ``handed_on:D-CG``.
HANDED_ON = "handed_on"


def run_clock(step: Step) -> None:
    """Start the clock of the state the order is in now, and show its lights."""
    name = ORDER_CLOCKS.get(step.order.state)
    if name is not None:
        _start_order_clock(step, name)
        if step.order.state is OrderState.TO_FOLLOW_UP:
            _start_order_clock(step, FIRST_TRY)
            step.change(follow_up_started_at=None)
    elif step.order.state is OrderState.CLOSED:
        _start_order_clock(step, "archive")
    if step.order.state not in IN_HAND:  # no unit has it any more
        step.change(suspended_at=None, suspended_until=None)
        let_go(step)
        _forget_supervision(step)
    _forget_withdrawal(step)
    show_lights(step)


def _forget_supervision(step: Step) -> None:
    """With the unit's result approved, or its task gone, nobody need be asked to supervise it."""
    if step.order.state is OrderState.TO_AUDIT:
        return
    for request in step.requests:
        if request.kind is RequestKind.SUPERVISION and request.state in OPEN_REQUEST:
            end(step, request, RequestState.WITHDRAWN, "承办任务已结束，提请自动失效")


def _forget_withdrawal(step: Step) -> None:
    """With a result before the auditor there is nothing left that could be called off."""
    for request in step.requests:
        asked = request.kind is RequestKind.WITHDRAWAL and request.state in OPEN_REQUEST
        if asked and step.order.state not in MAY_GO:
            end(step, request, RequestState.WITHDRAWN, "工单已不能撤单，申请自动失效")


def show_lights(step: Step) -> None:
    """The lights of the clock that runs now; none while the order is suspended or over."""
    order, promise = step.order, _running(step)
    order.light_yellow_at = promise.yellow_at if promise else None
    order.light_orange_at = promise.orange_at if promise else None
    order.light_red_at = promise.due if promise else None


def _running(step: Step) -> Promise | None:
    order = step.order
    if order.suspended_at is not None:
        return None
    names = running_clocks(order)
    if names:
        return min((Promise.from_json(order.clocks[name]) for name in names), key=_due)
    lead = lead_task(step.tasks) if order.state in IN_HAND else None
    return Promise.from_json(lead.clocks["handle"]) if lead else None


def _due(promise: Promise) -> datetime:
    return promise.due


def running_clocks(order: WorkOrder) -> list[str]:
    """Clocks of the order itself that run in its state; none while units work."""
    name = ORDER_CLOCKS.get(order.state)
    names = [name] if name is not None else []
    if order.state is OrderState.TO_FOLLOW_UP and order.follow_up_started_at is None:
        names.append(FIRST_TRY)
    return [one for one in names if one in order.clocks]


def _start_order_clock(step: Step, name: str) -> None:
    order = step.order
    if name == "dispatch":
        promise = dispatch_promise(step)
    else:
        promise = promise_for(order, step.rules, name, step.now)
    order.clocks = {**order.clocks, name: promise.to_json()}
    if name == "dispatch":
        step.change(dispatch_due=promise.due)
        order.sla_version, order.sla_policy = promise.policy_version, promise.policy


def new_lead_task(step: Step, department: str, note: str, redo_of: Task | None = None) -> Task:
    """Give the unit its task: every clock of it is promised here, from this moment.

    It follows what was done before, be it a redo, a redo that another unit has returned, or an
    order that was opened again; only redos have the shorter time.
    """
    order = step.order
    redo = redo_of is not None or order.state is OrderState.REDO
    redo_of = redo_of or done_before(step)
    before = had_before(step.tasks, department, redo_of.id if redo_of else None)
    clocks = _lead_clocks(step, department, "redo" if redo else "handle", before)
    task = _new_task(step, department, note, TaskRole.LEAD, clocks)
    task.redo_of = redo_of.id if redo_of else None
    step.add_task(task)
    if before is not None:
        keep_what_was_done(step, task, before)
    order.sla_policy = clocks["handle"].policy
    step.change(lead_department=department)
    keep_order_due(step)
    return task


def _lead_clocks(step: Step, department: str, name: str, before: Task | None) -> dict[str, Promise]:
    """``before``: the task by which the unit had the order in this round already."""
    clocks = _own_clocks(step, department)
    handle = promise_for(step.order, step.rules, name, step.now, department)
    handle = _as_handed_on(step, replace(handle, name="handle"), department)
    clocks["handle"] = as_before(step, handle, before)
    clocks["first_contact"] = as_before(step, clocks["first_contact"], before)
    for report in first_progress(step, clocks["handle"], department).values():
        clocks[report.name] = as_before(step, report, before)
    return clocks | count_lateness(clocks, before)


def first_progress(step: Step, handle: Promise, department: str) -> dict[str, Promise]:
    """By when the unit first says how far it is, where the policy wants that; before its result."""
    if not terms_of(step.order, step.rules).has("progress"):
        return {}
    promise = promise_for(step.order, step.rules, "progress", step.now, department)
    return {"progress": cut(promise, handle.due)}


def _as_handed_on(step: Step, promise: Promise, department: str) -> Promise:
    """No later than what callers were promised whose orders were merged in before dispatch.

    What another unit is late with already, this one is given a little time for.
    """
    clocks, kept = dict(step.order.clocks), {}
    for name in [one for one in clocks if one.partition(":")[0] == HANDED_ON]:
        kept[name.partition(":")[2]] = Promise.from_json(clocks.pop(name))
    if not kept:
        return promise
    step.order.clocks = clocks
    for unit, handed_on in kept.items():
        others = unit != department and handed_on.due < step.now
        due = soonest(step, department) if others else handed_on.due
        promise = cut(promise, due, handed_on.explanation)
    return promise


def soonest(step: Step, department: str) -> datetime:
    """By when a unit can be asked to finish that was not the one to be late: as soon as with a
    result that was sent back."""
    return promise_for(step.order, step.rules, "resubmit", step.now, department).due


def done_before(step: Step) -> Task | None:
    """The task whose result has been approved, when all that came after it is taken back: what is
    done now follows it."""
    lead = lead_task(step.tasks)
    return lead if lead is not None and lead.state is TaskState.DONE else None


def keep_order_due(step: Step) -> None:
    """The citizen is promised what the lead task is; one that is done promises nothing any more."""
    lead = lead_task(step.tasks)
    if lead is not None and lead.state in ACTIVE_TASK:
        provisional = Promise.from_json(lead.clocks["handle"]).provisional
        step.change(due_at=lead.due_at, due_provisional=provisional)


def new_joint_task(step: Step, lead: Task, department: str, note: str) -> Task:
    """A unit that helps: it reports to the lead one, and before it has to be done."""
    handle = _beside(step, lead, department)
    task = _new_task(step, department, note, TaskRole.JOINT, _own_clocks(step, department, handle))
    task.parent_id = lead.parent_id
    # It speaks with the lead unit; the citizen hears from one of them.
    task.contact_excused_at = step.now
    step.add_task(task)
    return task


def _beside(step: Step, lead: Task, department: str) -> Promise:
    """Who is asked to help with what is late already is not late for that: it has the time of a
    result that was sent back."""
    promise = latest_beside(step, lead)
    if lead.parent_id is not None or promise.due > counted_from(step):
        return promise
    own = promise_for(step.order, step.rules, "resubmit", counted_from(step), department)
    return replace(own, name="handle", explanation=f"主办单位已超期，协办另计。{own.explanation}")


def counted_from(step: Step) -> datetime:
    """When the clocks of those start who are to help, or to work below: now; while all the others'
    rest, as if they had been there when the pause began, so that theirs rest with them."""
    return step.order.suspended_at or step.now


def new_child_task(
    step: Step, parent: Task, department: str, note: str, due_at: datetime | None
) -> Task:
    """The lead one of the units below. ``due_at``: earlier than the parent's limit asks for."""
    handle = latest_below(step, parent)
    if due_at is not None:
        handle = cut(handle, due_at)
    task = _new_task(step, department, note, TaskRole.LEAD, _own_clocks(step, department, handle))
    task.parent_id = parent.id
    task.contact_excused_at = parent.first_contacted_at or parent.contact_excused_at
    step.add_task(task)
    return task


def latest_below(step: Step, parent: Task) -> Promise:
    """The latest promise of a child: time is left for the parent to finish."""
    return _before(step, parent, step.rules.handling.child_share, "上级单位")


def latest_beside(step: Step, lead: Task) -> Promise:
    """The latest promise of a unit that helps: time is left for the lead one to finish."""
    return _before(step, lead, step.rules.handling.joint_share, "主办单位")


def _before(step: Step, other: Task, share: float, whose: str) -> Promise:
    promise = Promise.from_json(other.clocks["handle"])
    return step.rules.promiser.before(
        promise, counted_from(step), share, name="handle", whose=whose
    )


def cut(promise: Promise, latest: datetime, words: str = "派单时要求提前完成。") -> Promise:
    """The promise, but no later than ``latest``; ``words`` say why."""
    if promise.due <= latest:
        return promise
    return replace(
        promise,
        due=latest,
        # What was counted does not say any more when it ends.
        source=Source.WITHIN if promise.source is Source.COUNTED else promise.source,
        yellow_at=min(promise.yellow_at, latest),
        orange_at=min(promise.orange_at, latest),
        explanation=f"{promise.explanation}{words}",
    )


def _own_clocks(step: Step, department: str, handle: Promise | None = None) -> dict[str, Promise]:
    """Signing and first contact, within the time that the handling leaves."""
    order, rules = step.order, step.rules
    names = ("sign", "first_contact")
    start = counted_from(step)
    clocks = {name: promise_for(order, rules, name, start, department) for name in names}
    # Signing within twice its limit is still worth something in the closure assessment.
    clocks["sign_twice"] = twice(order, rules, clocks["sign"])
    if handle is not None:
        clocks = {name: cut(promise, handle.due) for name, promise in clocks.items()}
        clocks["handle"] = handle
    return clocks


def _new_task(
    step: Step, department: str, note: str, role: TaskRole, clocks: Mapping[str, Promise]
) -> Task:
    return Task(
        id=new_id(),
        order_id=step.order.id,
        department=department,
        role=role,
        state=TaskState.TO_SIGN,
        note=note,
        opinion="",
        contact_tries=[],
        clocks={name: promise.to_json() for name, promise in clocks.items()},
        dispatched_at=step.now,
        sign_due=clocks["sign"].due,
        first_contact_due=clocks["first_contact"].due,
        progress_due=clocks["progress"].due if "progress" in clocks else None,
        due_at=clocks["handle"].due,
        light_yellow_at=clocks["handle"].yellow_at,
        light_orange_at=clocks["handle"].orange_at,
        sent_back_count=0,
        open_urges=0,
        open_supervision=0,
        highest_supervision=0,
    )


def start_task_clock(step: Step, task: Task, name: str) -> None:
    """A further clock of a task (``audit`` above, ``resubmit`` below) starts now."""
    promise = promise_for(step.order, step.rules, name, step.now, task.department)
    task.clocks = {**task.clocks, name: promise.to_json()}


def promise_anew(step: Step, task: Task, name: str, promise: Promise) -> None:
    """A task's clock gets a new promise; the old one stays beside it, numbered."""
    old = sum(key.startswith(f"{name}.") for key in task.clocks) + 1
    clocks = {**task.clocks, f"{name}.{old}": task.clocks[name], name: promise.to_json()}
    task.clocks = clocks
    if name in TASK_DUES:
        step.change_task(task, **{TASK_DUES[name]: promise.due})
    if name == "handle":
        task.light_yellow_at, task.light_orange_at = promise.yellow_at, promise.orange_at
