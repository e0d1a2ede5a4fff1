"""What a unit and the hotline owe early: a first report, handing down soon, the first try to ask
the citizen; and limits by how hard a demand is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dispatch.commands import (
    Amend,
    Delegate,
    Dispatch,
    RaiseUrgency,
    ReportProgress,
    SignFor,
)
from dispatch.order_timers import OrderTimers
from dispatch.rules import Rules
from dispatch.timers import Timekeeper
from dispatch.views.detail import OrderDetails
from dispatch.views.shapes import ClockView
from models.clock import ManualClock
from models.errors import InvalidInput
from models.store import Store
from models.vocabulary import Difficulty, Light, OversightKind, Urgency
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import HAPPY, Desk, back
from tests.dispatch.reading import events_of, local, order_of, task_at
from tests.dispatch.test_oversight import oversights

pytestmark = pytest.mark.store

PROGRESS = ReportProgress(progress="人员已到场，正在抢修，预计两小时内恢复。")


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that does what nobody does."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


@pytest.fixture
def details(store: Store, clock: ManualClock, rules: Rules) -> OrderDetails:
    """Opens orders."""
    return OrderDetails(store, clock, rules)


async def clocks(details: OrderDetails, desk: Desk, order_id: str) -> dict[str, ClockView]:
    """All clocks of an order and of its first task, as the dispatcher reads them."""
    order = await details.order(desk.people["paidan"], order_id)
    return {one.name: one for one in [*order.clocks, *order.tasks[0].clocks]}


async def test_what_cannot_wait_is_reported_on_within_two_hours_and_again_when_it_is_not(
    desk: Desk, store: Store, keeper: Timekeeper, details: OrderDetails
) -> None:
    order_id = await desk.signed(urgency="CRITICAL")
    task = await task_at(store, order_id, "D-CG")
    assert local(task.progress_due) == "11-20 12:00"
    desk.later(hours=2, minutes=1)
    await keeper.fire_due()
    (urge,) = await oversights(store, order_id)
    assert (urge.kind, urge.issued_by) == (OversightKind.URGE, "system")
    assert local((await task_at(store, order_id, "D-CG")).progress_due) == "11-20 14:01"
    await desk.act("chengguan", order_id, PROGRESS)
    desk.later(hours=3)
    await keeper.fire_due()
    found = await oversights(store, order_id)
    assert [one.kind for one in found if one.issued_by == "system"] == [OversightKind.URGE]
    shown = (await clocks(details, desk, order_id))["progress"]
    assert (shown.kept, len(shown.earlier), shown.label) == (True, 1, "首次反馈时限")
    assert "人员已到场" in [one.reason for one in await events_of(store, order_id)][-2]


async def test_a_result_is_report_enough_and_others_need_none(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.submitted(urgency="CRITICAL")
    assert (await task_at(store, order_id, "D-CG")).first_progress_at == desk.clock.now()
    await desk.act("shenhe", order_id, back("没有附上现场照片"))
    desk.later(hours=3)
    await keeper.fire_due()
    assert await oversights(store, order_id) == []
    for urgency in ("NORMAL", "URGENT"):
        other = await desk.signed(urgency=urgency)
        assert (await task_at(store, other, "D-CG")).progress_due is None


async def test_what_turns_out_critical_is_reported_on_from_then(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    desk.later(hours=1)
    raised = RaiseUrgency(urgency=Urgency.CRITICAL, reason="电杆倾斜，有触电危险")
    await desk.act("paidan", order_id, raised)
    assert local((await task_at(store, order_id, "D-CG")).progress_due) == "11-20 13:00"


async def test_who_hands_work_down_late_says_why(
    desk: Desk, store: Store, details: OrderDetails
) -> None:
    order_id = await desk.signed()
    shown = await clocks(details, desk, order_id)
    assert "delegate" not in shown, "most do their work themselves"
    desk.later(days=4)  # one working day to hand it down: until Monday
    with pytest.raises(InvalidInput, match="下派时限（2026年11月23日24时）已过"):
        await desk.act("chengguan", order_id, Delegate(department=DEEP[1]))
    late = Delegate(department=DEEP[1], note="经现场查看属市政股管护，故迟延下派")
    await desk.act("chengguan", order_id, late)
    shown = (await clocks(details, desk, order_id))["delegate"]
    assert shown.kept is False

    soon = await desk.signed()
    await desk.act("chengguan", soon, Delegate(department=DEEP[1]))
    assert (await clocks(details, desk, soon))["delegate"].kept is True


async def test_the_lowest_unit_has_nobody_to_hand_down_to(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched(department="D-ZJ")
    await desk.act("zhujian", order_id, SignFor())
    assert "delegate" not in (await task_at(store, order_id, "D-ZJ")).clocks


async def test_the_first_try_has_a_limit_of_its_own(
    desk: Desk, store: Store, details: OrderDetails
) -> None:
    order_id = await desk.approved()
    order = await order_of(store, order_id)
    assert local(order.light_red_at) == "11-23 23:59", "one working day to begin"
    running = await clocks(details, desk, order_id)
    assert running["follow_up_start"].light is not Light.NONE
    desk.later(hours=3)
    await desk.follow_up(order_id, reached=False)
    order = await order_of(store, order_id)
    assert order.follow_up_started_at == desk.clock.now()
    assert local(order.light_red_at) == "11-25 23:59", "three to end it"
    desk.later(hours=3)
    await desk.follow_up(order_id, **HAPPY)
    done = await clocks(details, desk, order_id)
    assert done["follow_up_start"].kept is True
    assert done["follow_up"].kept is True


async def test_each_round_of_asking_begins_anew(desk: Desk, store: Store) -> None:
    order_id = await desk.approved()
    await desk.redo(order_id)
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    assert (await order_of(store, order_id)).follow_up_started_at is None


@pytest.mark.parametrize(
    ("request_type", "difficulty", "days"),
    [
        ("CONSULTATION", Difficulty.COMPLEX, 3),
        ("COMPLAINT", Difficulty.COMPLEX, 10),
        ("REPORT", Difficulty.COMPLEX, 10),
        ("HELP", Difficulty.COMPLEX, 5),
        ("CONSULTATION", Difficulty.HARD, 15),
        ("COMPLAINT", Difficulty.HARD, 15),
        ("SUGGESTION", Difficulty.HARD, 15),
        ("COMPLAINT", None, 7),
    ],
)
async def test_what_is_harder_has_longer(
    request_type: str,
    difficulty: Difficulty | None,
    days: int,
    desk: Desk,
    store: Store,
    rules: Rules,
) -> None:
    order_id = (await desk.open(request_type=request_type)).order_id
    await desk.act("paidan", order_id, Dispatch(department="D-CG", difficulty=difficulty))
    day: datetime = desk.clock.now().astimezone(rules.zone)
    last = rules.calendar.add_working_days(day.date(), days)
    due = (await task_at(store, order_id, "D-CG")).due_at.astimezone(rules.zone)
    assert due.date() == last
    if difficulty is not None:
        said = (await events_of(store, order_id))[-1].changes["difficulty"]
        assert said == ["ORDINARY", difficulty.value]


async def test_urgent_stays_urgent_however_hard(desk: Desk, store: Store) -> None:
    order_id = (await desk.open(urgency="URGENT")).order_id
    amend = Amend(difficulty=Difficulty.HARD, reason="多部门职责交叉")
    await desk.act("paidan", order_id, amend)
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    task = await task_at(store, order_id, "D-CG")
    assert task.due_at - desk.clock.now() == timedelta(hours=24)
