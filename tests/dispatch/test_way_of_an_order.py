"""The whole way: a broken street lamp from the call to the score."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dispatch.chain import ChainVerifier
from dispatch.commands import Dispatch, SignFor
from models.store import Store
from models.tables import ClosureScore, OrderEvent, Task, WorkOrder
from models.vocabulary import CloseReason, OrderState, TaskState
from tests.dispatch.desk import HAPPY, Desk

pytestmark = pytest.mark.store


async def test_lamp_is_reported_repaired_and_scored(desk: Desk, store: Store) -> None:
    opened = await desk.open()
    assert opened.state is OrderState.TO_DISPATCH
    assert opened.order_no.startswith("430408261120000001")
    desk.later(hours=1)
    order_id = opened.order_id
    await desk.act("paidan", order_id, Dispatch(department="D-CG", note="请尽快到场"))
    desk.later(hours=1)
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id)
    desk.later(days=3)
    await desk.submit(order_id)
    assert (await desk.approve(order_id)).state is OrderState.TO_FOLLOW_UP
    closed = await desk.follow_up(order_id, **HAPPY)

    assert closed.state is OrderState.CLOSED
    async with store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
        task = (await session.scalars(select(Task))).one()
        score = (await session.scalars(select(ClosureScore))).one()
        actions = list(await session.scalars(select(OrderEvent.action).order_by(OrderEvent.seq)))
    assert order.close_reason is CloseReason.FOLLOWED_UP
    assert task.state is TaskState.DONE
    # process 8 of 10; quality 80 of the 85 points that apply, of 15
    assert score.score == closed.score == pytest.approx(100 - 2 - 15 * 5 / 85, abs=0.05)
    assert actions == [
        "open",
        "dispatch",
        "sign_for",
        "first_contact",
        "submit_result",
        "approve_result",
        "record_follow_up",
    ]
    assert await ChainVerifier(store).verify_all() == []
