"""What lies between us and another system on a day: our side of the daily comparison.

All that is still open at the end of the day, and all that was given or ended on it: an order that
one side has lost years ago shows every day, not only on the day it was given.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.states import ACTIVE_TASK, OPEN_STATES
from models.tables import OrderEvent, Task, WorkOrder
from models.tables.partners import ExternalRef
from models.vocabulary import Direction, OrderState, TaskState

#: Not finished: one merged into another waits for its own answer.
_OPEN = (*OPEN_STATES, OrderState.MERGED)
#: Finished without being closed.
_STRUCK_OFF = (OrderState.WITHDRAWN, OrderState.REFUSED)
#: Tasks of a unit that went to it and were not taken back.
_WITH_THE_UNIT = tuple(state for state in TaskState if state is not TaskState.CANCELLED)


class OurOrder(BaseModel):
    """One line of our side. ``closed``: it was over when the day was."""

    id: str
    order_no: str
    direction: Direction
    closed: bool
    deadline: datetime | None


async def our_list(
    session: AsyncSession, code: str, department: str, since: datetime, until: datetime
) -> list[OurOrder]:
    """Both ways. ``department``: the unit whose tasks the system works; empty: none."""
    given = await _given(session, code, since, until)
    given += await _given_out(session, code, since, until)
    return given + (await _worked(session, department, since, until) if department else [])


async def _given(
    session: AsyncSession, code: str, since: datetime, until: datetime
) -> list[OurOrder]:
    """Orders that it gave us. One query for each reason to list them, each by its own index."""
    reasons = (
        WorkOrder.state.in_(_OPEN),
        WorkOrder.closed_at >= since,
        and_(WorkOrder.state.in_(_STRUCK_OFF), _struck_off(since)),
        ExternalRef.at >= since,
    )
    found: dict[str, tuple[ExternalRef, WorkOrder]] = {}
    for reason in reasons:
        for ref, order in await session.execute(_refs(code, until).where(reason)):
            found[ref.id] = ref, order
    rows = [found[ref_id] for ref_id in sorted(found)]
    struck = await _struck_off_before(session, [order for _, order in rows], until)
    return [_line(ref, order, order.id in struck, until) for ref, order in rows]


async def _given_out(
    session: AsyncSession, code: str, since: datetime, until: datetime
) -> list[OurOrder]:
    """Orders that went out to it and have not come back."""
    query = (
        select(ExternalRef, WorkOrder)
        .join(WorkOrder, WorkOrder.id == ExternalRef.order_id)
        .where(ExternalRef.system == code, ExternalRef.direction == Direction.OUT)
        .where(ExternalRef.task_id.is_(None), ExternalRef.at < until)
        .where(
            or_(
                WorkOrder.state == OrderState.TRANSFERRED_OUT,
                WorkOrder.closed_at >= since,
                ExternalRef.at >= since,
            )
        )
    )
    rows = await session.execute(query.order_by(ExternalRef.id))
    return [
        _line(ref, order, order.state is OrderState.WITHDRAWN, until).model_copy(
            update={"direction": Direction.OUT, "deadline": None}
        )
        for ref, order in rows
    ]


def _refs(code: str, until: datetime) -> Select[ExternalRef, WorkOrder]:
    return (
        select(ExternalRef, WorkOrder)
        .join(WorkOrder, WorkOrder.id == ExternalRef.order_id)
        .where(ExternalRef.system == code, ExternalRef.direction == Direction.IN)
        .where(ExternalRef.at < until)
    )


def _struck_off(since: datetime) -> ColumnElement[bool]:
    return exists().where(
        OrderEvent.order_id == WorkOrder.id,
        OrderEvent.to_state.in_([state.value for state in _STRUCK_OFF]),
        OrderEvent.at >= since,
    )


async def _struck_off_before(
    session: AsyncSession, orders: Iterable[WorkOrder], until: datetime
) -> set[str]:
    """Which of those that were struck off were so already when the day ended."""
    ids = [order.id for order in orders if order.state in _STRUCK_OFF]
    query = select(OrderEvent.order_id).where(
        OrderEvent.order_id.in_(ids),
        OrderEvent.to_state.in_([state.value for state in _STRUCK_OFF]),
        OrderEvent.at < until,
    )
    return set(await session.scalars(query)) if ids else set()


def _line(ref: ExternalRef, order: WorkOrder, struck_off: bool, until: datetime) -> OurOrder:
    closed = order.closed_at is not None and order.closed_at < until
    return OurOrder(
        id=ref.external_id,
        order_no=order.order_no,
        direction=Direction.IN,
        closed=closed or struck_off,
        deadline=order.external_due or ref.deadline,
    )


async def _worked(
    session: AsyncSession, department: str, since: datetime, until: datetime
) -> list[OurOrder]:
    """Tasks of the unit that the system works."""
    query = (
        select(Task, WorkOrder.order_no)
        .join(WorkOrder, WorkOrder.id == Task.order_id)
        .where(Task.department == department, Task.state.in_(_WITH_THE_UNIT))
        .where(Task.dispatched_at < until)
        .where(
            or_(
                Task.state.in_(ACTIVE_TASK),
                Task.submitted_at >= since,
                Task.dispatched_at >= since,
            )
        )
    )
    return [
        OurOrder(
            id=task.id,
            order_no=order_no,
            direction=Direction.OUT,
            closed=_reported(task, until),
            deadline=task.due_at,
        )
        for task, order_no in await session.execute(query.order_by(Task.id))
    ]


def _reported(task: Task, until: datetime) -> bool:
    reported = task.submitted_at is not None and task.submitted_at < until
    return reported and task.state is not TaskState.SENT_BACK
