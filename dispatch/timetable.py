"""What an order owes at which time, read off its state: nothing else sets or cancels its timers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dispatch.timers import Timer
from models.tables import Task, WorkOrder
from models.vocabulary import TaskState

#: The unit has not signed for its task: the system does.
SIGN = "sign"


def timers_of(order: WorkOrder, tasks: Iterable[Task]) -> list[Timer]:
    """All timers of the order as it now is."""
    return [timer for task in tasks for timer in _of_task(order, task)]


def _of_task(order: WorkOrder, task: Task) -> Iterator[Timer]:
    if task.state is TaskState.TO_SIGN:
        yield Timer(key=f"{SIGN}:{task.id}", kind=SIGN, subject_id=order.id, due=task.sign_due)
