"""What a report counts of dispatching and of pauses: who sent an order to which unit, whether that
unit was the wrong one, and what was suspended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables import OrderEvent, OrderRequest, Task, WorkOrder
from models.vocabulary import Action, RequestKind, RequestState, TaskRole

#: Steps by which an order goes to a unit that leads it.
_SENDING = (Action.DISPATCH, Action.REASSIGN, Action.DECIDE_RETURN, Action.SETTLE_DISPUTE)
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class SentFact:
    """An order that was sent to a unit in the period."""

    order_id: str
    department: str
    sender_id: str
    sender_name: str
    #: The unit gave it back, and rightly so.
    wrong: bool


@dataclass(frozen=True, kw_only=True)
class PauseFact:
    """A suspension that was granted in the period."""

    order_id: str
    department: str


async def sent(session: AsyncSession, since: datetime, until: datetime) -> list[SentFact]:
    """By the day of dispatching. Redos are sent by nobody: they stay where they were."""
    tasks = list(await session.execute(_tasks(since, until)))
    events: list[OrderEvent] = []
    ids = sorted({row.order_id for row in tasks})
    for start in range(0, len(ids), _AT_ONCE):
        events += await session.scalars(_events(ids[start : start + _AT_ONCE]))
    senders = {task_id: event for event in events for task_id in _given_out(event)}
    return [
        SentFact(
            order_id=row.order_id,
            department=row.department,
            sender_id=senders[row.id].actor_id,
            sender_name=senders[row.id].actor_name,
            wrong=row.wrong,
        )
        for row in tasks
        if row.id in senders
    ]


def _tasks(since: datetime, until: datetime) -> Select[str, str, str, bool]:
    wrong = exists().where(
        OrderRequest.order_id == Task.order_id,
        OrderRequest.task_id == Task.id,
        OrderRequest.kind.in_((RequestKind.RETURN, RequestKind.DISPUTE)),
        OrderRequest.state == RequestState.GRANTED,
    )
    return (
        select(Task.id, Task.order_id, Task.department, wrong.label("wrong"))
        .where(Task.role == TaskRole.LEAD, Task.parent_id.is_(None))
        .where(Task.dispatched_at >= since, Task.dispatched_at < until)
        .order_by(Task.dispatched_at, Task.id)
    )


def _events(order_ids: Sequence[str]) -> Select[OrderEvent]:
    actions = [action.value for action in _SENDING]
    return select(OrderEvent).where(
        OrderEvent.order_id.in_(order_ids), OrderEvent.action.in_(actions)
    )


def _given_out(event: OrderEvent) -> list[str]:
    """Tasks that a step made: at first dispatch the one it is about, else told in its changes."""
    if event.action == Action.DISPATCH.value:
        return [event.task_id] if event.task_id else []
    names = (name.split(".") for name in event.changes)
    return [parts[1] for parts in names if parts[0] == "tasks" and parts[2:] == ["department"]]


async def paused(session: AsyncSession, since: datetime, until: datetime) -> list[PauseFact]:
    """By the day of the decision; of orders that count."""
    query = (
        select(OrderRequest.order_id, OrderRequest.asked_department)
        .join(WorkOrder, WorkOrder.id == OrderRequest.order_id)
        .where(OrderRequest.kind == RequestKind.SUSPENSION, WorkOrder.excluded_at.is_(None))
        .where(OrderRequest.state == RequestState.GRANTED)
        .where(OrderRequest.decided_at >= since, OrderRequest.decided_at < until)
        .order_by(OrderRequest.decided_at, OrderRequest.id)
    )
    rows = await session.execute(query)
    return [PauseFact(order_id=row.order_id, department=row.asked_department) for row in rows]
