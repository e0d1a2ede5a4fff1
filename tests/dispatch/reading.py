"""Looking at what the steps of a test have left in the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models.store import Store
from models.tables import OrderEvent, OrderRequest, Task, WorkOrder
from tests.dispatch.desk import ZONE


async def order_of(store: Store, order_id: str) -> WorkOrder:
    """The order."""
    async with store.read() as session:
        return await session.get_one(WorkOrder, order_id)


async def task_at(store: Store, order_id: str, unit: str) -> Task:
    """The newest task of a unit in the order."""
    async with store.read() as session:
        query = select(Task).where(Task.order_id == order_id, Task.department == unit)
        newest = query.order_by(Task.dispatched_at.desc(), Task.id.desc()).limit(1)
        return (await session.scalars(newest)).one()


async def requests_of(store: Store, order_id: str) -> list[OrderRequest]:
    """All requests, the oldest first."""
    async with store.read() as session:
        query = select(OrderRequest).where(OrderRequest.order_id == order_id)
        return list(await session.scalars(query.order_by(OrderRequest.asked_at, OrderRequest.id)))


async def events_of(store: Store, order_id: str) -> list[OrderEvent]:
    """The history."""
    async with store.read() as session:
        query = select(OrderEvent).where(OrderEvent.order_id == order_id)
        return list(await session.scalars(query.order_by(OrderEvent.seq)))


def local(moment: datetime | None) -> str:
    """A time on the city's clock."""
    assert moment is not None
    return f"{moment.astimezone(ZONE):%m-%d %H:%M}"
