"""What is done about an order without handling it."""

from __future__ import annotations

from dispatch.commands import Note, Urge, Withdraw
from dispatch.running import run_clock
from dispatch.step import Handler, Step
from models.states import ACTIVE_TASK
from models.vocabulary import Action, TaskState


async def urge(step: Step, command: Urge) -> None:
    """Ask whoever has the order for speed."""
    step.follow()
    step.reason = command.reason
    step.told(by_caller=command.by_caller)


async def note(step: Step, command: Note) -> None:
    """Write something down."""
    step.follow()
    step.reason = command.text
    step.told(internal=command.internal)


async def withdraw(step: Step, command: Withdraw) -> None:
    """The citizen takes the demand back; units stop working on it."""
    step.follow()
    step.reason = command.reason
    step.told(consent=command.consent)
    for task in step.tasks:
        if task.state in ACTIVE_TASK:
            step.change_task(task, state=TaskState.CANCELLED)
    run_clock(step)


HANDLERS: dict[Action, Handler] = {
    Action.URGE: urge,
    Action.NOTE: note,
    Action.WITHDRAW: withdraw,
}
