"""What an order owes at which time, read off its state: nothing else sets or cancels its timers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from dispatch.auto_dispatch import dispatching
from dispatch.back_in_hand import return_waits
from dispatch.oversight_timers import closed, for_citizen, overseeing
from dispatch.timers import Timer
from models.states import IN_HAND, UNIT_AT_WORK
from models.tables import Task, WorkOrder
from models.vocabulary import OPEN_REQUEST, TaskState

if TYPE_CHECKING:
    from dispatch.step import Step

#: The unit has not signed for its task: the system does.
SIGN = "sign"
#: The unit has not said how far it is.
PROGRESS = "progress"
#: Nobody has decided a request.
REQUEST = "request"
#: A suspension is over.
RESUME = "resume"


async def timers_of(step: Step) -> list[Timer]:
    """All timers of the order as it is after the step."""
    return [timer for subject in SUBJECTS for timer in await subject(step)]


async def signing(step: Step) -> list[Timer]:
    """Tasks that somebody must sign for or report on, while the clocks of units run."""
    if step.order.suspended_at is not None or step.order.state not in IN_HAND:
        return []
    return [timer for task in step.tasks for timer in _of_task(step.order, task)]


async def deciding(step: Step) -> list[Timer]:
    """Requests that count as refused when nobody decides them."""
    silence = step.rules.handling.silence
    return [
        Timer(
            key=f"{REQUEST}:{one.id}",
            kind=REQUEST,
            subject_id=step.order.id,
            due=one.due_at,
            data={"request_id": one.id},
        )
        for one in step.requests
        if one.state in OPEN_REQUEST and one.due_at and silence.get(one.kind) == "refused"
    ]


async def resuming(step: Step) -> list[Timer]:
    """The end of a suspension."""
    order = step.order
    if order.suspended_until is None or order.state not in IN_HAND:
        return []
    key = f"{RESUME}:{order.id}"
    return [Timer(key=key, kind=RESUME, subject_id=order.id, due=order.suspended_until)]


#: Each subject reads its own timers off the order; a new subject adds a line.
SUBJECTS: tuple[Callable[[Step], Awaitable[list[Timer]]], ...] = (
    signing,
    deciding,
    resuming,
    overseeing,
    for_citizen,
    closed,
    dispatching,
)


def _of_task(order: WorkOrder, task: Task) -> Iterator[Timer]:
    if task.state is TaskState.TO_SIGN:
        yield Timer(key=f"{SIGN}:{task.id}", kind=SIGN, subject_id=order.id, due=task.sign_due)
    due = task.progress_due if task.first_progress_at is None else None
    if due is not None and task.state in UNIT_AT_WORK and not return_waits(task):
        yield Timer(key=f"{PROGRESS}:{task.id}", kind=PROGRESS, subject_id=order.id, due=due)
