"""A unit's task passes from one of its people to another."""

from __future__ import annotations

from dispatch.checks import Faults
from dispatch.commands import HandOverTask
from dispatch.step import Handler, Step
from models.tables import Staff
from models.vocabulary import Action


async def hand_over(step: Step, command: HandOverTask) -> None:
    """Clocks and state stay as they are; the task's unit stays responsible."""
    step.follow()
    step.reason = command.reason
    handler = await step.session.get(Staff, command.handler_id)
    faults = Faults(step.rules)
    if handler is None or not handler.active:
        faults.add("handler_id", "没有这个人员，或其账号已停用")
    elif handler.department != step.subject.department:
        unit = step.rules.unit_name(step.subject.department)
        faults.add("handler_id", f"接办人须是{unit}的人员")
    faults.raise_any()
    step.change_task(step.subject, handler_id=command.handler_id)


HANDLERS: dict[Action, Handler] = {Action.HAND_OVER: hand_over}
