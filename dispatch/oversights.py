"""The rows behind urges and supervisions: made, found again, ended with the task they are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from dispatch.terms import promise_for
from models.ids import new_id
from models.tables import Oversight, Task
from models.vocabulary import (
    OversightKind,
    OversightState,
    SupervisionLevel,
    SupervisionReason,
)

if TYPE_CHECKING:
    from dispatch.step import Step

#: Somebody still owes something.
OPEN = (OversightState.OPEN, OversightState.ANSWERED)


async def open_ones(step: Step, task: Task | None = None) -> list[Oversight]:
    """Those that are not settled, the oldest first; of one task or of the whole order."""
    tasks = [task] if task is not None else step.tasks
    if not any(one.open_urges or one.open_supervision for one in tasks):
        return []
    query = select(Oversight).where(Oversight.order_id == step.order.id, Oversight.state.in_(OPEN))
    if task is not None:
        query = query.where(Oversight.task_id == task.id)
    await step.session.flush()
    return list(await step.session.scalars(query.order_by(Oversight.issued_at, Oversight.id)))


async def lapsed_urges(step: Step, task: Task) -> int:
    """How many urges of the task were never answered in time."""
    query = select(func.count()).where(
        Oversight.order_id == task.order_id,
        Oversight.task_id == task.id,
        Oversight.kind == OversightKind.URGE,
        Oversight.lapsed_at.is_not(None),
    )
    await step.session.flush()
    return await step.session.scalar(query) or 0


def issue_urge(step: Step, task: Task, reason: str, by_caller: bool) -> Oversight:
    """Ask the unit of a task to say how far it is."""
    row = _row(step, task, OversightKind.URGE, "urge_answer", reason)
    row.by_caller = by_caller
    step.session.add(row)
    step.change_task(task, open_urges=task.open_urges + 1)
    return row


def issue_supervision(
    step: Step, task: Task, level: SupervisionLevel, code: SupervisionReason, reason: str
) -> Oversight:
    """Make the unit of a task answer for it."""
    row = _row(step, task, OversightKind.SUPERVISION, f"supervise_{level.value}", reason)
    row.level, row.reason_code = level.rank, code
    step.session.add(row)
    highest = min(task.highest_supervision or level.rank, level.rank)
    step.change_task(task, open_supervision=level.rank, highest_supervision=highest)
    step.change(supervised=level.rank)
    return row


def _row(step: Step, task: Task, kind: OversightKind, clock: str, reason: str) -> Oversight:
    return Oversight(
        id=new_id(),
        order_id=step.order.id,
        task_id=task.id,
        department=task.department,
        kind=kind,
        level=0,
        number="",
        reason=reason,
        by_caller=False,
        state=OversightState.OPEN,
        issued_at=step.now,
        issued_by=step.actor.id,
        issued_by_name=step.actor.name,
        due_at=promise_for(step.order, step.rules, clock, step.now, task.department).due,
        answer="",
        answered_by_name="",
        remark="",
    )


def settle(step: Step, row: Oversight, state: OversightState, remark: str = "") -> None:
    """It is over."""
    row.state, row.settled_at, row.settled_by = state, step.now, step.actor.id
    row.remark = remark


async def let_go(step: Step) -> None:
    """What was asked of tasks that have ended in this step has ended with them."""
    for task in step.let_go:
        query = select(Oversight).where(
            Oversight.order_id == task.order_id,
            Oversight.task_id == task.id,
            Oversight.state.in_(OPEN),
        )
        for row in await step.session.scalars(query):
            settle(step, row, OversightState.ENDED)


def _hardest(tasks: Iterable[Task]) -> int:
    """The hardest level in force, 0 for none."""
    return min((task.open_supervision for task in tasks if task.open_supervision), default=0)


def refresh_level(step: Step) -> None:
    """Show at the order what its tasks are under."""
    step.change(supervised=_hardest(step.tasks))
