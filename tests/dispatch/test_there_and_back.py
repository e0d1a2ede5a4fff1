"""An order that moves about: nobody gains time by it, and nobody is late for somebody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.assessment.facts import ClosureFacts
from dispatch.commands import (
    AddJoint,
    Amend,
    AskSupplement,
    DecideReopening,
    DecideReturn,
    DecideSuspension,
    Dispatch,
    Merge,
    Reassign,
    RequestSuspension,
    Resume,
    SettleDispute,
    SignFor,
    Supplement,
    Unmerge,
)
from dispatch.order_timers import OrderTimers
from dispatch.timers import Timekeeper
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.store import Store
from models.tables import ClosureScore, Oversight, Task, UnitCard
from models.vocabulary import (
    SupervisionLevel,
    SupervisionReason,
    TaskState,
)
from tests.dispatch.desk import HAPPY, Desk
from tests.dispatch.reading import local, order_of, task_at
from tests.dispatch.test_afterwards import APPEAL
from tests.dispatch.test_oversight import supervise
from tests.dispatch.test_pauses import PAUSE, YES, ask_more
from tests.dispatch.test_returns import disputed, give_back

pytestmark = pytest.mark.store

L3 = supervise(SupervisionLevel.THREE, SupervisionReason.OTHER)
AWAY, HOME = (
    Reassign(department="D-ZJ", reason="改由住建局办理"),
    Reassign(department="D-CG", reason="仍由城管局办理"),
)


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that does what nobody does."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


async def merge(desk: Desk, order_id: str, lead: str) -> None:
    await desk.act("paidan", order_id, Merge(into=lead, reason="同一路灯故障"))


async def merged_and_parted(desk: Desk, order_id: str) -> None:
    """Into another order, and out of it again."""
    await merge(desk, order_id, await desk.dispatched("D-ZJ"))
    desk.later(days=3)
    await desk.act("paidan", order_id, Unmerge(reason="核实后不是同一路灯"))


async def supervisions(store: Store, order_id: str) -> list[Oversight]:
    async with store.read() as session:
        query = select(Oversight).where(Oversight.order_id == order_id, Oversight.level > 0)
        return list(await session.scalars(query.order_by(Oversight.id)))


async def tasks_at(store: Store, order_id: str, unit: str) -> list[Task]:
    async with store.read() as session:
        query = select(Task).where(Task.order_id == order_id, Task.department == unit)
        return list(await session.scalars(query.order_by(Task.id)))


async def cards(store: Store, order_id: str) -> list[str]:
    async with store.read() as session:
        query = select(UnitCard.department).where(UnitCard.order_id == order_id)
        return list(await session.scalars(query))


async def moved_there_and_back(desk: Desk, order_id: str) -> None:
    await desk.act("paidan", order_id, AWAY)
    desk.later(days=3)
    await desk.act("paidan", order_id, HOME)


async def dispatched_again(desk: Desk, order_id: str) -> None:
    await merged_and_parted(desk, order_id)
    desk.later(days=3)
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))


@pytest.mark.parametrize("move", [moved_there_and_back, dispatched_again])
async def test_who_gets_an_order_back_has_the_time_it_had(
    desk: Desk, store: Store, move: Callable[[Desk, str], Awaitable[None]]
) -> None:
    order_id = await desk.signed()
    await desk.contact(order_id)
    before = await task_at(store, order_id, "D-CG")
    desk.later(hours=1)
    await move(desk, order_id)
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert task.id != before.id
    assert order.due_at == order.light_red_at == task.due_at == before.due_at
    assert "该单位此前已承办本工单" in task.clocks["handle"]["explanation"]
    assert task.first_contact_due == before.first_contact_due
    assert task.first_contacted_at == before.first_contacted_at, "the citizen has been called"
    assert task.sign_due > before.sign_due, "it signs anew"


async def reassigned_home(desk: Desk, order_id: str) -> None:
    await desk.act("paidan", order_id, HOME)


async def ruled_home(desk: Desk, order_id: str) -> None:
    """The second unit gives the order back as well, and the office rules that it is the first's."""
    await give_back(desk, order_id, "zhujian", suggested_department="D-CG", head="负责人甲")
    ruling = SettleDispute(department="D-CG", reason="裁定由城管局承办", opinion="编办书面意见")
    await desk.act("banzhang", order_id, ruling)


async def returned_home(desk: Desk, order_id: str) -> None:
    """The second unit gives the order back at once, and the dispatcher agrees."""
    await give_back(desk, order_id, "zhujian", suggested_department="D-CG", head="负责人甲")
    await desk.act("paidan", order_id, DecideReturn(granted=True, reason="同意", department="D-CG"))


@pytest.mark.parametrize(
    ("away", "home"),
    [("moved", reassigned_home), ("moved", returned_home), ("given back", ruled_home)],
)
async def test_who_helps_is_done_before_the_unit_that_gets_the_order_back(
    desk: Desk, store: Store, away: str, home: Callable[[Desk, str], Awaitable[None]]
) -> None:
    order_id = await desk.signed()
    if away == "given back":
        await give_back(desk, order_id)
    desk.later(days=4)
    yes = DecideReturn(granted=True, reason="住建局管护", department="D-ZJ")
    await desk.act("paidan", order_id, AWAY if away == "moved" else yes)
    await desk.act("paidan", order_id, AddJoint(department="D-JT", note="请配合"))
    before = await task_at(store, order_id, "D-JT")
    await home(desk, order_id)
    lead, helper = await task_at(store, order_id, "D-CG"), await task_at(store, order_id, "D-JT")
    assert lead.due_at < before.due_at, "the first unit has the time it had"
    assert helper.id == before.id
    assert helper.sign_due <= helper.due_at < lead.due_at
    assert "主办单位变更，协办时限相应提前" in helper.clocks["handle"]["explanation"]


async def test_the_other_unit_has_time_of_its_own_and_a_redo_is_a_new_round(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    desk.later(days=3)
    await desk.act("paidan", order_id, AWAY)
    assert (await task_at(store, order_id, "D-ZJ")).due_at > (
        await task_at(store, order_id, "D-CG")
    ).due_at
    await desk.act("paidan", order_id, HOME)
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    desk.later(days=1)
    await desk.redo(order_id)
    task = await task_at(store, order_id, "D-CG")
    assert "此前已承办" not in task.clocks["handle"]["explanation"]
    assert task.due_at > desk.clock.now() + timedelta(days=2)


async def test_what_was_granted_before_is_counted_and_a_pause_is_for_all(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    for _ in range(2):
        await ask_more(desk, order_id)
        await desk.act("banzhang", order_id, YES)
    before = (await task_at(store, order_id, "D-CG")).due_at
    await desk.act("paidan", order_id, AWAY)
    await desk.act("zhujian", order_id, SignFor())
    asked = RequestSuspension.model_validate({**PAUSE, "head": "局长唐某"})
    await desk.act("zhujian", order_id, asked)
    await desk.act("banzhang", order_id, DecideSuspension(granted=True, reason="等待诉求人材料"))
    desk.later(days=7)
    await desk.act("banzhang", order_id, Resume(reason="材料已补齐"))
    await desk.act("paidan", order_id, HOME)
    await desk.act("chengguan", order_id, SignFor())
    assert (await task_at(store, order_id, "D-CG")).due_at == before + timedelta(days=7)
    with pytest.raises(TransitionRefused, match="最多延期2次"):
        await ask_more(desk, order_id)


async def test_who_signed_late_has_signed_late(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched()
    desk.later(days=3)
    await desk.act("chengguan", order_id, SignFor())
    await moved_there_and_back(desk, order_id)
    late = (await tasks_at(store, order_id, "D-CG"))[0]
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)
    async with store.read() as session:
        score = await session.scalar(select(ClosureScore).where(ClosureScore.order_id == order_id))
    assert score is not None
    facts = ClosureFacts.from_json(score.explanation["facts"])
    assert (facts.sign_due, facts.signed_at) == (late.sign_due, late.signed_at)


@pytest.mark.parametrize("late", [True, False])
async def test_late_or_supervised_an_order_moves_by_the_offices_word_and_stays_supervised(
    desk: Desk, store: Store, late: bool
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, L3)
    if late:
        desk.later(days=9)
    with pytest.raises(TransitionRefused, match="只能由班长、热线办负责人操作"):
        await desk.act("paidan", order_id, AWAY)
    await desk.act("zhuren", order_id, AWAY)
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-ZJ")
    assert (order.supervised, task.open_supervision, task.highest_supervision) == (3, 3, 3)
    first, second = await supervisions(store, order_id)
    assert (second.department, second.reason, second.due_at > first.due_at) == (
        "D-ZJ",
        first.reason,
        late,
    )
    assert await cards(store, order_id) == ["D-CG"], "the other unit was not late"
    await desk.act("banzhang", order_id, HOME)
    assert (await task_at(store, order_id, "D-CG")).open_supervision == 3


@pytest.mark.parametrize("unit", ["D-CG", "D-ZJ"])
async def test_merged_and_parted_a_supervised_order_is_supervised_still(
    desk: Desk, store: Store, unit: str, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, L3)
    (row,) = await supervisions(store, order_id)
    await merged_and_parted(desk, order_id)
    if unit != "D-CG":
        with pytest.raises(TransitionRefused, match="改派其他单位的，由班长派单"):
            await desk.act("paidan", order_id, Dispatch(department=unit))
    await desk.act("banzhang", order_id, Dispatch(department=unit))
    assert (await order_of(store, order_id)).supervised == 3
    again = (await supervisions(store, order_id))[-1]
    assert (again.due_at == row.due_at) == (unit == "D-CG"), "no more time for the same unit"


async def test_late_when_it_comes_back_nobody_is_supervised_before_it_must_have_signed(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    desk.later(days=3)
    await desk.act("paidan", order_id, AWAY)
    desk.later(days=5)
    await keeper.fire_due()
    await desk.act("banzhang", order_id, HOME)
    desk.later(minutes=1)
    await keeper.fire_due()
    task = await task_at(store, order_id, "D-CG")
    assert (await order_of(store, order_id)).light_red_at == task.due_at < desk.clock.now()
    assert task.open_supervision == 0
    desk.clock.set(task.sign_due + timedelta(seconds=1))
    await keeper.fire_due()
    assert (await task_at(store, order_id, "D-CG")).open_supervision == 3


# --- the dispatcher -------------------------------------------------------------------------------


async def test_what_is_missing_stops_the_dispatchers_clock_and_does_not_set_it_back(
    desk: Desk, store: Store
) -> None:
    order_id = (await desk.open()).order_id
    assert local((await order_of(store, order_id)).dispatch_due) == "11-21 10:00"
    desk.later(hours=23)
    await desk.act("paidan", order_id, AskSupplement(missing="具体位置"))
    desk.later(hours=5)
    await desk.act("paidan", order_id, Supplement(text="在公交站旁"))
    assert local((await order_of(store, order_id)).dispatch_due) == "11-21 15:00", "an hour is left"
    await desk.act("paidan", order_id, Amend(category="C020101", reason="更正类别"))
    assert local((await order_of(store, order_id)).dispatch_due) == "11-21 15:00"
    desk.later(hours=2)
    await desk.act("paidan", order_id, AskSupplement(missing="灯杆编号"))
    await desk.act("paidan", order_id, Supplement(text="ZX-1024"))
    order = await order_of(store, order_id)
    assert local(order.dispatch_due) == "11-21 15:00", "what was late stays late"
    assert order.light_red_at == order.dispatch_due


async def test_parted_again_an_order_has_waited_for_the_dispatcher_all_the_time(
    desk: Desk, store: Store
) -> None:
    order_id = (await desk.open()).order_id
    promised = (await order_of(store, order_id)).dispatch_due
    desk.later(hours=20)
    await merged_and_parted(desk, order_id)
    assert (await order_of(store, order_id)).dispatch_due == promised
    sent = await desk.signed()
    await merged_and_parted(desk, sent)
    assert (await order_of(store, sent)).dispatch_due == desk.clock.now() + timedelta(hours=24)


# --- rulings --------------------------------------------------------------------------------------


async def test_a_ruling_binds_until_the_order_is_opened_again_with_something_new(
    desk: Desk, store: Store
) -> None:
    order_id = await disputed(desk)
    ruling = SettleDispute(
        department="D-CG", reason="编办认定由城管局承办", opinion="编办〔2026〕8号"
    )
    await desk.act("zhuren", order_id, ruling)
    await desk.act("paidan", order_id, AWAY)
    with pytest.raises(TransitionRefused, match="承办单位已经裁定"):
        await give_back(desk, order_id, who="zhujian", suggested_department="D-CG")
    await desk.act("paidan", order_id, HOME)
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)
    desk.later(hours=1)
    await desk.act("huawu1", order_id, APPEAL)
    opened = DecideReopening(granted=True, reason="有新证据", unit_fault=False)
    await desk.act("zhuren", order_id, opened)
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    with pytest.raises(InvalidInput, match="承办单位此前已经裁定"):
        await give_back(desk, order_id)
    await give_back(desk, order_id, new_facts="灯杆已于上周移交住建局")
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.RETURN_REQUESTED
