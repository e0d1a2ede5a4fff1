"""The clock asks nothing of a unit that it cannot do: pauses and requests for more time hold it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from dispatch.commands import (
    DecideExtension,
    DecideSuspension,
    Delegate,
    ProposeSupervision,
    RequestExtension,
    RequestSuspension,
    Resume,
    SignFor,
    Supervise,
    Urge,
)
from dispatch.order_timers import OrderTimers
from dispatch.timers import Timekeeper
from dispatch.views.detail import OrderDetails
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import Oversight, UnitCard
from models.vocabulary import (
    OversightState,
    RequestKind,
    RequestState,
    SupervisionLevel,
    SupervisionReason,
)
from tests.dispatch.desk import Desk, called
from tests.dispatch.reading import events_of, local, order_of, requests_of, task_at

pytestmark = pytest.mark.store

MORE = {
    "reason_code": "WORKS",
    "reason": "配件采购周期较长",
    "amount": 3,
    "unit": "WD",
    "evidence": "采购合同编号2026-118",
    "caller_informed": True,
    "head": "严建新",
}
PAUSE = {
    "reason_code": "SEASON",
    "reason": "连续暴雨无法施工",
    "days": 20,
    "evidence": "11月20日气象预警",
    "caller_informed": True,
    "head": "严建新",
}
YES = DecideExtension(granted=True, reason="理由成立")


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that does what nobody does."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


async def oversights(store: Store, order_id: str) -> list[Oversight]:
    """All urges and supervisions of an order, the oldest first."""
    async with store.read() as session:
        query = select(Oversight).where(Oversight.order_id == order_id)
        return list(await session.scalars(query.order_by(Oversight.issued_at, Oversight.id)))


async def cards(store: Store, order_id: str) -> list[UnitCard]:
    """The cards of an order that count."""
    async with store.read() as session:
        query = select(UnitCard).where(UnitCard.order_id == order_id, UnitCard.lifted_at.is_(None))
        return list(await session.scalars(query))


async def ask_more(desk: Desk, order_id: str, **changes: Any) -> None:
    await desk.act("chengguan", order_id, RequestExtension.model_validate({**MORE, **changes}))


async def pause(desk: Desk, order_id: str) -> None:
    await desk.act("chengguan", order_id, RequestSuspension.model_validate(PAUSE))
    await desk.act("banzhang", order_id, DecideSuspension(granted=True, reason="同意挂起"))


async def test_a_pause_takes_nothing_of_the_time_to_answer(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()  # Friday, 10:00
    await desk.act("huawu1", order_id, Urge(reason="还没有人来修", by_caller=True))
    manual = Supervise(
        level=SupervisionLevel.THREE,
        reason_code=SupervisionReason.MAJOR,
        reason="多人反映，请立即办理",
    )
    await desk.act("paidan", order_id, manual)
    assert [local(row.due_at) for row in await oversights(store, order_id)] == ["11-23 23:59"] * 2
    desk.later(hours=2)
    await pause(desk, order_id)
    desk.later(days=7)  # Friday noon again
    assert await keeper.fire_due() == 0, "nothing lapses in the pause"
    await desk.act("banzhang", order_id, Resume(reason="雨停"))
    # Half of Friday and the whole of Monday were left.
    assert [local(row.due_at) for row in await oversights(store, order_id)] == ["12-01 00:00"] * 2
    told = (await events_of(store, order_id))[-1].changes
    assert sum(path.endswith(".answer_due") for path in told) == 2
    await keeper.fire_due()
    assert all(row.lapsed_at is None for row in await oversights(store, order_id))
    desk.later(days=3, hours=13)
    await keeper.fire_due()
    urge, *_ = await oversights(store, order_id)
    assert urge.lapsed_at is not None


async def test_what_was_late_before_the_pause_stays_late(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.act("huawu1", order_id, Urge(reason="还没有人来修", by_caller=True))
    desk.later(days=4)  # Tuesday; the answer was due on Monday, and no timer has run yet
    await pause(desk, order_id)
    desk.later(days=1)
    await desk.act("banzhang", order_id, Resume(reason="雨停"))
    assert [local(row.due_at) for row in await oversights(store, order_id)] == ["11-23 23:59"]


async def test_nobody_is_supervised_while_the_office_decides_on_more_time(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()  # due on Friday the 27th, 23:59
    desk.later(days=7)
    await ask_more(desk, order_id)  # the office has until Monday night
    desk.later(days=2)  # Sunday: over the first due, and the office still has time
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 0
    await desk.act("banzhang", order_id, YES)
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 0
    assert await cards(store, order_id) == []


async def test_with_the_office_silent_the_unit_is_late_after_all(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    desk.later(days=7)
    await ask_more(desk, order_id)
    desk.later(days=4)  # Tuesday: nobody has decided
    await keeper.fire_due()
    await keeper.fire_due()
    assert (await requests_of(store, order_id))[0].state is RequestState.LAPSED
    assert (await order_of(store, order_id)).supervised == 3


async def test_asked_too_late_it_holds_nothing(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    desk.later(days=8)
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 3
    assert len(await cards(store, order_id)) == 1


async def test_a_grant_takes_back_what_it_makes_untrue(
    desk: Desk,
    store: Store,
    keeper: Timekeeper,
    clock: ManualClock,
    rules: Any,
    people: dict[str, Actor],
) -> None:
    order_id = await desk.signed()
    desk.later(days=7)
    await ask_more(desk, order_id)
    desk.later(days=1)  # somebody of the office does not wait
    for reason in (SupervisionReason.MAJOR, SupervisionReason.OVERDUE):
        level = (
            SupervisionLevel.THREE if reason is SupervisionReason.MAJOR else SupervisionLevel.TWO
        )
        command = Supervise(level=level, reason_code=reason, reason="请立即办理并说明情况")
        await desk.act("banzhang", order_id, command)
    await desk.act("banzhang", order_id, YES)
    first, second = await oversights(store, order_id)
    assert second.state is OversightState.LIFTED
    assert first.state is OversightState.OPEN, "what was there for another reason is in force again"
    task = await task_at(store, order_id, "D-CG")
    assert (task.open_supervision, task.highest_supervision) == (3, 3)
    assert (await order_of(store, order_id)).supervised == 3
    assert [card.oversight_id for card in await cards(store, order_id)] == [first.id]
    event = (await events_of(store, order_id))[-1]
    assert event.changes["lifted"][1].startswith("二级督办督〔2026〕")
    shown = await OrderDetails(store, clock, rules).order(people["banzhang"], order_id)
    assert "撤销因超期发出的二级督办" in shown.timeline[-1].sentence
    assert len(shown.office.cards) == 1


async def test_the_request_for_a_leader_goes_with_its_reason(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    desk.later(days=7)
    await ask_more(desk, order_id)
    desk.later(days=1)
    why = {"reason_code": SupervisionReason.OVERDUE, "reason": "已过办结时限仍未办结"}
    await desk.act("paidan", order_id, ProposeSupervision.model_validate(why))
    await desk.act("banzhang", order_id, YES)
    states = {one.kind: one.state for one in await requests_of(store, order_id)}
    assert states == {
        RequestKind.EXTENSION: RequestState.GRANTED,
        RequestKind.SUPERVISION: RequestState.WITHDRAWN,
    }


async def test_who_hands_work_down_has_the_citizen_called_by_those_below(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department="D-CG-SZ"))
    await desk.act("D-CG-SZ", order_id, SignFor())
    await desk.act("D-CG-SZ", order_id, Delegate(department="D-CG-SZ-1"))
    await desk.act("D-CG-SZ-1", order_id, SignFor())
    desk.later(hours=1)
    await desk.act("D-CG-SZ-1", order_id, called())
    for unit in ("D-CG", "D-CG-SZ", "D-CG-SZ-1"):
        task = await task_at(store, order_id, unit)
        assert task.first_contacted_at == desk.clock.now()
        assert task.first_contact is not None
    moved = (await events_of(store, order_id))[-1].changes
    assert sum(path.endswith("first_contacted_at") for path in moved) == 3


async def test_tries_of_those_below_are_tries_of_the_lead(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department="D-CG-SZ"))
    await desk.act("D-CG-SZ", order_id, SignFor())
    for _ in range(3):
        desk.later(hours=2)
        await desk.act("D-CG-SZ", order_id, called(reached=False))
    lead = await task_at(store, order_id, "D-CG")
    assert lead.contact_excused_at == desk.clock.now()
    assert lead.first_contacted_at is None
