"""Urges (催办): whoever has the order is asked for speed, and a unit must say how far it is."""

from __future__ import annotations

from dispatch import merging
from dispatch.commands import AnswerUrge, LapseUrge, Urge
from dispatch.oversights import issue_urge, lapsed_urges, open_ones
from dispatch.step import Handler, Step
from dispatch.supervision import go_up
from models.errors import TransitionRefused
from models.states import IN_HAND, UNIT_AT_WORK
from models.task_tree import lead_task
from models.vocabulary import (
    Action,
    OrderState,
    OversightKind,
    OversightState,
    SupervisionReason,
)


async def urge(step: Step, command: Urge) -> None:
    """Ask whoever has the order for speed. Of a merged one that is the lead order's unit."""
    step.follow()
    step.reason = command.reason
    step.told(by_caller=command.by_caller)
    if step.order.state is OrderState.MERGED:
        await merging.urge_lead(step, command)
        return
    task = lead_task(step.tasks)
    if step.order.state in IN_HAND and task is not None and task.state in UNIT_AT_WORK:
        step.turn_to(task)
        row = issue_urge(step, task, command.reason, command.by_caller)
        step.told(answer_due=row.due_at)


async def answer_urge(step: Step, command: AnswerUrge) -> None:
    """One answer answers all urges of the task that wait."""
    step.follow()
    step.reason = command.answer
    for row in await open_ones(step, step.subject):
        if row.kind is OversightKind.URGE:
            row.answer, row.answered_at = command.answer, step.now
            row.answered_by, row.answered_by_name = step.actor.id, step.actor.name
            row.state, row.settled_at = OversightState.ACCEPTED, step.now
    step.change_task(step.subject, open_urges=0)


async def lapse_urge(step: Step, command: LapseUrge) -> None:
    """Nobody answered in time: it stays open, and too many of them are supervised."""
    step.follow()
    waiting = (row for row in await open_ones(step) if row.id == command.oversight_id)
    row = next(waiting, None)
    if row is None or row.lapsed_at is not None:
        raise TransitionRefused("该催办已经答复")
    task = next(one for one in step.tasks if one.id == row.task_id)
    step.turn_to(task)
    row.lapsed_at = step.now
    count = await lapsed_urges(step, task)
    step.reason = f"第{count}次催办逾期未答复"
    step.told(lapsed_urges=count)
    for level in step.rules.oversight.supervision:
        if level.lapsed_urges and count >= level.lapsed_urges:
            await go_up(step, task, level, SupervisionReason.URGES_UNANSWERED, step.reason)


HANDLERS: dict[Action, Handler] = {
    Action.URGE: urge,
    Action.ANSWER_URGE: answer_urge,
    Action.LAPSE_URGE: lapse_urge,
}
