"""What a pause and an extension do to urges and supervision: the clock asks nothing impossible."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from dispatch.oversights import OPEN, open_ones, refresh_level, settle
from dispatch.requests import end
from dispatch.terms import promise_for
from models.tables import Oversight, Task, UnitCard
from models.vocabulary import (
    OPEN_REQUEST,
    OversightKind,
    OversightState,
    RequestKind,
    RequestState,
    SupervisionReason,
)

if TYPE_CHECKING:
    from dispatch.step import Step


async def resume_answers(step: Step, began: datetime) -> None:
    """Answers that were owed when the pause began get what was left of their time."""
    for row in await open_ones(step):
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


async def lift_untrue(step: Step, task: Task) -> None:
    """What was issued because the task was late, when it was not, with the time it has now."""
    for asked in step.requests:
        late = asked.kind is RequestKind.SUPERVISION and asked.task_id == task.id
        if late and asked.state in OPEN_REQUEST and _for_lateness(asked.reason_code):
            end(step, asked, RequestState.WITHDRAWN, "已批准延期，提请自动失效")
    rows = await _supervisions(step, task)
    untrue = [row for row in rows if _is_untrue(row, task)]
    for row in untrue:
        settle(step, row, OversightState.LIFTED, "已批准延期，不再按超期督办")
    if untrue:
        await _take_cards_back(step, untrue)
        _stand_as_before(step, task, [row for row in rows if row not in untrue])
        step.told(lifted="、".join(_name(step, row) for row in untrue))


def _for_lateness(code: str) -> bool:
    return code == SupervisionReason.OVERDUE.value


def _is_untrue(row: Oversight, task: Task) -> bool:
    late = row.reason_code is SupervisionReason.OVERDUE and row.issued_at <= task.due_at
    return late and row.state is not OversightState.ENDED


async def _supervisions(step: Step, task: Task) -> list[Oversight]:
    """All that count, the oldest first."""
    query = select(Oversight).where(
        Oversight.order_id == step.order.id,
        Oversight.task_id == task.id,
        Oversight.kind == OversightKind.SUPERVISION,
        Oversight.state != OversightState.LIFTED,
    )
    await step.session.flush()
    return list(await step.session.scalars(query.order_by(Oversight.issued_at, Oversight.id)))


async def _take_cards_back(step: Step, rows: list[Oversight]) -> None:
    ids = [row.id for row in rows]
    query = select(UnitCard).where(UnitCard.oversight_id.in_(ids), UnitCard.lifted_at.is_(None))
    for card in await step.session.scalars(query):
        card.lifted_at = step.now


def _stand_as_before(step: Step, task: Task, rest: list[Oversight]) -> None:
    """What was raised to something untrue is in force again, with its time from now on."""
    if rest and rest[-1].state is OversightState.RAISED:
        row = rest[-1]
        row.state = OversightState.ANSWERED if row.answered_at else OversightState.OPEN
        row.settled_at = row.settled_by = None
        clock = f"supervise_{row.level}"
        row.due_at = max(row.due_at, promise_for(step.order, step.rules, clock, step.now).due)
    step.change_task(
        task,
        open_supervision=min((row.level for row in rest if row.state in OPEN), default=0),
        highest_supervision=min((row.level for row in rest), default=0),
    )
    refresh_level(step)


def _name(step: Step, row: Oversight) -> str:
    return step.rules.oversight.level(row.level).name + row.number
