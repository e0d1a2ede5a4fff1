"""Units that are asked for speed, and made to answer: urges, supervision, cards, urgency."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from dispatch.commands import (
    AnswerSupervision,
    AnswerUrge,
    DecideReturn,
    DecideSupervision,
    ProposeSupervision,
    RaiseUrgency,
    RequestReturn,
    SettleSupervision,
    Supervise,
    Urge,
)
from dispatch.order_timers import OrderTimers
from dispatch.promises import Promise
from dispatch.rules import Rules
from dispatch.timers import Timekeeper
from dispatch.views.detail import OrderDetails
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.store import Store
from models.tables import Oversight, UnitCard
from models.vocabulary import (
    CardColour,
    OversightState,
    RequestKind,
    RequestState,
    ReturnReason,
    SupervisionLevel,
    SupervisionReason,
    TaskState,
    Urgency,
)
from tests.dispatch.desk import HAPPY, Desk, back
from tests.dispatch.reading import events_of, local, order_of, requests_of, task_at

pytestmark = pytest.mark.store

#: What a unit writes when it is supervised.
ANSWER = "因配件缺货未能按期修复，已调货，三日内完成。"
KEEP = DecideReturn(granted=False, reason="属于职责范围")


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that does what nobody does."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


@pytest.fixture
def details(store: Store, clock: ManualClock, rules: Rules) -> OrderDetails:
    """Opens orders."""
    return OrderDetails(store, clock, rules)


async def oversights(store: Store, order_id: str) -> list[Oversight]:
    """All urges and supervisions of an order, the oldest first."""
    async with store.read() as session:
        query = select(Oversight).where(Oversight.order_id == order_id)
        return list(await session.scalars(query.order_by(Oversight.issued_at, Oversight.id)))


async def cards(store: Store, order_id: str) -> list[CardColour]:
    """The cards that an order has brought a unit."""
    async with store.read() as session:
        query = select(UnitCard).where(UnitCard.order_id == order_id)
        return [card.colour for card in await session.scalars(query.order_by(UnitCard.at))]


def supervise(level: SupervisionLevel, reason: SupervisionReason) -> Supervise:
    return Supervise(level=level, reason_code=reason, reason="请立即办理并说明情况")


async def test_a_unit_answers_an_urge_and_with_it_all_that_wait(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    for reason in ("已三天未修", "又来电了"):
        await desk.act("huawu1", order_id, Urge(reason=reason, by_caller=True))
    assert (await task_at(store, order_id, "D-CG")).open_urges == 2
    first, _ = await oversights(store, order_id)
    assert local(first.due_at) == "11-23 23:59", "one working day"

    await desk.act("chengguan", order_id, AnswerUrge(answer="已经安排人员维修"))
    answered = await oversights(store, order_id)
    assert {row.state for row in answered} == {OversightState.ACCEPTED}
    assert {row.answer for row in answered} == {"已经安排人员维修"}
    with pytest.raises(TransitionRefused, match="没有等待答复的催办"):
        await desk.act("chengguan", order_id, AnswerUrge(answer="已经安排人员维修"))


async def test_two_urges_left_unanswered_are_supervised(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed(urgency="URGENT")
    await desk.act("huawu1", order_id, Urge(reason="催一", by_caller=True))
    desk.later(hours=1)
    await desk.act("huawu1", order_id, Urge(reason="催二", by_caller=True))
    desk.later(hours=1, minutes=30)
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 0, "one of them may be an oversight"
    desk.later(hours=1)
    await keeper.fire_due()
    order = await order_of(store, order_id)
    assert order.supervised == SupervisionLevel.TWO.rank
    newest = (await oversights(store, order_id))[-1]
    assert newest.reason_code is SupervisionReason.URGES_UNANSWERED
    assert newest.number == "督〔2026〕1号"


async def test_a_late_unit_is_supervised_harder_the_later_it_is(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    desk.later(days=8)  # due Friday the 27th, now Saturday
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 3
    assert await cards(store, order_id) == [CardColour.YELLOW]
    desk.later(days=4)  # Wednesday: more than two working days
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 2
    desk.later(days=4)  # Sunday: more than five
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 2, "a leader is asked, not passed over"
    (asked,) = await requests_of(store, order_id)
    assert (asked.asked_by, asked.reason) == ("system", "办结时限已过5个工作日")
    with pytest.raises(TransitionRefused):
        await desk.act("banzhang", order_id, DecideSupervision(granted=True, reason="同意"))
    await desk.act("zhuren", order_id, DecideSupervision(granted=True, reason="同意提级"))
    assert (await order_of(store, order_id)).supervised == 1
    assert await cards(store, order_id) == [CardColour.YELLOW, CardColour.RED]
    states = [row.state for row in await oversights(store, order_id)]
    assert states == [OversightState.RAISED, OversightState.RAISED, OversightState.OPEN]
    assert await keeper.fire_due() == 0


async def test_an_answer_is_looked_at_by_somebody_else(
    desk: Desk, store: Store, details: OrderDetails
) -> None:
    order_id = await desk.signed()
    order = supervise(SupervisionLevel.TWO, SupervisionReason.UNWILLING)
    with pytest.raises(TransitionRefused, match="只能由班长、热线办负责人操作"):
        await desk.act("paidan", order_id, order)
    await desk.act("banzhang", order_id, order)
    with pytest.raises(TransitionRefused, match="已在三级督办或更高级别的督办之中"):
        milder = supervise(SupervisionLevel.THREE, SupervisionReason.OVERDUE)
        await desk.act("banzhang", order_id, milder)
    with pytest.raises(TransitionRefused, match="还没有答复督办"):
        await desk.act("banzhang", order_id, SettleSupervision(granted=True, remark="可以"))
    await desk.act("chengguan", order_id, AnswerSupervision(answer=ANSWER))
    await desk.act("banzhang", order_id, SettleSupervision(granted=False, remark="没有说明责任人"))
    (again,) = await oversights(store, order_id)
    assert (again.state, local(again.due_at)) == (OversightState.OPEN, "11-24 23:59")
    await desk.act("chengguan", order_id, AnswerSupervision(answer=ANSWER))
    await desk.act("zhuren", order_id, SettleSupervision(granted=True, remark="同意销号"))
    assert (await order_of(store, order_id)).supervised == 0
    shown = await details.order(desk.people["zhuren"], order_id)
    assert [entry.sentence for entry in shown.timeline[3:]] == [
        "陈建国（班长）发出二级督办（督〔2026〕1号），请在2026年11月24日24:00前答复：请立即办理并说明情况。",
        f"彭海波（承办单位经办人）答复督办：{ANSWER}",
        "陈建国（班长）不认可督办答复，请在2026年11月24日24:00前答复：没有说明责任人。",
        f"彭海波（承办单位经办人）答复督办：{ANSWER}",
        "罗文斌（热线办负责人）认可督办答复，督办销号：同意销号。",
    ]


async def test_what_is_asked_of_a_unit_ends_with_its_task(
    desk: Desk, store: Store, keeper: Timekeeper, details: OrderDetails
) -> None:
    order_id = await desk.signed()
    await desk.act("huawu1", order_id, Urge(reason="请尽快"))
    await desk.act("banzhang", order_id, supervise(SupervisionLevel.THREE, SupervisionReason.MAJOR))
    await desk.contact(order_id)
    await desk.submit(order_id)
    assert (await order_of(store, order_id)).supervised == 3, "a result is no answer yet"
    await desk.approve(order_id)
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert (task.state, task.open_urges, task.open_supervision) == (TaskState.DONE, 0, 0)
    assert order.supervised == 0
    assert {row.state for row in await oversights(store, order_id)} == {OversightState.ENDED}
    await desk.follow_up(order_id, **HAPPY)
    shown = await details.order(desk.people["zhuren"], order_id)
    assert shown.score is not None
    assert [(item.code, item.points) for item in shown.score.deductions] == [("supervised_3", 3.0)]
    assert await keeper.fire_due() == 0


async def test_an_untrue_result_is_worth_nothing(
    desk: Desk, store: Store, details: OrderDetails
) -> None:
    order_id = await desk.signed()
    order = supervise(SupervisionLevel.ONE, SupervisionReason.UNTRUE)
    with pytest.raises(TransitionRefused, match="只能由热线办负责人操作"):
        await desk.act("banzhang", order_id, order)
    await desk.act("zhuren", order_id, order)
    assert await cards(store, order_id) == [CardColour.RED]
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    closed = await desk.follow_up(order_id, **HAPPY)
    assert closed.score == 0.0
    shown = await details.order(desk.people["zhuren"], order_id)
    assert shown.score is not None
    assert any("答复不实" in line for line in shown.score.explanation)


async def test_every_second_refused_return_of_a_unit_is_a_card(desk: Desk, store: Store) -> None:
    for expected in ([], [CardColour.YELLOW], []):
        order_id = await asks_to_return(desk)
        await desk.act("banzhang", order_id, KEEP)
        assert await cards(store, order_id) == expected


async def test_returns_refused_at_the_same_moment_miss_no_card(desk: Desk, store: Store) -> None:
    orders = [await asks_to_return(desk) for _ in range(4)]
    await asyncio.gather(*(desk.act("banzhang", order_id, KEEP) for order_id in orders))
    given = [card for order_id in orders for card in await cards(store, order_id)]
    assert given == [CardColour.YELLOW] * 2


async def asks_to_return(desk: Desk) -> str:
    """An order that its unit does not want."""
    order_id = await desk.signed()
    returned = RequestReturn(
        reason_code=ReturnReason.NOT_OUR_DUTY,
        reason="不属于本单位职责",
        clause="三定方案第二条",
        suggested_department="D-ZJ",
        head="严建新",
    )
    await desk.act("chengguan", order_id, returned)
    return order_id


async def test_a_shift_leader_asks_a_leader_and_a_no_changes_nothing(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    asked = ProposeSupervision(reason_code=SupervisionReason.MAJOR, reason="涉及学校周边安全")
    await desk.act("banzhang", order_id, asked)
    with pytest.raises(TransitionRefused, match="正在等待审定"):
        await desk.act("paidan", order_id, asked)
    await desk.act("zhuren", order_id, DecideSupervision(granted=False, reason="先由热线督办"))
    assert (await order_of(store, order_id)).supervised == 0
    (request,) = await requests_of(store, order_id)
    assert request.state is RequestState.REFUSED


async def test_a_leader_s_supervision_ends_with_a_leader_s_word(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.act("zhuren", order_id, supervise(SupervisionLevel.ONE, SupervisionReason.MAJOR))
    await desk.act("chengguan", order_id, AnswerSupervision(answer=ANSWER))
    for granted in (True, False):
        settled = SettleSupervision(granted=granted, remark="已核实")
        with pytest.raises(TransitionRefused, match="一级督办由"):
            await desk.act("banzhang", order_id, settled)
    await desk.act("zhuren", order_id, SettleSupervision(granted=True, remark="同意销号"))
    assert (await order_of(store, order_id)).supervised == 0


async def test_a_sham_result_does_not_stop_the_question_to_the_leader(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    await desk.contact(order_id)
    desk.later(days=16)  # more than five working days late
    await keeper.fire_due()
    (asked,) = await requests_of(store, order_id)
    assert (asked.kind, asked.state) == (RequestKind.SUPERVISION, RequestState.OPEN)
    await desk.submit(order_id)
    await desk.act("shenhe", order_id, back("答复空泛，没有办理"))
    assert [one.state for one in await requests_of(store, order_id)] == [RequestState.OPEN]
    await desk.act("zhuren", order_id, DecideSupervision(granted=True, reason="同意提级"))
    assert (await order_of(store, order_id)).supervised == 1


async def test_what_a_leader_is_asked_ends_with_the_unit_s_task(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    await desk.contact(order_id)
    asked = ProposeSupervision(reason_code=SupervisionReason.MAJOR, reason="涉及学校周边安全")
    await desk.act("banzhang", order_id, asked)
    await desk.submit(order_id)
    await desk.approve(order_id)
    (request,) = await requests_of(store, order_id)
    assert request.state is RequestState.WITHDRAWN


async def test_what_turns_out_urgent_is_owed_sooner_and_never_later(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    before = await task_at(store, order_id, "D-CG")
    with pytest.raises(InvalidInput, match="应高于现在的“一般”"):
        command = RaiseUrgency(urgency=Urgency.NORMAL, reason="弄错了的程度")
        await desk.act("paidan", order_id, command)
    desk.later(hours=2)
    command = RaiseUrgency(urgency=Urgency.URGENT, reason="路口事故频发，有安全隐患")
    await desk.act("paidan", order_id, command)
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert local(task.due_at) == "11-21 12:00", "24 hours from now on"
    assert order.due_at == order.light_red_at == task.due_at
    assert task.sign_due == before.sign_due, "what is done is not promised anew"
    assert task.clocks["handle.1"] == before.clocks["handle"], "the old promise stays in the file"

    unsigned = await desk.dispatched()
    await desk.act("paidan", unsigned, command)
    task = await task_at(store, unsigned, "D-CG")
    twice = Promise.from_json(task.clocks["sign_twice"]).due
    assert (local(task.sign_due), local(twice)) == ("11-20 12:30", "11-20 13:00")

    late = await desk.signed(urgency="URGENT")
    desk.later(hours=23)
    due = (await task_at(store, late, "D-CG")).due_at
    command = RaiseUrgency(urgency=Urgency.CRITICAL, reason="已经有人受伤了")
    await desk.act("banzhang", late, command)
    assert (await task_at(store, late, "D-CG")).due_at == due
    with pytest.raises(TransitionRefused, match="已是最高的紧急程度"):
        await desk.act("banzhang", late, command)
    events = await events_of(store, late)
    assert events[-1].changes["urgency"] == ["URGENT", "CRITICAL"]
