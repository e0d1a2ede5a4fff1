"""The follow-up desk: tries that are shown and lie apart, and results that prove untrue."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from dispatch.commands import AskRedo, DecideRedo, DecideSupervision, RecordFollowUp
from dispatch.order_timers import OrderTimers
from dispatch.timers import Timekeeper
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.store import Store
from models.tables import ClosureScore, FollowUp, Oversight, UnitCard
from models.vocabulary import (
    CardColour,
    CloseReason,
    OrderState,
    RedoReason,
    RequestKind,
    RequestState,
    SupervisionReason,
)
from tests.dispatch.calls import call_with
from tests.dispatch.desk import FRIDAY, HAPPY, RANG, Desk
from tests.dispatch.reading import events_of, order_of, requests_of

pytestmark = pytest.mark.store

MOBILE = "13800001234"
#: The lamp is as dark as before, whatever the unit says.
STILL_DARK = AskRedo(
    reason="灯具并未更换，应当更换",
    verification="11月20日回访员到现场查看，三盏灯均未更换",
    evidence="现场查看记录〔2026〕5号",
)
YES = DecideRedo(granted=True, reason="情况属实，同意重办")
NO = DecideRedo(granted=False, reason="照片系他处路灯")


async def test_tries_count_when_they_lie_apart(desk: Desk, clock: ManualClock) -> None:
    order_id = await desk.approved()
    clock.set(FRIDAY)
    states = []
    for minute in (0, 20, 40, 180, 200, 240):  # counted: at 10:00, at 13:00, at 14:00
        clock.set(FRIDAY)
        desk.later(minutes=minute)
        states.append((await desk.follow_up(order_id, reached=False)).state)
    assert states == [*[OrderState.TO_FOLLOW_UP] * 5, OrderState.CLOSED]


async def test_a_try_too_soon_is_written_down_as_one(desk: Desk, store: Store) -> None:
    order_id = await desk.approved()
    for _ in range(2):
        await desk.follow_up(order_id, reached=False)
        desk.later(minutes=5)
    first, second = (await events_of(store, order_id))[-2:]
    assert "too_soon" not in first.changes
    assert second.changes["too_soon"] == [None, True]


async def test_a_try_is_shown_by_something(desk: Desk, store: Store) -> None:
    order_id = await desk.approved()
    for answers in ({"reached": False}, {**HAPPY, "evidence": "打过电话了"}):
        command = RecordFollowUp.model_validate(answers)
        with pytest.raises(InvalidInput, match="用哪个电话、何时联系"):
            await desk.act("huifang", order_id, command)
    async with store.read() as session:
        assert (await session.scalars(select(FollowUp))).all() == []


async def test_a_call_shows_one_try_with_the_citizen_of_that_order(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    before = await call_with(store, clock, MOBILE)
    desk.later(minutes=1)
    order_id, other = await desk.approved(), await desk.approved()
    desk.later(minutes=1)
    stranger = await call_with(store, clock, "13900000000", order_id=order_id)
    elsewhere = await call_with(store, clock, MOBILE, order_id=other)
    for wrong, why in (
        (stranger, "没有与这个工单的诉求人"),
        (elsewhere, "没有与这个工单的诉求人"),
        (before, "审核通过之前"),
    ):
        with pytest.raises(InvalidInput, match=why):
            await desk.follow_up(order_id, reached=False, call_id=wrong)
    unanswered = await call_with(store, clock, f"+86{MOBILE}", answered=False, order_id=order_id)
    with pytest.raises(InvalidInput, match="没有接通"):
        await desk.follow_up(order_id, **HAPPY, call_id=unanswered)
    await desk.follow_up(order_id, reached=False, call_id=unanswered, evidence="")
    desk.later(hours=2)
    with pytest.raises(InvalidInput, match="已经登记过一次回访"):
        await desk.follow_up(order_id, reached=False, call_id=unanswered)


# --- the result is not as the unit says ----------------------------------------------------------


async def test_a_content_citizen_may_still_say_that_nothing_was_done(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.approved()
    call_id = await call_with(store, clock, MOBILE, order_id=order_id)
    untrue: dict[str, Any] = {
        **HAPPY,
        "call_id": call_id,
        "redo": True,
        "redo_code": "UNTRUE",
        "redo_reason": "灯具并未更换，应当更换",
    }
    with pytest.raises(InvalidInput, match="核实情况：请写明哪些与事实不符"):
        await desk.follow_up(order_id, **untrue)
    found = "诉求人称灯已亮，但灯具是居民自己换的"
    with pytest.raises(InvalidInput, match="请选择平台通话，或上传材料，或写明文书"):
        await desk.follow_up(order_id, **{**untrue, "call_id": None}, verification=found)
    await desk.follow_up(order_id, **untrue, verification=found)
    (asked,) = await requests_of(store, order_id)
    assert (asked.kind, asked.reason_code) == (RequestKind.REDO, RedoReason.UNTRUE)
    assert asked.evidence == {"verification": found, "text": RANG, "call_id": call_id}
    assert (await order_of(store, order_id)).state is OrderState.TO_FOLLOW_UP


async def test_the_house_finds_a_result_untrue_and_a_leader_shows_the_red_card(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.approved()
    with pytest.raises(InvalidInput, match="请选择平台通话，或上传材料，或写明文书"):
        nothing = STILL_DARK.model_copy(update={"evidence": "看过了"})
        await desk.act("huifang", order_id, nothing)
    await desk.act("huifang", order_id, STILL_DARK)
    with pytest.raises(TransitionRefused, match="正在等待审定"):
        await desk.follow_up(order_id, **HAPPY)
    await desk.act("zhuren", order_id, YES)
    order = await order_of(store, order_id)
    assert (order.state, order.supervised) == (OrderState.REDO, 1)
    async with store.read() as session:
        (row,) = await session.scalars(select(Oversight).where(Oversight.order_id == order_id))
        (card,) = await session.scalars(select(UnitCard))
    assert row.reason_code is SupervisionReason.UNTRUE
    assert card.colour is CardColour.RED


async def test_a_shift_leader_grants_the_redo_and_leaves_the_red_card_to_the_leader(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.approved()
    await desk.act("shenhe", order_id, STILL_DARK)
    await desk.act("banzhang", order_id, YES)
    assert (await order_of(store, order_id)).supervised == 3
    proposed = (await requests_of(store, order_id))[-1]
    assert (proposed.kind, proposed.reason_code) == (RequestKind.SUPERVISION, "UNTRUE")
    await desk.act("zhuren", order_id, DecideSupervision(granted=True, reason="同意督办"))
    assert (await order_of(store, order_id)).supervised == 1


async def test_that_nobody_decides_grants_the_redo_but_finds_nobody_untrue(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.approved()
    await desk.act("huifang", order_id, STILL_DARK)
    desk.later(days=4)
    timers = OrderTimers(desk.service)
    await Timekeeper(store, clock, timers.handlers, timers.lock).fire_due()
    order = await order_of(store, order_id)
    assert (order.state, order.supervised) == (OrderState.REDO, 3)
    assert [one.kind for one in await requests_of(store, order_id)] == [RequestKind.REDO]


async def test_refused_before_the_citizen_was_heard_the_citizen_is_asked(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.approved()
    await desk.act("banzhang", order_id, STILL_DARK)
    with pytest.raises(TransitionRefused, match="不能审定本人提出"):
        await desk.act("banzhang", order_id, NO)
    due = (await order_of(store, order_id)).light_red_at
    desk.later(hours=1)
    await desk.act("zhuren", order_id, NO)
    order = await order_of(store, order_id)
    assert (order.state, order.light_red_at) == (OrderState.TO_FOLLOW_UP, due)
    assert (await requests_of(store, order_id))[0].state is RequestState.REFUSED
    closed = await desk.follow_up(order_id, **HAPPY)
    assert (await order_of(store, order_id)).close_reason is CloseReason.FOLLOWED_UP
    async with store.read() as session:
        score = (await session.scalars(select(ClosureScore))).one()
    assert closed.score == score.score > 0
