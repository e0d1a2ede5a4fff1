"""A database of the first release is brought up to date: its orders go on, its history holds."""

from __future__ import annotations

import asyncio

import pytest
from alembic import command
from sqlalchemy import or_, select

from dispatch.chain import chain_faults
from models.store import Store
from models.tables import Task, WorkOrder
from models.vocabulary import OrderState
from tests.dispatch.desk import Desk
from tests.dispatch.reading import events_of, order_of

pytestmark = pytest.mark.store

HAPPY = {"reached": True, "contacted": True, "solved": "SOLVED", "satisfaction": "SATISFIED"}


async def as_of(store: Store, revision: str) -> None:
    """Take the tables back to an earlier release; what only newer ones hold is gone."""
    await asyncio.to_thread(command.downgrade, store.alembic_config(), revision)


async def test_orders_of_the_first_release_go_on(desk: Desk, store: Store) -> None:
    waiting = (await desk.open()).order_id
    in_hand = await desk.signed()
    to_call = await desk.approved()
    before = {each: len(await events_of(store, each)) for each in (waiting, in_hand, to_call)}

    await as_of(store, "0001")
    await store.migrate()

    for order_id, steps in before.items():
        assert len(await events_of(store, order_id)) == steps
    async with store.read() as session:
        other = select(Task.id).join(WorkOrder, WorkOrder.id == Task.order_id)
        unlike = or_(Task.accepted_at.is_(None), Task.accepted_at != WorkOrder.accepted_at)
        assert list(await session.scalars(other.where(unlike))) == [], (
            "the unit would not find them"
        )
    await desk.contact(in_hand)
    await desk.submit(in_hand)
    await desk.approve(in_hand)
    for order_id in (in_hand, to_call):
        await desk.follow_up(order_id, **HAPPY)
        assert (await order_of(store, order_id)).state is OrderState.CLOSED
    assert (await order_of(store, waiting)).state is OrderState.TO_DISPATCH

    for order_id in before:
        assert chain_faults(await order_of(store, order_id), await events_of(store, order_id)) == []
