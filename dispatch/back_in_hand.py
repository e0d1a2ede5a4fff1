"""A unit has the order in hand again: what was owed before goes on with the time that was left.

While its result lies with the auditor, the order on the shelf, its return with whoever decides it,
a unit can neither answer nor hurry. That time is none of its own: no answer runs out in it, and it
is not counted how much later the unit becomes. What was promised to the citizen stays.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dispatch.oversights import open_ones
from dispatch.promises import Promise
from dispatch.terms import promise_for
from models.states import UNIT_AT_WORK
from models.tables import OrderRequest, Oversight, Task
from models.task_tree import lead_task
from models.vocabulary import (
    OPEN_REQUEST,
    LimitUnit,
    OversightKind,
    OversightState,
    RequestKind,
    TaskState,
)

if TYPE_CHECKING:
    from dispatch.step import Step

#: Entry of a task's clocks: from when its lateness is counted, where that is after its due time.
LATE = "late"


def return_waits(task: Task) -> bool:
    """Whether somebody else has to say first if the task is the unit's at all."""
    return task.state is TaskState.RETURN_REQUESTED


def waiting_return(step: Step, task: Task) -> OrderRequest | None:
    """The undecided return of a task."""
    return next(
        (
            one
            for one in step.requests
            if one.kind is RequestKind.RETURN
            and one.task_id == task.id
            and one.state in OPEN_REQUEST
        ),
        None,
    )


async def go_on(step: Step, began: datetime, task: Task | None = None) -> None:
    """The unit has the order in hand again, or only this task; since ``began`` it had not."""
    await _resume_answers(step, began, task)
    lead = lead_task(step.tasks)
    if lead is not None and task in (None, lead) and lead.state in UNIT_AT_WORK:
        _resume_lateness(step, lead, began)


def late_since(task: Task) -> datetime:
    """From when on it is counted how late the unit is.

    A result that came in time and was sent back may be handed in again within the time for that.
    """
    names = [LATE]
    if task.submitted_at is not None and task.submitted_at <= task.due_at:
        names.append("resubmit")
    shifted = (Promise.from_json(task.clocks[name]).due for name in names if name in task.clocks)
    return max([task.due_at, *shifted])


def _resume_lateness(step: Step, task: Task, began: datetime) -> None:
    """As much later as the unit could do nothing about it. What it was promised stays."""
    since = late_since(task)
    if since >= step.now:
        return
    counter = step.rules.counter
    away = counter.effective(max(began, since), step.now, LimitUnit.WD)
    moved = counter.forward(since, away, LimitUnit.WD)
    promise = Promise.from_json(task.clocks["handle"])
    task.clocks = {**task.clocks, LATE: replace(promise, name=LATE, due=moved).to_json()}
    step.told(late_from=moved)


async def _resume_answers(step: Step, began: datetime, task: Task | None) -> None:
    """Answers that were owed when the pause began get what was left of their time."""
    for row in await open_ones(step, task):
        if row.state is OversightState.OPEN and row.lapsed_at is None:
            _resume(step, row, max(began, row.issued_at))


def _resume(step: Step, row: Oversight, since: datetime) -> None:
    if row.due_at <= since:
        return
    clock = "urge_answer" if row.kind is OversightKind.URGE else f"supervise_{row.level}"
    unit = promise_for(step.order, step.rules, clock, row.issued_at).unit
    left = step.rules.counter.effective(since, row.due_at, unit)
    due = max(row.due_at, _on_the_minute(step.rules.counter.forward(step.now, left, unit)))
    if due != row.due_at:
        step.changes[f"oversights.{row.id}.answer_due"] = [row.due_at.isoformat(), due.isoformat()]
        row.due_at = due


def _on_the_minute(due: datetime) -> datetime:
    """The end of a day is a microsecond short of one."""
    return (due + timedelta(seconds=1)).replace(second=0, microsecond=0)
