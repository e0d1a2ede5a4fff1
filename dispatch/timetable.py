"""What an order owes at which time, read off its state: nothing else sets or cancels its timers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from dispatch.timers import Timer
from models.tables import Task, WorkOrder
from models.vocabulary import TaskState

if TYPE_CHECKING:
    from dispatch.step import Step

#: The unit has not signed for its task: the system does.
SIGN = "sign"


async def timers_of(step: Step) -> list[Timer]:
    """All timers of the order as it is after the step."""
    return [timer for subject in SUBJECTS for timer in await subject(step)]


async def signing(step: Step) -> list[Timer]:
    """Tasks that somebody must sign for."""
    return [timer for task in step.tasks for timer in _of_task(step.order, task)]


#: Each subject reads its own timers off the order; a new subject adds a line.
SUBJECTS: tuple[Callable[[Step], Awaitable[list[Timer]]], ...] = (signing,)


def _of_task(order: WorkOrder, task: Task) -> Iterator[Timer]:
    if task.state is TaskState.TO_SIGN:
        yield Timer(key=f"{SIGN}:{task.id}", kind=SIGN, subject_id=order.id, due=task.sign_due)
