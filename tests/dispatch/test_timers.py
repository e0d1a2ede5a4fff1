"""What is due is done once: after restarts, by several processes, when the clock jumps."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.chain import chain_faults
from dispatch.commands import Dispatch, Note, SignFor
from dispatch.order_timers import OrderTimers
from dispatch.rules import Rules
from dispatch.service import OrderService
from dispatch.timers import Handler, Timekeeper, Timer, keep_timers
from dispatch.timetable import PROGRESS, SIGN
from models.clock import ManualClock
from models.errors import TransitionRefused
from models.guards import Actor
from models.store import Store, UnitOfWork
from models.tables import OrderEvent, Task, TimerRow
from models.vocabulary import TaskState
from tests.dispatch.desk import Desk
from tests.dispatch.reading import order_of

pytestmark = pytest.mark.store

HOUR = timedelta(hours=1)


class Bell:
    """Writes down what rang, in the transaction of the ringing."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.heard = asyncio.Event()
        self.broken = False

    async def ring(self, work: UnitOfWork, timer: Timer) -> None:
        if self.broken:
            raise OSError("the bell is broken")
        if timer.data.get("refused"):
            raise TransitionRefused("已经办结")
        self.rung.append(timer.key)
        self.heard.set()
        await asyncio.sleep(0)


async def put(store: Store, clock: ManualClock, *keys: str, **data: object) -> None:
    """Timers of one subject, due in an hour."""
    timers = [
        Timer(key=key, kind="bell", subject_id="s", due=clock.now() + HOUR, data=data)
        for key in keys
    ]
    async with store.transaction() as work:
        await keep(work, "s", timers)


async def keep(work: UnitOfWork, subject_id: str, timers: list[Timer]) -> None:
    """Make these the only timers of a subject."""
    rows = await work.session.scalars(select(TimerRow).where(TimerRow.subject_id == subject_id))
    keep_timers(work.last, rows, timers)


async def left(store: Store, *kinds: str) -> int:
    """How many wait; of these kinds, if any are named."""
    query = select(func.count()).select_from(TimerRow)
    async with store.read() as session:
        wanted = query.where(TimerRow.kind.in_(kinds)) if kinds else query
        return await session.scalar(wanted) or 0


def keeper(store: Store, clock: ManualClock, bell: Bell) -> Timekeeper:
    """One process's."""
    return Timekeeper(store, clock, {"bell": bell.ring})


async def test_each_rings_once_when_its_time_has_passed(store: Store, clock: ManualClock) -> None:
    bell = Bell()
    await put(store, clock, "a", "b")
    clock.advance(HOUR)
    assert await keeper(store, clock, bell).fire_due() == 0  # the last instant still counts
    clock.advance(timedelta(seconds=1))
    assert await keeper(store, clock, bell).fire_due() == 2
    assert sorted(bell.rung) == ["a", "b"]
    clock.advance(-2 * HOUR)  # the clock is set back
    clock.advance(4 * HOUR)
    assert await keeper(store, clock, bell).fire_due() == 0
    assert await left(store) == 0


async def test_several_processes_share_them(store: Store, clock: ManualClock) -> None:
    bell = Bell()
    await put(store, clock, *(f"timer-{number}" for number in range(60)))
    clock.advance(2 * HOUR)
    others = Store(store.url, clock)
    try:
        keepers = [keeper(one, clock, bell) for one in (store, others, store, others)]
        await asyncio.gather(*(one.fire_due() for one in keepers))
        await keeper(store, clock, bell).fire_due()
    finally:
        await others.close()
    assert sorted(bell.rung) == sorted(f"timer-{number}" for number in range(60))


async def test_timers_of_one_subject_ring_one_after_the_other(
    store: Store, clock: ManualClock
) -> None:
    """Many at a time, where the database can; but never out of order within one subject."""
    bell = Bell()
    for subject in range(12):
        timers = [
            Timer(
                key=f"{subject}:{number}",
                kind="bell",
                subject_id=f"s{subject}",
                due=clock.now() + HOUR * number / 10,
            )
            for number in range(5)
        ]
        async with store.transaction() as work:
            await keep(work, f"s{subject}", timers)
    clock.advance(HOUR)
    assert await keeper(store, clock, bell).fire_due() == 60
    for subject in range(12):
        mine = [key for key in bell.rung if key.startswith(f"{subject}:")]
        assert mine == [f"{subject}:{number}" for number in range(5)]


async def test_killed_in_the_midst_it_rings_again(store: Store, clock: ManualClock) -> None:
    bell, died = Bell(), Bell()

    async def dies(work: UnitOfWork, timer: Timer) -> None:
        await died.ring(work, timer)
        raise asyncio.CancelledError  # a fault: the process is stopped before the commit

    await put(store, clock, "a")
    clock.advance(2 * HOUR)
    with pytest.raises(asyncio.CancelledError):
        await Timekeeper(store, clock, {"bell": dies}).fire_due()
    assert died.rung == ["a"]
    assert await keeper(store, clock, bell).fire_due() == 1
    assert bell.rung == ["a"]


async def test_what_fails_is_tried_again_and_holds_nobody_up(
    store: Store, clock: ManualClock
) -> None:
    bell = Bell()
    bell.broken = True
    await put(store, clock, "a", "b")
    clock.advance(2 * HOUR)
    for _ in range(3):
        await keeper(store, clock, bell).fire_due()
        clock.advance(timedelta(minutes=11))
    async with store.read() as session:
        rows = list(await session.scalars(select(TimerRow)))
    assert [(row.attempts, "the bell is broken" in row.last_error) for row in rows] == [
        (3, True),
        (3, True),
    ]
    bell.broken = False
    clock.advance(HOUR)
    await keeper(store, clock, bell).fire_due()
    assert sorted(bell.rung) == ["a", "b"]


async def test_what_is_not_wanted_any_more_is_forgotten(store: Store, clock: ManualClock) -> None:
    bell = Bell()
    await put(store, clock, "a", refused=True)
    clock.advance(2 * HOUR)
    await keeper(store, clock, bell).fire_due()
    assert bell.rung == []
    assert await left(store) == 0


async def test_one_that_was_moved_or_dropped_does_not_ring(
    store: Store, clock: ManualClock
) -> None:
    bell = Bell()
    await put(store, clock, "a", "b")
    clock.advance(2 * HOUR)
    await put(store, clock, "b")  # a is dropped, b due in an hour from now
    assert await keeper(store, clock, bell).fire_due() == 0
    clock.advance(2 * HOUR)
    await keeper(store, clock, bell).fire_due()
    assert bell.rung == ["b"]


async def test_it_runs_by_itself(store: Store, clock: ManualClock) -> None:
    bell = Bell()
    await put(store, clock, "a")
    clock.advance(2 * HOUR)
    running = keeper(store, clock, bell)
    await running.start()
    async with asyncio.timeout(10):
        await bell.heard.wait()
    await running.stop()
    assert bell.rung == ["a"]


async def test_what_somebody_is_at_waits_for_the_next_look(
    store: Store, clock: ManualClock
) -> None:
    """And holds up no other."""
    bell, busy = Bell(), {"s"}

    async def lock(session: AsyncSession, subject_id: str) -> bool:
        return subject_id not in busy

    await put(store, clock, "a")
    other = Timer(key="b", kind="bell", subject_id="other", due=clock.now() + HOUR)
    async with store.transaction() as work:
        await keep(work, "other", [other])
    clock.advance(2 * HOUR)
    keeper = Timekeeper(store, clock, {"bell": bell.ring}, lock)
    assert await keeper.fire_due() == 1
    assert bell.rung == ["b"]
    busy.clear()
    assert await keeper.fire_due() == 1
    assert bell.rung == ["b", "a"]


# --- what orders owe ------------------------------------------------------------------------------


def signing(timers: OrderTimers) -> dict[str, Handler]:
    """The one kind of timer that these stories are about."""
    return {SIGN: timers.handlers[SIGN]}


async def events(store: Store, order_id: str) -> list[OrderEvent]:
    """The order's history."""
    async with store.read() as session:
        rows = select(OrderEvent).where(OrderEvent.order_id == order_id)
        return list(await session.scalars(rows.order_by(OrderEvent.seq)))


async def test_a_task_that_nobody_signs_for_is_signed_late_by_the_system(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.dispatched()
    timers = OrderTimers(desk.service)
    keeper = Timekeeper(store, clock, signing(timers), timers.lock)
    assert await keeper.fire_due() == 0
    desk.later(days=4)
    assert await keeper.fire_due() == 1
    last = (await events(store, order_id))[-1]
    assert (last.action, last.actor_name) == ("sign_for", "系统")
    assert last.reason == "超过签收时限，系统自动签收"
    async with store.read() as session:
        task = await session.get_one(Task, last.task_id)
    assert task.state is TaskState.SIGNED
    assert task.signed_at is not None
    assert task.signed_at > task.sign_due
    assert task.signed_by is None
    # The unit goes on as after its own signing.
    await desk.contact(order_id)
    await desk.submit(order_id)
    assert await left(store, SIGN) == 0


async def test_signed_in_time_the_system_leaves_it_alone(
    desk: Desk, store: Store, clock: ManualClock, people: dict[str, Actor]
) -> None:
    order_id = await desk.signed()
    desk.later(days=4)
    assert await Timekeeper(store, clock, signing(OrderTimers(desk.service))).fire_due() == 0
    assert [event.action for event in await events(store, order_id)] == [
        "open",
        "dispatch",
        "sign_for",
    ]


async def test_the_clerk_and_the_clock_sign_at_the_same_moment(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    """Whoever is first: one signing, and nobody waits for the other for ever."""
    timers = OrderTimers(desk.service)
    keeper = Timekeeper(store, clock, signing(timers), timers.lock)
    orders = [await desk.dispatched() for _ in range(8)]
    desk.later(days=4)
    outcomes = await asyncio.gather(
        keeper.fire_due(),
        *(desk.act("chengguan", order_id, SignFor()) for order_id in orders),
        return_exceptions=True,
    )
    unexpected = [one for one in outcomes if isinstance(one, BaseException)]
    assert all(isinstance(one, TransitionRefused) for one in unexpected), unexpected
    for order_id in orders:
        actions = [event.action for event in await events(store, order_id)]
        assert actions == ["open", "dispatch", "sign_for"]
    assert await left(store, SIGN) == 0


@pytest.fixture
def many(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The product's own: what comes in great numbers is fired in few transactions."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, signing(timers), timers.lock, timers.together)


async def test_many_are_signed_for_in_one_transaction(
    desk: Desk, store: Store, clock: ManualClock, many: Timekeeper
) -> None:
    """Each with a sound history of its own."""
    orders = [await desk.dispatched() for _ in range(6)]
    desk.later(days=4)
    assert await many.fire_due() == 6
    for order_id in orders:
        history = await events(store, order_id)
        assert [event.action for event in history] == ["open", "dispatch", "sign_for"]
        assert chain_faults(await order_of(store, order_id), history) == []
    assert await left(store, SIGN) == 0
    assert await many.fire_due() == 0


async def test_one_that_fails_among_many_keeps_no_other_from_its_own(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    orders = [await desk.dispatched() for _ in range(5)]
    withdrawn, broken = orders[1], orders[3]
    timers = OrderTimers(desk.service)

    async def sign(work: UnitOfWork, timer: Timer) -> None:
        if timer.subject_id == withdrawn:
            raise TransitionRefused("工单已撤回")
        if timer.subject_id == broken:
            raise OSError("the disk is broken")
        await timers.handlers[SIGN](work, timer)

    desk.later(days=4)
    keeper = Timekeeper(store, clock, {SIGN: sign}, timers.lock, timers.together)
    await keeper.fire_due()
    signed = [(await events(store, one))[-1].action == "sign_for" for one in orders]
    assert signed == [True, False, True, False, True]
    async with store.read() as session:
        waiting = await session.scalars(select(TimerRow).where(TimerRow.kind == SIGN))
        assert [(row.subject_id, row.attempts) for row in waiting] == [(broken, 1)]


async def test_killed_among_many_none_is_lost_or_done_twice(
    desk: Desk, store: Store, clock: ManualClock, many: Timekeeper
) -> None:
    orders = [await desk.dispatched() for _ in range(4)]
    timers = OrderTimers(desk.service)

    async def dies(work: UnitOfWork, timer: Timer) -> None:
        await timers.handlers[SIGN](work, timer)
        if timer.subject_id == orders[2]:
            raise asyncio.CancelledError  # a fault: the process is stopped before the commit

    desk.later(days=4)
    with pytest.raises(asyncio.CancelledError):
        await Timekeeper(store, clock, {SIGN: dies}, None, timers.together).fire_due()
    assert await many.fire_due() + await left(store, SIGN) <= 4
    for order_id in orders:
        actions = [event.action for event in await events(store, order_id)]
        assert actions == ["open", "dispatch", "sign_for"]


async def test_two_processes_and_the_clerk_share_many(
    desk: Desk, store: Store, clock: ManualClock, many: Timekeeper
) -> None:
    """Whoever is first with an order: one signing, and nobody waits for another for ever."""
    orders = [await desk.dispatched() for _ in range(12)]
    desk.later(days=4)
    others = Store(store.url, clock)
    timers = OrderTimers(OrderService(others, clock, desk.service.rules))
    second = Timekeeper(others, clock, signing(timers), timers.lock, timers.together)
    try:
        outcomes = await asyncio.gather(
            many.fire_due(),
            second.fire_due(),
            *(desk.act("chengguan", order_id, SignFor()) for order_id in orders[::3]),
            return_exceptions=True,
        )
        await many.fire_due()
    finally:
        await others.close()
    unexpected = [one for one in outcomes if isinstance(one, BaseException)]
    assert all(isinstance(one, TransitionRefused) for one in unexpected), unexpected
    for order_id in orders:
        actions = [event.action for event in await events(store, order_id)]
        assert actions == ["open", "dispatch", "sign_for"]
    assert await left(store, SIGN) == 0


async def test_two_timers_of_one_order_are_fired_one_after_the_other(
    desk: Desk, store: Store, clock: ManualClock, people: dict[str, Actor]
) -> None:
    """The second finds what the first has made of the order."""
    orders = [await desk.dispatched() for _ in range(3)]
    timers, fired = OrderTimers(desk.service), []

    async def early(work: UnitOfWork, timer: Timer) -> None:
        fired.append((timer.subject_id, timer.kind))
        note = Note(text="签收时限将到")
        await desk.service.act_in(work, people["paidan"], timer.subject_id, note)

    async def sign(work: UnitOfWork, timer: Timer) -> None:
        fired.append((timer.subject_id, timer.kind))
        await timers.handlers[SIGN](work, timer)

    async with store.transaction() as work:
        for one in orders:
            row = TimerRow(key=f"early:{one}", kind=PROGRESS, subject_id=one, due_at=clock.now())
            work.session.add(row)
    desk.later(days=4)
    handlers: dict[str, Handler] = {SIGN: sign, PROGRESS: early}
    assert await Timekeeper(store, clock, handlers, timers.lock, timers.together).fire_due() == 6
    for one in orders:
        assert [kind for subject, kind in fired if subject == one] == [PROGRESS, SIGN]
        history = await events(store, one)
        assert [event.action for event in history] == ["open", "dispatch", "note", "sign_for"]
        assert chain_faults(await order_of(store, one), history) == []


# --- dispatched without the dispatcher ------------------------------------------------------------


@pytest.fixture
def by_itself(desk: Desk, rules: Rules) -> Desk:
    """A city that lets clear orders go to their units five minutes after the call."""
    auto = rules.handling.auto_dispatch.model_copy(update={"enabled": True})
    handling = rules.handling.model_copy(update={"auto_dispatch": auto})
    desk.service.rules = replace(rules, handling=handling)
    return desk


async def fired_after(desk: Desk, store: Store, clock: ManualClock, **delta: float) -> int:
    """How many timers fire when so much time has passed."""
    desk.later(**delta)
    timers = OrderTimers(desk.service)
    return await Timekeeper(store, clock, timers.handlers, timers.lock).fire_due()


async def test_a_clear_order_goes_to_the_unit_of_the_catalogue(
    by_itself: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = (await by_itself.open()).order_id
    assert await fired_after(by_itself, store, clock, minutes=5) == 0
    assert await fired_after(by_itself, store, clock, seconds=1) == 1
    last = (await events(store, order_id))[-1]
    assert (last.action, last.actor_name) == ("dispatch", "系统")
    assert last.changes["task.department"] == [None, "D-CG"]
    assert last.reason.startswith("按派单目录自动派单")


@pytest.mark.parametrize(
    "demand",
    [
        {"urgency": "URGENT"},
        {"request_type": "REPORT"},
        {"confidential": True},
        {"department": "D-RS"},
    ],
)
async def test_what_a_person_should_look_at_waits_for_one(
    by_itself: Desk, store: Store, clock: ManualClock, demand: dict[str, object]
) -> None:
    """Urgent, confidential, a report, or the agent thinks of another unit than the catalogue."""
    order_id = (await by_itself.open(**demand)).order_id
    await fired_after(by_itself, store, clock, minutes=9)
    assert "dispatch" not in {event.action for event in await events(store, order_id)}


async def test_the_dispatcher_is_faster(by_itself: Desk, store: Store, clock: ManualClock) -> None:
    order_id = (await by_itself.open()).order_id
    await by_itself.act("paidan", order_id, Dispatch(department="D-ZJ"))
    await fired_after(by_itself, store, clock, minutes=9)
    assert [event.action for event in await events(store, order_id)] == ["open", "dispatch"]


async def test_by_default_every_order_waits_for_the_dispatcher(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = (await desk.open()).order_id
    await fired_after(desk, store, clock, hours=2)
    assert [event.action for event in await events(store, order_id)] == ["open"]
