"""Supervision that has turned out to be for nothing: taken back with its cards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from dispatch.oversights import OPEN, refresh_level, settle
from dispatch.requests import end
from dispatch.terms import promise_for
from models.states import ACTIVE_TASK
from models.tables import OrderRequest, Oversight, Task, UnitCard
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


#: Supervision for what a unit has done, be the order its own or not.
_CONDUCT = (SupervisionReason.UNTRUE, SupervisionReason.UNWILLING)


async def lift_untrue(step: Step, task: Task, because: str = "已批准延期") -> None:
    """What was issued because the task was late, when it was not, with the time it has now."""
    for asked in step.requests:
        late = asked.kind is RequestKind.SUPERVISION and asked.task_id == task.id
        if late and asked.state in OPEN_REQUEST and _for_lateness(asked.reason_code):
            end(step, asked, RequestState.WITHDRAWN, f"{because}，提请自动失效")
    await _lift(step, task, lambda row: _is_untrue(row, task), f"{because}，不再按超期督办")


async def lift_returned(step: Step, task: Task, asked: OrderRequest) -> None:
    """The order was not the unit's: what was issued while it waited to hear so."""

    def in_the_wait(row: Oversight) -> bool:
        return row.issued_at >= asked.asked_at and row.reason_code not in _CONDUCT

    await _lift(step, task, in_the_wait, "已同意退单，撤销等待审定期间的督办")


async def _lift(step: Step, task: Task, which: Callable[[Oversight], bool], why: str) -> None:
    rows = await _supervisions(step, task)
    untrue = [row for row in rows if which(row)]
    for row in untrue:
        settle(step, row, OversightState.LIFTED, why)
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
    goes_on = task.state in ACTIVE_TASK
    if goes_on and rest and rest[-1].state is OversightState.RAISED:
        row = rest[-1]
        row.state = OversightState.ANSWERED if row.answered_at else OversightState.OPEN
        row.settled_at = row.settled_by = None
        row.due_at = max(row.due_at, _due_anew(step, row))
        step.told(**{f"oversights.{row.id}.answer_due": row.due_at})
    step.change_task(
        task,
        open_supervision=_in_force(rest) if goes_on else 0,
        highest_supervision=min((row.level for row in rest), default=0),
    )
    refresh_level(step)


def _due_anew(step: Step, row: Oversight) -> datetime:
    if row.state is OversightState.ANSWERED:
        return step.rules.counter.due(step.now, step.rules.oversight.answer_review.limit).at
    return promise_for(step.order, step.rules, f"supervise_{row.level}", step.now).due


def _in_force(rows: list[Oversight]) -> int:
    return min((row.level for row in rows if row.state in OPEN), default=0)


def _name(step: Step, row: Oversight) -> str:
    return step.rules.oversight.level(row.level).name + row.number
