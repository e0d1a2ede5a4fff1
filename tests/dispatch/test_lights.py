"""Lights: who hears of yellow, orange and red, of the order and of tasks beside and below."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.notices import Contacts
from dispatch.commands import AddJoint, Delegate, OrderCommand
from dispatch.rules import Rules
from models.clock import ManualClock
from models.store import Store
from models.tables import Notice, WorkOrder
from models.vocabulary import NoticeAudience, NoticeKind
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import Desk
from tests.dispatch.notices import SMS, Telling, telling, with_contacts
from tests.dispatch.reading import task_at
from tests.dispatch.test_notices import kinds, messages

pytestmark = pytest.mark.store

LEADER = "13600000000"


@pytest.fixture
def tells(store: Store, clock: ManualClock, rules: Rules) -> Telling:
    """Every part that tells."""
    return telling(store, clock, with_contacts(rules))


async def test_each_light_is_told_once_and_at_red_the_hotline_hears_too(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.signed()
    async with store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
    assert await tells.lights.look() == 0
    for at, kind in (
        (order.light_yellow_at, NoticeKind.LIGHT_YELLOW),
        (order.light_orange_at, NoticeKind.LIGHT_ORANGE),
        (order.light_red_at, NoticeKind.LIGHT_RED),
    ):
        assert at is not None
        clock.set(at + timedelta(seconds=1))
        assert await tells.lights.look() == 1
        assert await tells.lights.look() == 0
        assert (await kinds(tells, desk, "chengguan"))[0] is kind
    assert await kinds(tells, desk, "paidan") == [NoticeKind.LIGHT_RED]


@pytest.mark.parametrize(
    ("actor", "command", "unit", "who"),
    [
        ("chengguan", Delegate(department=DEEP[1]), DEEP[1], DEEP[1]),
        ("paidan", AddJoint(department="D-ZJ", note="请配合"), "D-ZJ", "zhujian"),
    ],
)
async def test_units_beside_and_below_have_lights_of_their_own(
    actor: str,
    command: OrderCommand,
    unit: str,
    who: str,
    desk: Desk,
    tells: Telling,
    store: Store,
    clock: ManualClock,
) -> None:
    order_id = await desk.signed()
    await desk.act(actor, order_id, command)
    task = await task_at(store, order_id, unit)
    for at, kind in (
        (task.light_yellow_at, NoticeKind.LIGHT_YELLOW),
        (task.light_orange_at, NoticeKind.LIGHT_ORANGE),
        (task.due_at, NoticeKind.LIGHT_RED),
    ):
        assert at is not None
        clock.set(at + timedelta(seconds=1))
        await tells.lights.look()
        assert await tells.lights.look() == 0, "once"
        [newest, *_] = (await tells.book.page(desk.people[who])).items
        assert (newest.kind, newest.due_at) == (kind, task.due_at)
    for above in ("chengguan", "paidan"):
        assert NoticeKind.LIGHT_RED in await kinds(tells, desk, above)
    assert await told_red(store, order_id) == {task.id}, "the order itself has time left"


async def told_red(store: Store, order_id: str) -> set[str | None]:
    """Tasks of which it was said that they are late; None: the order."""
    query = select(Notice.task_id).where(
        Notice.order_id == order_id, Notice.kind == NoticeKind.LIGHT_RED
    )
    async with store.read() as session:
        return set(await session.scalars(query))


async def test_at_orange_the_units_leader_hears(
    desk: Desk, store: Store, clock: ManualClock, rules: Rules
) -> None:
    known = {"D-CG": Contacts(sms=(SMS,), leader_sms=(LEADER,))}
    notices = rules.notices.model_copy(update={"contacts": known})
    tells = telling(store, clock, replace(rules, notices=notices))
    order_id = await desk.signed()
    async with store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
    for at, heard in ((order.light_yellow_at, {SMS}), (order.light_orange_at, {SMS, LEADER})):
        assert at is not None
        before = len(await messages(store))
        clock.set(at + timedelta(seconds=1))
        await tells.lights.look()
        while not await tells.digests.look():
            clock.advance(timedelta(hours=1))
        assert {one.address for one in (await messages(store))[before:]} == heard
    [leader] = [one for one in await messages(store) if one.address == LEADER]
    assert "即将超期1件" in leader.text
    assert leader.text.endswith("请督促办理或登录平台审定。")


async def test_what_is_for_the_leader_alone_clerks_do_not_read(
    desk: Desk, tells: Telling, store: Store
) -> None:
    order_id = await desk.signed()
    notice = Notice(
        key="a",
        department="D-CG",
        kind=NoticeKind.LIGHT_ORANGE,
        audience=NoticeAudience.LEADER,
        order_id=order_id,
        at=desk.clock.now(),
    )
    async with store.transaction() as work:
        work.session.add(notice)
    assert await kinds(tells, desk, "chengguan") == []
    assert await kinds(tells, desk, "juzhang") == [NoticeKind.LIGHT_ORANGE]


async def test_a_house_that_was_down_tells_the_worst_light_only(desk: Desk, tells: Telling) -> None:
    await desk.signed()
    desk.later(days=60)
    assert await tells.lights.look() == 1
    assert await kinds(tells, desk, "chengguan") == [NoticeKind.LIGHT_RED]
