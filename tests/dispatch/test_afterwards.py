"""Closed orders: put away, opened again, left out of the statistics."""

from __future__ import annotations

import pytest

from dispatch.chain import ChainVerifier
from dispatch.commands import (
    AskExclusion,
    AskReopening,
    ConfirmExclusion,
    DecideExclusion,
    DecideReopening,
    DecideReturn,
    Dispatch,
    Note,
    RequestReturn,
    SignFor,
)
from dispatch.order_timers import OrderTimers
from dispatch.reports.facts import Period, read_facts
from dispatch.timers import Timekeeper
from models.clock import ManualClock
from models.errors import TransitionRefused
from models.store import Store
from models.vocabulary import (
    ExclusionReason,
    OrderState,
    ReopeningReason,
    RequestKind,
    RequestState,
)
from tests.dispatch.desk import FRIDAY, HAPPY, ZONE, Desk
from tests.dispatch.reading import local, order_of, requests_of, task_at

pytestmark = pytest.mark.store

APPEAL = AskReopening(
    reason_code=ReopeningReason.APPEAL, reason="路灯又不亮了", evidence="诉求人11月20日来电"
)
NOT_OURS = AskExclusion(
    reason_code=ExclusionReason.NOT_OURS, reason="供电线路故障所致", evidence="供电公司11月20日证明"
)
GIVE_BACK = RequestReturn.model_validate(
    {
        "reason_code": "NOT_OUR_DUTY",
        "reason": "该路段路灯由住建部门管护",
        "clause": "三定方案第三条",
        "suggested_department": "D-ZJ",
        "head": "严建新",
    }
)


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that puts away."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


async def closed(desk: Desk) -> str:
    """An order that is over."""
    order_id = await desk.approved()
    await desk.follow_up(order_id, **HAPPY)
    return order_id


async def test_a_closed_order_is_put_away_and_stays_as_it_is(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id, answered = (
        await closed(desk),
        (await desk.open(answered=True, public_answer="可到社区便民服务中心办理。")).order_id,
    )
    desk.later(days=14)
    assert await keeper.fire_due() == 0
    desk.later(days=2)
    assert await keeper.fire_due() == 2
    for one in (order_id, answered):
        assert (await order_of(store, one)).state is OrderState.ARCHIVED
    with pytest.raises(TransitionRefused):
        await desk.act("huawu1", order_id, Note(text="补记一笔"))
    assert await ChainVerifier(store).verify_all() == []


async def test_nothing_is_put_away_while_somebody_has_a_say(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await closed(desk)
    desk.later(days=14)
    await desk.act("huawu1", order_id, APPEAL)
    desk.later(days=10)
    await keeper.fire_due()
    assert (await order_of(store, order_id)).state is OrderState.CLOSED
    with pytest.raises(TransitionRefused, match="只能由热线办负责人操作"):
        await desk.act("banzhang", order_id, DecideReopening(granted=False, reason="无新事实"))
    await desk.act("zhuren", order_id, DecideReopening(granted=False, reason="无新事实"))
    await keeper.fire_due()
    assert (await order_of(store, order_id)).state is OrderState.ARCHIVED


async def test_opened_again_nobody_is_asked_any_more_to_leave_it_out(
    desk: Desk, store: Store
) -> None:
    order_id = await closed(desk)
    await desk.act("chengguan", order_id, NOT_OURS)
    await desk.act("huawu1", order_id, APPEAL)
    await desk.act("zhuren", order_id, DecideReopening(granted=True, reason="修复质量不合格"))
    states = {one.kind: one.state for one in await requests_of(store, order_id)}
    assert states[RequestKind.EXCLUSION] is RequestState.WITHDRAWN
    assert states[RequestKind.REOPENING] is RequestState.GRANTED


async def test_an_order_opened_again_is_handled_and_scored_again(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.approved()
    before = await desk.follow_up(order_id, **HAPPY)
    first = await task_at(store, order_id, "D-CG")
    desk.later(days=20)
    await keeper.fire_due()  # put away meanwhile
    await desk.act("huawu1", order_id, APPEAL)
    # What is not opened again costs the unit nothing, whatever was ticked.
    refused = DecideReopening(granted=False, reason="尚无新事实", unit_fault=True)
    await desk.act("zhuren", order_id, refused)
    await desk.act("huawu1", order_id, APPEAL)
    granted = DecideReopening(granted=True, reason="修复质量不合格", unit_fault=True)
    await desk.act("zhuren", order_id, granted)
    order = await order_of(store, order_id)
    assert (order.state, order.reopen_count, order.closed_at) == (OrderState.TO_DISPATCH, 1, None)
    assert order.light_red_at == order.dispatch_due
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    again = await task_at(store, order_id, "D-CG")
    assert (again.redo_of, local(again.due_at)) == (first.id, "12-17 23:59"), "five working days"
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    result = await desk.follow_up(order_id, **HAPPY)
    assert result.state is OrderState.CLOSED
    assert before.score is not None
    assert result.score == pytest.approx(before.score - 10), "the unit was at fault"


async def test_too_late_is_too_late(desk: Desk, store: Store) -> None:
    order_id = await closed(desk)
    desk.later(days=6)
    with pytest.raises(TransitionRefused, match="不能“申请不计入统计”：办结已超过3个工作日"):
        await desk.act("chengguan", order_id, NOT_OURS)
    desk.later(days=25)
    with pytest.raises(TransitionRefused, match="不能“申请恢复办理”：办结已超过30个自然日"):
        await desk.act("huawu1", order_id, APPEAL)
    assert await requests_of(store, order_id) == []


async def test_leaving_out_takes_the_unit_the_office_and_a_leader(desk: Desk, store: Store) -> None:
    order_id = await closed(desk)
    with pytest.raises(TransitionRefused, match="只能由承办单位经办人"):
        await desk.act("banzhang", order_id, NOT_OURS)
    await desk.act("chengguan", order_id, NOT_OURS)
    with pytest.raises(TransitionRefused, match="热线尚未审定"):
        await desk.act("zhuren", order_id, ConfirmExclusion(granted=True, reason="同意"))
    await desk.act("shenhe", order_id, DecideExclusion(granted=True, reason="证明属实"))
    (request,) = await requests_of(store, order_id)
    assert (request.state, request.agreed_by) == (RequestState.AGREED, "staff-shenhe")
    with pytest.raises(TransitionRefused, match="等待热线办负责人复核"):
        await desk.act("banzhang", order_id, DecideExclusion(granted=False, reason="不同意"))
    await desk.act("zhuren", order_id, ConfirmExclusion(granted=True, reason="同意剔除"))
    assert (await order_of(store, order_id)).excluded_at is not None
    async with store.read() as session:
        today = FRIDAY.date()
        facts = await read_facts(session, Period(first=today, last=today, zone=ZONE))
    assert (len(facts.orders), facts.tasks, facts.scores, facts.opinions) == (1, [], [], [])
    with pytest.raises(TransitionRefused, match="已不计入统计"):
        await desk.act("chengguan", order_id, NOT_OURS)


async def test_only_the_unit_that_led_it_may_have_an_order_left_out(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.dispatched()
    await desk.act("chengguan", order_id, GIVE_BACK)
    moved = DecideReturn(granted=True, reason="属住建职责", department="D-ZJ")
    await desk.act("paidan", order_id, moved)
    await desk.act("zhujian", order_id, SignFor())
    await desk.contact(order_id, "zhujian")
    await desk.submit(order_id, "zhujian")
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)
    with pytest.raises(TransitionRefused, match="不是由您所在的单位主办的"):
        await desk.act("chengguan", order_id, NOT_OURS)
    await desk.act("zhujian", order_id, NOT_OURS)
    assert [one.asked_department for one in await requests_of(store, order_id)][-1] == "D-ZJ"


async def test_what_is_done_after_an_order_was_opened_again_counts(
    desk: Desk, store: Store
) -> None:
    order_id = await closed(desk)
    await desk.act("chengguan", order_id, NOT_OURS)
    await desk.act("shenhe", order_id, DecideExclusion(granted=True, reason="证明属实"))
    await desk.act("zhuren", order_id, ConfirmExclusion(granted=True, reason="同意剔除"))
    await desk.act("huawu1", order_id, APPEAL)
    granted = DecideReopening(granted=True, reason="修复质量不合格", unit_fault=True)
    await desk.act("zhuren", order_id, granted)
    assert (await order_of(store, order_id)).excluded_at is None


async def test_one_no_is_enough_to_count(desk: Desk, store: Store) -> None:
    order_id = await closed(desk)
    await desk.act("chengguan", order_id, NOT_OURS)
    await desk.act("shenhe", order_id, DecideExclusion(granted=False, reason="证据不足"))
    await desk.act("chengguan", order_id, NOT_OURS)
    await desk.act("banzhang", order_id, DecideExclusion(granted=True, reason="证明属实"))
    await desk.act("zhuren", order_id, ConfirmExclusion(granted=False, reason="仍有管理责任"))
    assert (await order_of(store, order_id)).excluded_at is None
    states = [request.state for request in await requests_of(store, order_id)]
    assert states == [RequestState.REFUSED, RequestState.REFUSED]
