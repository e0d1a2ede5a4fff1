"""Killed between any two steps of a command: all of it is there or nothing, and sent again it is
done once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import func, literal, select, text, union_all

from dispatch.chain import ChainVerifier
from dispatch.commands import (
    ApproveResult,
    Delegate,
    Dispatch,
    Merge,
    OpenOrder,
    OrderCommand,
    RecordFollowUp,
    SubmitResult,
)
from dispatch.rules import Rules
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import (
    Base,
    DaySequence,
    DoneCommand,
    Notice,
    OrderEvent,
    OrderNews,
    OutboxRow,
    WorkOrder,
)
from models.vocabulary import OrderState
from tests.dispatch import laws
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import HAPPY, LAMP, PROCESS, QUALITY, RESULT, Desk
from tests.dispatch.dying import UNDER_WAY, Errand, killed_at, together
from tests.dispatch.order_file import read_file

pytestmark = pytest.mark.store

#: Everything in the database, table by table; but a number that was drawn stays drawn.
Picture = dict[str, list[tuple[Any, ...]]]
_TABLES = [one for one in Base.metadata.sorted_tables if one.name != DaySequence.__tablename__]
#: How many rows each table has, in one question.
_ROWS = union_all(*(select(literal(one.name), func.count()).select_from(one) for one in _TABLES))
#: Ends in a point after the last: no command writes so often.
_POINTS = range(1, 60)


class Site:
    """What survives the process, and what must be true of it after each death."""

    def __init__(self, desk: Desk, store: Store, clock: ManualClock, rules: Rules) -> None:
        self.desk = desk
        self.store = store
        self.clock = clock
        self.rules = rules

    def errand(self, who: str = "", **what: Any) -> Errand:
        """For a process that is sent now."""
        actor = self.desk.people[who] if who else None
        return Errand(database=self.store.url, now=self.clock.now(), actor=actor, **what)

    async def picture(self) -> Picture:
        """Of a database in which nobody writes any more."""
        async with self.store.transaction() as work:
            if self.store.many_writers:
                # A killed process's connection may yet be at its commit: wait for its end.
                await work.session.execute(text("LOCK TABLE order_events IN SHARE MODE"))
            filled = {name for name, rows in await work.session.execute(_ROWS) if rows}
            found: Picture = {}
            for table in (one for one in _TABLES if one.name in filled):
                rows = await work.session.execute(select(table))
                found[table.name] = sorted((tuple(row) for row in rows), key=repr)
        return found

    async def nothing_is_half(self) -> None:
        """Every event has its outbox row and its news, chains and laws hold for every order."""
        assert await ChainVerifier(self.store).verify_all() == []
        async with self.store.read() as session:
            events = list(await session.scalars(select(OrderEvent)))
            told = await session.scalars(select(OutboxRow.payload))
            steps = [(p["order_id"], p["version"]) for p in told if p["type"] == "OrderChanged"]
            assert sorted(steps) == sorted((one.order_id, one.seq) for one in events)
            news = list(await session.scalars(select(OrderNews.event_id)))
            assert sorted(news) == sorted(one.id for one in events)
            for order_id in {one.order_id for one in events}:
                laws.check(await read_file(session, order_id, self.rules), self.rules)

    async def dies_at_every_point(self, errand: Errand) -> int:
        """Killed at one point after the other, until it is done; how often nothing was done."""
        before = await self.picture()
        for point in _POINTS:
            assert killed_at(errand, point), "the last point comes after the commit"
            if await self.picture() != before:
                break
        await self.nothing_is_half()
        return point - 1


@pytest.fixture
def site(desk: Desk, store: Store, clock: ManualClock, rules: Rules) -> Site:
    """A desk whose people work in processes that die."""
    return Site(desk, store, clock, rules)


async def _opening(desk: Desk) -> tuple[str, str, OrderCommand | OpenOrder]:
    return "huawu1", "", OpenOrder.model_validate(LAMP)


async def _dispatching(desk: Desk) -> tuple[str, str, OrderCommand]:
    order_id = (await desk.open()).order_id
    return "paidan", order_id, Dispatch(department="D-CG", joint=["D-RS"])


async def _handing_down(desk: Desk) -> tuple[str, str, OrderCommand]:
    order_id = await desk.signed()
    return "chengguan", order_id, Delegate(department=DEEP[1])


async def _merging(desk: Desk) -> tuple[str, str, OrderCommand]:
    """Two orders, an urgent one into one that is below already."""
    lead = await desk.signed()
    await desk.act("chengguan", lead, Delegate(department=DEEP[1]))
    desk.later(hours=1)
    other = await desk.dispatched(urgency="URGENT")
    return "paidan", other, Merge(into=lead, reason="同一处路灯")


async def _submitting(desk: Desk) -> tuple[str, str, OrderCommand]:
    order_id = await desk.signed()
    await desk.contact(order_id)
    return "chengguan", order_id, SubmitResult.model_validate(RESULT)


async def _passing(desk: Desk) -> tuple[str, str, OrderCommand]:
    order_id = await desk.submitted()
    return "shenhe", order_id, ApproveResult(quality_items=QUALITY, process_items=PROCESS)


async def _closing(desk: Desk) -> tuple[str, str, OrderCommand]:
    """With its score."""
    order_id = await desk.approved()
    return "huifang", order_id, RecordFollowUp.model_validate(HAPPY)


Story = Callable[[Desk], Awaitable[tuple[str, str, Any]]]
_STORIES = (_opening, _dispatching, _handing_down, _merging, _submitting, _passing, _closing)


@pytest.mark.parametrize("story", _STORIES, ids=lambda story: story.__name__.strip("_"))
async def test_killed_anywhere_a_command_is_done_whole_or_not_at_all(
    story: Story, site: Site
) -> None:
    who, order_id, bare = await story(site.desk)
    command = bare.model_copy(update={"idempotency_key": "sent-twice"})
    errand = site.errand(who, order_id=order_id, command=command)
    # PostgreSQL takes the last rows of a command as one statement.
    assert await site.dies_at_every_point(errand) >= 3
    done = await site.picture()
    # Nobody heard the answer: it is sent again, and answered as if it had been heard.
    answer = await _send(site, who, order_id, command)
    assert answer.replayed
    assert await site.picture() == done
    assert answer.version == await _version(site, answer.order_id)


async def test_killed_while_the_database_commits_it_is_one_or_the_other(site: Site) -> None:
    for number in range(4):
        key = f"sent-twice-{number}"
        command = OpenOrder.model_validate({**LAMP, "idempotency_key": key})
        before = await site.picture()
        assert killed_at(site.errand("huawu1", command=command), UNDER_WAY)
        committed = await site.picture() != before
        await site.nothing_is_half()
        answer = await _send(site, "huawu1", "", command)
        assert answer.replayed == committed
        await site.nothing_is_half()
    async with site.store.read() as session:
        assert len(list(await session.scalars(select(WorkOrder)))) == 4
        assert len(list(await session.scalars(select(DoneCommand)))) == 4


async def test_killed_while_timers_fire_each_fires_once(site: Site) -> None:
    orders = [await site.desk.dispatched() for _ in range(2)]
    site.desk.later(hours=6)
    errand, deaths = site.errand(due="timers"), 0
    while killed_at(errand, deaths + 1):
        deaths += 1
        await site.nothing_is_half()
    assert deaths >= 3
    for order_id in orders:
        assert await _actions(site, order_id) == ["open", "dispatch", "sign_for"]


async def test_several_processes_fire_each_timer_once(site: Site) -> None:
    orders = [await site.desk.dispatched() for _ in range(12)]
    site.desk.later(hours=6)
    together([site.errand(due="timers")] * 3)
    for order_id in orders:
        assert await _actions(site, order_id) == ["open", "dispatch", "sign_for"]
    await site.nothing_is_half()


async def test_killed_while_units_are_told_each_notice_goes_out_once(site: Site) -> None:
    await site.desk.dispatched(urgency="URGENT")
    errand, deaths = site.errand(due="news"), 0
    while killed_at(errand, deaths + 1):
        deaths += 1
    assert deaths >= 3
    async with site.store.read() as session:
        assert list(await session.scalars(select(OrderNews))) == []
        keys = list(await session.scalars(select(Notice.key)))
    assert [key.rpartition(":")[2] for key in keys] == ["D-CG"]


async def _send(site: Site, who: str, order_id: str, command: Any) -> Any:
    actor: Actor = site.desk.people[who]
    if isinstance(command, OpenOrder):
        return await site.desk.service.open_order(actor, command)
    return await site.desk.service.act(actor, order_id, command)


async def _version(site: Site, order_id: str) -> int:
    async with site.store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
        assert order.state is not OrderState.DRAFT
        return order.version


async def _actions(site: Site, order_id: str) -> Iterable[str]:
    query = select(OrderEvent.action).where(OrderEvent.order_id == order_id)
    async with site.store.read() as session:
        return list(await session.scalars(query.order_by(OrderEvent.seq)))
