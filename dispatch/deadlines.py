"""Another system's deadline that was moved: by its own word, or because it agreed to our asking."""

from __future__ import annotations

from datetime import UTC

from dispatch.checks import Faults
from dispatch.commands import MoveDeadline
from dispatch.promises import Promise, Source
from dispatch.running import keep_order_due, promise_anew, show_lights
from dispatch.step import Handler, Step
from dispatch.terms import promise_for
from models.states import ACTIVE_TASK
from models.task_tree import lead_task
from models.vocabulary import Action, Role


async def move_deadline(step: Step, command: MoveDeadline) -> None:
    """The lead unit gets the time; what stands below keeps what it was promised."""
    role = step.follow().role
    order, wanted = step.order, command.external_due.astimezone(UTC)
    assert order.external_due is not None, "the table lets only such orders through"
    faults = Faults(step.rules)
    if wanted <= order.external_due:
        faults.add("external_due", "应晚于原来的时限；需要提前办结的，请催办或督办")
    if role is not Role.PARTNER and not command.evidence:
        faults.add("evidence", "请填写上级平台同意延长时限的凭据，如批复文号、平台回执编号")
    faults.raise_any()
    step.reason = command.reason
    step.told(**({"evidence": command.evidence} if command.evidence else {}))
    step.change(external_due=wanted)
    lead = lead_task(step.tasks)
    if lead is not None and lead.state in ACTIVE_TASK:
        before = Promise.from_json(lead.clocks["handle"])
        if before.source is Source.EXTERNAL:
            promise = promise_for(order, step.rules, "handle", before.start)
            promise_anew(step, lead, "handle", promise)
            keep_order_due(step)
    show_lights(step)


HANDLERS: dict[Action, Handler] = {Action.MOVE_DEADLINE: move_deadline}
