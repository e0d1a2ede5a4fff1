"""Merging (并单): several callers, one matter. Each keeps number, answer and follow-up.

A merged order has no unit and no clock of its own; the lead order works for it. Once the lead's
answer is approved, a timer gives it to the merged ones, some at a time. Steps on two orders take
the second lock only when it is free: nobody waits while holding one, so nobody waits for ever.
"""

from __future__ import annotations

from sqlalchemy import or_, select

from dispatch.asking import ask_office, decide, withdraw_all
from dispatch.commands import DecideMerge, Merge, SuggestMerge, Unmerge, Urge, invalid
from dispatch.joining import why_not_taken_in
from dispatch.loading import load_if_free
from dispatch.merged_promises import bring_forward, owe_nobody_else, promised_to
from dispatch.oversights import issue_urge
from dispatch.parted import give_back
from dispatch.running import run_clock
from dispatch.scope import can_see
from dispatch.step import Handler, Step
from models.errors import Conflict
from models.states import ACTIVE_TASK, IN_HAND, UNIT_AT_WORK
from models.tables import Task, WorkOrder
from models.task_tree import lead_task
from models.vocabulary import Action, OrderState, RequestKind, TaskState
from models.workflow import Case
from models.workflow.merging import MAY_LEAD


async def suggest_merge(step: Step, command: SuggestMerge) -> None:
    """Somebody who takes calls thinks it is the same matter."""
    step.follow()
    lead = await _named(step, command.into)
    step.reason = command.reason
    due = step.rules.counter.due(step.now, step.rules.oversight.merge_decision.limit).at
    ask_office(step, RequestKind.MERGE, command.reason, due, wanted={"into": lead.id})
    step.told(into=lead.order_no)


async def merge(step: Step, command: Merge) -> None:
    """The order goes into another one."""
    step.follow(Case.INTO)
    step.reason = command.reason
    await _merge(step, await _named(step, command.into))


async def decide_merge(step: Step, command: DecideMerge) -> None:
    """As suggested, or not."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.reason
    decide(step, command.granted, command.reason)
    if command.granted:
        into = step.decided.wanted["into"]
        await _merge(step, await _named(step, into))


async def unmerge(step: Step, command: Unmerge) -> None:
    """It was another matter: it is dispatched on its own."""
    step.follow(Case.INTO)
    step.reason = command.reason
    await leave_lead(step, command.reason)
    run_clock(step)


async def leave_lead(step: Step, reason: str) -> None:
    """The lead order does not answer for this one any more."""
    assert step.order.merged_into is not None, "a merged order knows its lead"
    lead = await step_on(step, step.order.merged_into, Action.UNMERGE)
    lead.follow(Case.TAKE_IN)
    lead.reason = reason
    lead.told(order=step.order.order_no)
    lead.change(merged_count=lead.order.merged_count - 1)
    if not lead.order.merged_count:
        owe_nobody_else(lead)
    await give_back(lead, step.order.order_no)
    await lead.finish()
    step.told(into=lead.order.order_no)
    step.change(merged_into=None)


async def urge_lead(step: Step, command: Urge) -> None:
    """The caller of a merged order asks for speed: the lead order's unit must answer."""
    assert step.order.merged_into is not None, "a merged order knows its lead"
    lead = await step_on(step, step.order.merged_into, Action.URGE)
    if lead.order.state not in (*MAY_LEAD, OrderState.TO_FOLLOW_UP):
        return
    lead.follow()
    lead.reason = command.reason
    lead.told(by_caller=command.by_caller, order=step.order.order_no)
    task = lead_task(lead.tasks)
    if lead.order.state in IN_HAND and task is not None and task.state in UNIT_AT_WORK:
        lead.turn_to(task)
        row = issue_urge(lead, task, command.reason, command.by_caller)
        lead.told(answer_due=row.due_at)
    await lead.finish()


async def _merge(step: Step, order: WorkOrder) -> None:
    """:raises InvalidInput: when the other order cannot take it in."""
    lead = await step_on(step, order.id, Action.MERGE)
    _check_lead(step.order, lead.order)
    lead.follow(Case.TAKE_IN)
    promised = promised_to(step.order, step.tasks)
    for task in step.tasks:
        if task.state in ACTIVE_TASK:
            step.change_task(task, state=TaskState.CANCELLED)
    withdraw_all(step, "工单已并入其他工单")
    step.told(into=lead.order.order_no)
    step.change(merged_into=lead.order.id)
    run_clock(step)
    lead.reason = step.reason
    lead.told(order=step.order.order_no)
    lead.change(merged_count=lead.order.merged_count + 1)
    bring_forward(lead, step.order, promised)
    await lead.finish()


def _check_lead(order: WorkOrder, lead: WorkOrder) -> None:
    if message := why_not_taken_in(order, lead):
        raise invalid([{"field": "into", "message": message}])


async def _named(step: Step, into: str) -> WorkOrder:
    """The order by number or id.

    :raises InvalidInput: when there is none that the actor sees.
    """
    asked = into.replace(" ", "")
    query = select(WorkOrder).where(or_(WorkOrder.order_no == asked, WorkOrder.id == asked))
    order = await step.session.scalar(query)
    tasks = select(Task).where(Task.order_id == order.id) if order else None
    rows = list(await step.session.scalars(tasks)) if tasks is not None else []
    if order is None or not can_see(step.actor, rows, step.rules):
        raise invalid([{"field": "into", "message": "没有这个编号的工单"}])
    return order


async def step_on(step: Step, order_id: str, action: Action) -> Step:
    """A step on another order in the same transaction; the caller finishes it.

    :raises Conflict: when somebody else has it in hand at this moment.
    """
    await step.work.settle()
    found = await load_if_free(step.session, order_id, step.actor, action)
    if found is None:
        raise Conflict("相关的工单正在由他人处理，请稍后再试", order_id=order_id)
    return Step(
        work=step.work,
        rules=step.rules,
        now=step.now,
        actor=step.actor,
        action=action,
        order=found.order,
        tasks=found.tasks,
        requests=found.requests,
        timers=found.timers,
        previous_hash=found.latest_hash,
        from_state=found.order.state,
    )


HANDLERS: dict[Action, Handler] = {
    Action.SUGGEST_MERGE: suggest_merge,
    Action.MERGE: merge,
    Action.DECIDE_MERGE: decide_merge,
    Action.UNMERGE: unmerge,
}
