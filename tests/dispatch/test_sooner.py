"""What is to end sooner than it was promised: with time for everybody, and nobody late at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.commands import (
    AcceptResult,
    AddJoint,
    Delegate,
    Dispatch,
    Merge,
    RaiseUrgency,
    SignFor,
    Unmerge,
)
from dispatch.order_timers import OrderTimers
from dispatch.promises import Promise
from dispatch.rules import Rules
from dispatch.timers import Timekeeper
from dispatch.views.boxes import BELOW
from dispatch.views.queues import Queues
from models.clock import ManualClock
from models.store import Store
from models.tables import UnitCard
from models.vocabulary import (
    Light,
    NoticeKind,
    Urgency,
)
from tests.dispatch import laws
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import Desk, back
from tests.dispatch.notices import telling, with_contacts
from tests.dispatch.order_file import read_file
from tests.dispatch.reading import local, order_of, task_at
from tests.dispatch.test_notices import kinds

pytestmark = pytest.mark.store


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that does what nobody does."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


async def merge(desk: Desk, order_id: str, lead: str) -> None:
    await desk.act("paidan", order_id, Merge(into=lead, reason="同一路灯故障"))


async def cards(store: Store, order_id: str) -> list[str]:
    async with store.read() as session:
        query = select(UnitCard.department).where(UnitCard.order_id == order_id)
        return list(await session.scalars(query))


async def test_more_urgent_each_level_still_leaves_time_for_the_one_above(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=DEEP[1]))
    await desk.act("paidan", order_id, AddJoint(department="D-ZJ", note="请配合"))
    await desk.act(DEEP[1], order_id, SignFor())
    await desk.act(DEEP[1], order_id, Delegate(department=DEEP[2]))
    raised = RaiseUrgency(urgency=Urgency.URGENT, reason="有安全隐患")
    await desk.act("paidan", order_id, raised)
    ends = [await task_at(store, order_id, unit) for unit in (DEEP[2], DEEP[1], "D-CG")]
    hours = [(task.due_at - desk.clock.now()) / timedelta(hours=1) for task in ends]
    assert hours[2] == 24
    assert hours[1] == pytest.approx(24 * 0.9, abs=0.1)
    assert hours[0] == pytest.approx(24 * 0.81, abs=0.1)
    joint = await task_at(store, order_id, "D-ZJ")
    assert (joint.due_at - desk.clock.now()) / timedelta(hours=1) == pytest.approx(19.2, abs=0.1)
    assert joint.light_yellow_at is not None
    assert joint.light_yellow_at < joint.due_at, "it has lights of its own"


async def test_a_late_order_that_is_merged_makes_nobody_else_late(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    late = await desk.signed()
    desk.later(days=9)
    lead, own, waiting = (
        await desk.dispatched("D-ZJ"),
        await desk.dispatched("D-CG"),
        (await desk.open()).order_id,
    )
    promised = (await task_at(store, late, "D-CG")).due_at
    await merge(desk, late, lead)
    task = await task_at(store, lead, "D-ZJ")
    # As soon as with a result that was sent back: two working days.
    assert local(task.due_at) == "12-01 23:59"
    desk.later(minutes=1)
    await keeper.fire_due()
    assert ((await order_of(store, lead)).supervised, await cards(store, lead)) == (0, [])

    await desk.act("paidan", late, Unmerge(reason="不是同一路灯"))
    await merge(desk, late, own)
    assert (await task_at(store, own, "D-CG")).due_at > promised, "not dispatched: nothing promised"
    other = await desk.signed()
    desk.later(days=12)
    fresh = await desk.dispatched("D-CG")
    owed = (await task_at(store, other, "D-CG")).due_at
    await merge(desk, other, fresh)
    assert (await task_at(store, fresh, "D-CG")).due_at == owed, "its own lateness stays its own"
    gone = await desk.signed()
    desk.later(days=12)
    await merge(desk, gone, waiting)
    await desk.act("banzhang", waiting, Dispatch(department="D-ZJ"))
    assert (await task_at(store, waiting, "D-ZJ")).due_at > desk.clock.now() + timedelta(days=1)


async def test_parted_again_the_lead_order_has_its_own_time_back(desk: Desk, store: Store) -> None:
    deadline = desk.clock.now() + timedelta(days=6)
    early = await desk.signed(urgency="URGENT", external_due=deadline)
    desk.later(minutes=5)
    lead = await desk.dispatched("D-ZJ")
    await desk.act("paidan", lead, AddJoint(department="D-JT", note="请配合"))
    before = [await task_at(store, lead, unit) for unit in ("D-ZJ", "D-JT")]
    await merge(desk, early, lead)
    assert (await order_of(store, lead)).due_at == (await task_at(store, early, "D-CG")).due_at
    assert (await order_of(store, lead)).urgency is Urgency.URGENT
    await desk.act("paidan", early, Unmerge(reason="不是同一路灯"))
    order = await order_of(store, lead)
    assert (order.urgency, order.external_due) == (Urgency.NORMAL, None)
    assert order.due_at == order.light_red_at == before[0].due_at
    for task in before:
        now = await task_at(store, lead, task.department)
        assert (now.due_at, now.first_contact_due) == (task.due_at, task.first_contact_due)
        for name in ("sign", "sign_twice"):
            assert now.clocks[name]["due"] == task.clocks[name]["due"]
    assert "已解除并单，恢复原时限" in now.clocks["handle"]["explanation"]

    await merge(desk, early, lead)
    raised = RaiseUrgency(urgency=Urgency.CRITICAL, reason="电杆倾斜，有触电危险")
    await desk.act("banzhang", lead, raised)
    due = (await order_of(store, lead)).due_at
    await desk.act("paidan", early, Unmerge(reason="不是同一路灯"))
    order = await order_of(store, lead)
    assert (order.urgency, order.due_at) == (Urgency.CRITICAL, due), "what came since stays"


async def test_parted_again_nobody_reports_on_what_can_wait(
    desk: Desk, store: Store, rules: Rules
) -> None:
    lead, urgent = (await desk.open()).order_id, (await desk.open(urgency="CRITICAL")).order_id
    await merge(desk, urgent, lead)
    await desk.act("paidan", lead, Dispatch(department="D-ZJ"))
    assert (await task_at(store, lead, "D-ZJ")).progress_due is not None
    await desk.act("paidan", urgent, Unmerge(reason="不是同一路灯"))
    assert (await task_at(store, lead, "D-ZJ")).progress_due is None
    async with store.read() as session:
        laws.check(await read_file(session, lead, rules), rules)
    raised = RaiseUrgency(urgency=Urgency.CRITICAL, reason="电杆倾斜，有触电危险")
    await desk.act("banzhang", lead, raised)
    assert (await task_at(store, lead, "D-ZJ")).progress_due is not None
    async with store.read() as session:
        laws.check(await read_file(session, lead, rules), rules)


async def test_who_lets_a_result_from_below_lie_sees_a_light_and_is_told(
    desk: Desk, store: Store, clock: ManualClock, rules: Rules
) -> None:
    tells = telling(store, clock, with_contacts(rules))
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=DEEP[1]))
    await desk.act(DEEP[1], order_id, SignFor())
    await desk.contact(order_id, who=DEEP[1])
    await desk.submit(order_id, who=DEEP[1])
    task = await task_at(store, order_id, DEEP[1])
    due = Promise.from_json(task.clocks["audit"]).due
    boxes = Queues(store, clock, rules)
    for at, kind, light in (
        (due - timedelta(minutes=30), NoticeKind.RESULT_DUE, Light.ORANGE),
        (due + timedelta(seconds=1), NoticeKind.RESULT_OVERDUE, Light.RED),
    ):
        clock.set(at)
        assert await tells.waiting.look() == 1
        assert await tells.waiting.look() == 0, "once"
        assert (await kinds(tells, desk, "chengguan"))[0] is kind
        (row,) = (await boxes.unit_inbox(desk.people["chengguan"], BELOW)).items
        assert row.light is light
    await desk.act("chengguan", order_id, back("没有附现场照片", task_id=task.id))
    await desk.submit(order_id, who=DEEP[1])
    assert await tells.waiting.look() == 0, "time of its own"
    desk.later(days=5)
    assert await tells.waiting.look() == 1
    await desk.act("chengguan", order_id, AcceptResult(task_id=task.id))
    assert await tells.waiting.look() == 0
