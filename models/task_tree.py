"""The tasks of an order as the tree they are: who stands above, below and beside whom.

The hotline's own tasks have no parent. At each level there is at most one living lead and any
number of joint tasks. A redo stands at the top again, beside the task it does anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from models.states import ACTIVE_TASK
from models.tables import Task
from models.vocabulary import TaskRole, TaskState


def lead_task(tasks: Iterable[Task]) -> Task | None:
    """The top lead task that counts: not cancelled, and not done again by another.

    By what follows what, not by time: a clock may be set back.
    """
    leads = [task for task in _top_leads(tasks) if task.state is not TaskState.CANCELLED]
    done_again = {task.redo_of for task in leads}
    return next((task for task in leads if task.id not in done_again), None)


def first_lead_task(tasks: Iterable[Task], follows: str | None = None) -> Task | None:
    """The lead task of the first round; ``follows``: of the first after the end of that task."""
    leads = (task for task in _top_leads(tasks) if task.redo_of == follows)
    return next((task for task in leads if task.state is not TaskState.CANCELLED), None)


def redone_by(first: Task, tasks: Sequence[Task]) -> Iterator[Task]:
    """The lead tasks that did it again, one after the other."""
    again = first_lead_task(tasks, first.id)
    while again is not None:
        yield again
        again = first_lead_task(tasks, again.id)


def had_before(tasks: Iterable[Task], department: str, redo_of: str | None) -> Task | None:
    """The lead task by which a unit has had the order before and which was taken back; the newest
    of the same round, that is, of the same try to solve the matter (``redo_of``)."""
    found = [one for one in taken_back(tasks, redo_of) if one.department == department]
    return found[-1] if found else None


def taken_back(tasks: Iterable[Task], redo_of: str | None) -> list[Task]:
    """Lead tasks of a round that have gone to another unit, the oldest first."""
    leads = (one for one in _top_leads(tasks) if one.state is TaskState.CANCELLED)
    return [one for one in leads if one.redo_of == redo_of]


def same_hands(task: Task, tasks: Iterable[Task]) -> list[Task]:
    """The task and those by which its unit has had the order before, the oldest first."""
    if task.role is not TaskRole.LEAD or task.parent_id is not None:
        return [task]
    earlier = taken_back(tasks, task.redo_of)
    return [one for one in earlier if one.department == task.department and one is not task] + [
        task
    ]


def _top_leads(tasks: Iterable[Task]) -> Iterator[Task]:
    return (task for task in tasks if task.role is TaskRole.LEAD and task.parent_id is None)


def active(tasks: Iterable[Task]) -> list[Task]:
    """Those that are not over."""
    return [task for task in tasks if task.state in ACTIVE_TASK]


def parent_of(task: Task, tasks: Iterable[Task]) -> Task | None:
    """The task it was made from; None at the top."""
    if task.parent_id is None:
        return None
    return next(one for one in tasks if one.id == task.parent_id)


def children_of(task: Task, tasks: Iterable[Task]) -> list[Task]:
    """Tasks directly below, whatever became of them."""
    return [one for one in tasks if one.parent_id == task.id]


def below(task: Task, tasks: Sequence[Task]) -> list[Task]:
    """All tasks under it, at any depth."""
    found: list[Task] = []
    fresh = children_of(task, tasks)
    while fresh:
        found += fresh
        fresh = [child for one in fresh for child in children_of(one, tasks)]
    return found


def depth(task: Task, tasks: Sequence[Task]) -> int:
    """1 for the hotline's own tasks, one more for each level down."""
    above = parent_of(task, tasks)
    return 1 if above is None else depth(above, tasks) + 1


def leader_of(task: Task, tasks: Iterable[Task]) -> Task | None:
    """The living lead task beside a joint one; at the top the one that counts."""
    if task.parent_id is None:
        return lead_task(tasks)
    beside = [one for one in tasks if one.parent_id == task.parent_id]
    return next((one for one in active(beside) if one.role is TaskRole.LEAD), None)


def waited_for(task: Task, tasks: Iterable[Task]) -> list[Task]:
    """Living tasks that must be over before this one can be submitted: those below it, and beside
    a lead the joint ones."""
    rows = list(tasks)
    found = active(children_of(task, rows))
    if task.role is TaskRole.LEAD:
        beside = (one for one in rows if one.parent_id == task.parent_id and one is not task)
        found += [one for one in active(beside) if one.role is TaskRole.JOINT]
    return found


def unit_task(tasks: Iterable[Task], department: str) -> Task | None:
    """The living task of a unit; it has one at most."""
    return next((task for task in active(tasks) if task.department == department), None)
