"""Another system's deadline that was moved: by its own word, or because it agreed to our asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from dispatch.checks import Faults
from dispatch.commands import MoveDeadline
from dispatch.due_words import moment_text
from dispatch.oversight_times import lift_untrue
from dispatch.promises import Promise, Source
from dispatch.running import cut, keep_order_due, promise_anew, show_lights
from dispatch.step import Handler, Step
from dispatch.terms import promise_for
from models.states import ACTIVE_TASK
from models.tables import WorkOrder
from models.task_tree import lead_task
from models.vocabulary import Action, OrderState, Role


async def move_deadline(step: Step, command: MoveDeadline) -> None:
    """The lead unit gets the time; what stands below keeps what it was promised.

    So do callers whose orders were merged into this one: nobody moves their time but their own.
    """
    role = step.follow().role
    order, wanted = step.order, command.external_due.astimezone(UTC)
    assert order.external_due is not None, "the table lets only such orders through"
    merged = await _merged_in(step)
    faults = Faults(step.rules)
    if wanted <= order.external_due:
        faults.add("external_due", "应晚于原来的时限；需要提前办结的，请催办或督办")
    shown = step.rules.evidence.shown_by(step.action, command.evidence)
    if role is not Role.PARTNER and not shown:
        faults.add("evidence", "请填写上级平台同意延长时限的凭据，如批复文号、平台回执编号")
    wanted = _within_others(step, wanted, merged, faults)
    faults.raise_any()
    step.reason = command.reason
    step.told(**({"evidence": command.evidence} if command.evidence else {}))
    step.change(external_due=wanted)
    _give_time(step, merged)
    if (lead := lead_task(step.tasks)) is not None:
        await lift_untrue(step, lead)
    show_lights(step)


async def _merged_in(step: Step) -> Sequence[WorkOrder]:
    """Orders that wait for this one's answer."""
    if not step.order.merged_count:
        return ()
    query = select(WorkOrder).where(
        WorkOrder.merged_into == step.order.id, WorkOrder.state == OrderState.MERGED
    )
    return (await step.session.scalars(query.order_by(WorkOrder.id))).all()


def _within_others(
    step: Step, wanted: datetime, merged: Sequence[WorkOrder], faults: Faults
) -> datetime:
    """No later than what other systems ask for with the orders that were merged in."""
    given = [(one.external_due, one.order_no) for one in merged if one.external_due is not None]
    if not given or (first := min(given))[0] >= wanted:
        return wanted
    latest, order_no = first
    if step.order.external_due is not None and latest <= step.order.external_due:
        until = moment_text(step.rules.counter.local(latest))
        faults.add("external_due", f"并入的工单 {order_no} 须在{until}前办结，不能推后")
    return latest


def _give_time(step: Step, merged: Sequence[WorkOrder]) -> None:
    """Where the other system's deadline was what the unit was held to."""
    lead = lead_task(step.tasks)
    if lead is None or lead.state not in ACTIVE_TASK:
        return
    before = Promise.from_json(lead.clocks["handle"])
    if before.source is not Source.EXTERNAL:
        return
    promise = promise_for(step.order, step.rules, "handle", before.start)
    for one in merged:
        if one.due_at is not None:
            promise = cut(promise, one.due_at, f"并入的工单 {one.order_no} 时限在先。")
    if promise.due > before.due:
        promise_anew(step, lead, "handle", promise)
        keep_order_due(step)


HANDLERS: dict[Action, Handler] = {Action.MOVE_DEADLINE: move_deadline}
