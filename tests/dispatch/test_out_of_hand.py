"""Time in which a unit has not got the order in hand is not the unit's: nothing runs out in it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from dispatch.commands import (
    AskShelf,
    DecideReturn,
    DecideShelf,
    DecideSupervision,
    Delegate,
    ProposeSupervision,
    RequestExtension,
    RequestReturn,
    SignFor,
    Supervise,
    TakeOffShelf,
    Urge,
    WithdrawRequest,
)
from dispatch.order_timers import OrderTimers
from dispatch.rules import Rules
from dispatch.timers import Timekeeper
from dispatch.views.detail import OrderDetails
from dispatch.views.office_lists import OfficeLists
from models.clock import ManualClock
from models.errors import TransitionRefused
from models.store import Store
from models.tables import Oversight, UnitCard
from models.vocabulary import (
    CardColour,
    Light,
    OversightState,
    RequestKind,
    RequestState,
    SupervisionLevel,
    SupervisionReason,
)
from tests.dispatch.desk import Desk, back
from tests.dispatch.notices import Telling, telling
from tests.dispatch.reading import events_of, local, order_of, requests_of, task_at
from tests.dispatch.test_fair_clock import MORE

pytestmark = pytest.mark.store

AGAIN = Urge(reason="还没有人来修", by_caller=True)
NOT_OURS = RequestReturn.model_validate(
    {
        "reason_code": "NOT_OUR_DUTY",
        "reason": "该处路灯由公路部门管养",
        "clause": "三定方案第三条",
        "suggested_department": "D-ZJ",
        "head": "严建新",
    }
)
SHELF = AskShelf(
    reason="须上级立项", plan="列入明年改造", leader="李局长", caller_informed="已电话告知"
)
LATE = {"reason_code": SupervisionReason.OVERDUE, "reason": "已过办结时限仍未办结"}


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that does what nobody does."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


@pytest.fixture
def tells(store: Store, clock: ManualClock, rules: Rules) -> Telling:
    """Puts up the notices."""
    return telling(store, clock, rules)


async def oversights(store: Store, order_id: str) -> list[Oversight]:
    """All urges and supervisions of an order, the oldest first."""
    async with store.read() as session:
        query = select(Oversight).where(Oversight.order_id == order_id)
        return list(await session.scalars(query.order_by(Oversight.issued_at, Oversight.id)))


async def dues(store: Store, order_id: str) -> list[str]:
    return [local(row.due_at) for row in await oversights(store, order_id)]


async def cards(store: Store, order_id: str) -> list[CardColour]:
    """The cards of an order that count."""
    async with store.read() as session:
        query = select(UnitCard).where(UnitCard.order_id == order_id, UnitCard.lifted_at.is_(None))
        return [card.colour for card in await session.scalars(query.order_by(UnitCard.at))]


def supervise(level: SupervisionLevel, reason: SupervisionReason) -> Supervise:
    return Supervise(level=level, reason_code=reason, reason="请立即办理并说明情况")


async def test_no_answer_runs_out_while_the_auditor_has_the_result(
    desk: Desk, store: Store, keeper: Timekeeper, tells: Telling, clock: ManualClock, rules: Rules
) -> None:
    order_id = await desk.signed()  # Friday, 10:00
    await desk.contact(order_id)
    await desk.act("huawu1", order_id, AGAIN)
    await desk.act("banzhang", order_id, supervise(SupervisionLevel.TWO, SupervisionReason.MAJOR))
    assert await dues(store, order_id) == ["11-23 23:59", "11-24 23:59"]
    desk.later(hours=2)
    await desk.submit(order_id)
    desk.later(days=4)  # Tuesday noon
    assert await keeper.fire_due() == 0
    assert await tells.waiting.look() == 0, "nobody is reminded of what cannot be done now"
    lists = OfficeLists(store, clock, rules)
    shown = await lists.oversights(desk.people["banzhang"])
    assert {one.oversight.light for one in shown} == {Light.NONE}
    await desk.act("shenhe", order_id, back("没有附上现场照片"))
    # Half of Friday was left, and Monday; of the other one Tuesday, too.
    assert await dues(store, order_id) == ["11-26 00:00", "11-27 00:00"]
    await keeper.fire_due()
    assert all(row.lapsed_at is None for row in await oversights(store, order_id))
    desk.later(days=2)
    await keeper.fire_due()
    assert (await oversights(store, order_id))[0].lapsed_at is not None


async def test_a_result_that_came_in_time_may_be_handed_in_again(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()  # due on Friday the 27th, 23:59
    await desk.contact(order_id)
    desk.later(days=7)
    await desk.submit(order_id)
    desk.later(days=6)  # the auditor takes until Thursday
    await desk.act("shenhe", order_id, back("没有附上现场照片"))
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 0, "two working days to mend it"
    assert local((await task_at(store, order_id, "D-CG")).due_at) == "11-27 23:59", "it is late"
    desk.later(days=5)  # over: Monday was the last day
    await keeper.fire_due()
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 3
    assert await cards(store, order_id) == [CardColour.YELLOW]


async def test_a_late_unit_becomes_no_later_by_the_office_s_time(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()  # due on Friday the 27th
    await desk.contact(order_id)
    desk.later(days=10)
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 3
    await desk.submit(order_id)  # Monday, 10:00
    desk.later(days=3)
    await desk.act("shenhe", order_id, back("没有附上现场照片"))  # Thursday, 10:00
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 3, "two days late, not five"
    desk.later(days=2)
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 2


async def test_nothing_runs_out_on_the_shelf(desk: Desk, store: Store, keeper: Timekeeper) -> None:
    order_id = await desk.signed()
    await desk.act("huawu1", order_id, AGAIN)
    await desk.act("chengguan", order_id, NOT_OURS)
    desk.later(hours=1)
    await desk.act("banzhang", order_id, SHELF)
    await desk.act("zhuren", order_id, DecideShelf(granted=True, reason="情况属实"))
    desk.later(days=20)
    assert await keeper.fire_due() == 0
    await desk.act("banzhang", order_id, TakeOffShelf(reason="已经立项，可以办理"))
    await keeper.fire_due()
    (urge,) = await oversights(store, order_id)
    assert urge.lapsed_at is None
    assert urge.due_at > desk.clock.now()
    assert (await order_of(store, order_id)).supervised == 0


async def test_while_a_return_waits_nobody_is_late_and_refused_the_rest_counts(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    await desk.act("huawu1", order_id, AGAIN)
    await desk.act("chengguan", order_id, NOT_OURS)
    desk.later(days=16)
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 0
    assert await cards(store, order_id) == []
    await desk.act("paidan", order_id, DecideReturn(granted=False, reason="道路照明属城管职责"))
    (urge,) = await oversights(store, order_id)
    assert local(urge.due_at) == "12-08 14:00", "what was left on Friday, and Monday"
    await keeper.fire_due()
    order = await order_of(store, order_id)
    assert order.supervised == 3, "the limit itself went on; but five days late it is not"
    assert [one.kind for one in await requests_of(store, order_id)] == [RequestKind.RETURN]


async def test_a_unit_that_takes_its_return_back_goes_on_with_what_was_left(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed(urgency="URGENT")
    await desk.act("huawu1", order_id, AGAIN)
    await desk.act("chengguan", order_id, NOT_OURS)
    desk.later(hours=3)  # two for the answer
    assert await keeper.fire_due() == 0
    (asked,) = await requests_of(store, order_id)
    await desk.act("chengguan", order_id, WithdrawRequest(request_id=asked.id))
    assert await dues(store, order_id) == ["11-20 15:00"]


async def test_who_rightly_gave_an_order_back_has_no_card_of_the_wait(
    desk: Desk,
    store: Store,
    keeper: Timekeeper,
    clock: ManualClock,
    rules: Rules,
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, NOT_OURS)
    desk.later(days=8)
    overdue = supervise(SupervisionLevel.THREE, SupervisionReason.OVERDUE)
    await desk.act("paidan", order_id, overdue)  # somebody does not look
    assert await cards(store, order_id) == [CardColour.YELLOW]
    granted = DecideReturn(granted=True, reason="属住建职责", department="D-ZJ")
    await desk.act("paidan", order_id, granted)
    assert await cards(store, order_id) == []
    (row,) = await oversights(store, order_id)
    assert row.state is OversightState.LIFTED
    task = await task_at(store, order_id, "D-CG")
    assert (task.open_supervision, task.highest_supervision) == (0, 0)
    assert (await order_of(store, order_id)).supervised == 0
    shown = await OrderDetails(store, clock, rules).order(desk.people["banzhang"], order_id)
    assert "撤销待审定期间发出的三级督办" in shown.timeline[-1].sentence
    await keeper.fire_due()
    assert await cards(store, order_id) == []


async def test_what_the_office_asks_of_its_own_keeps_the_unit_from_nothing(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    major = ProposeSupervision(reason_code=SupervisionReason.MAJOR, reason="涉及学校周边安全")
    await desk.act("paidan", order_id, major)
    await desk.act("banzhang", order_id, SHELF)
    await desk.act("chengguan", order_id, RequestExtension.model_validate(MORE))
    with pytest.raises(TransitionRefused, match="还有申请没有审定"):
        await desk.act("chengguan", order_id, Delegate(department="D-CG-SZ"))
    *_, own = await requests_of(store, order_id)
    await desk.act("chengguan", order_id, WithdrawRequest(request_id=own.id))
    await desk.act("chengguan", order_id, NOT_OURS)
    granted = DecideReturn(granted=True, reason="属住建职责", department="D-ZJ")
    await desk.act("paidan", order_id, granted)
    states = {one.kind: one.state for one in await requests_of(store, order_id)}
    assert states[RequestKind.SUPERVISION] is RequestState.WITHDRAWN, "that unit is free of it"
    assert states[RequestKind.SHELF] is RequestState.WITHDRAWN


async def test_a_leader_s_early_no_is_none_to_a_unit_that_becomes_later(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()  # due on Friday the 27th
    refused = DecideSupervision(granted=False, reason="先由热线督办")
    major = ProposeSupervision(reason_code=SupervisionReason.MAJOR, reason="涉及学校周边安全")
    await desk.act("banzhang", order_id, major)
    await desk.act("zhuren", order_id, refused)
    desk.later(days=9)
    await keeper.fire_due()
    await desk.act("banzhang", order_id, ProposeSupervision.model_validate(LATE))
    await desk.act("zhuren", order_id, refused)
    desk.later(days=7)  # more than five working days late
    await keeper.fire_due()
    *_, asked = await requests_of(store, order_id)
    assert (asked.asked_by, asked.state) == ("system", RequestState.OPEN)
    await desk.act("zhuren", order_id, refused)
    desk.later(days=30)
    await keeper.fire_due()
    lately = [one for one in await requests_of(store, order_id) if one.asked_at > asked.asked_at]
    assert [one.reason for one in lately] == ["二级督办逾期未答复"], "for lateness once"


async def test_time_out_of_hand_stands_on_the_event(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.contact(order_id)
    desk.later(days=10)
    await desk.submit(order_id)
    desk.later(days=1)
    await desk.act("shenhe", order_id, back("没有附上现场照片"))
    changes: dict[str, Any] = (await events_of(store, order_id))[-1].changes
    assert changes["late_from"][1] > (await task_at(store, order_id, "D-CG")).due_at.isoformat()


async def test_a_new_unit_starts_anew(desk: Desk, store: Store, keeper: Timekeeper) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, NOT_OURS)
    desk.later(days=16)
    granted = DecideReturn(granted=True, reason="属住建职责", department="D-ZJ")
    await desk.act("paidan", order_id, granted)
    await desk.act("zhujian", order_id, SignFor())
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 0
