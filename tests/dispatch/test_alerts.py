"""Alerts: raised once, settled, acknowledged by the name of the first."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.floor.alerts import PAUSE, Alerts
from models.bus import InProcessBus
from models.clock import ManualClock
from models.errors import NotFound
from models.events import CallEnded
from models.guards import Actor
from models.store import Store
from models.tables import OutboxRow
from models.vocabulary import AlertKind, ContactOutcome

pytestmark = pytest.mark.store

HOLD = AlertKind.LONG_HOLD


@pytest.fixture
def bus() -> InProcessBus:
    return InProcessBus()


@pytest.fixture
def alerts(store: Store, bus: InProcessBus, clock: ManualClock) -> Alerts:
    return Alerts(store, bus, clock)


async def told(store: Store) -> list[str]:
    """Kinds of the events that the database has ready to be told."""
    async with store.read() as session:
        rows = await session.scalars(select(OutboxRow.payload).order_by(OutboxRow.created_at))
        return [str(row["type"]) for row in rows]


async def test_the_same_matter_is_raised_once_while_it_lasts(
    alerts: Alerts, store: Store, clock: ManualClock
) -> None:
    raised = await asyncio.gather(
        *(alerts.raise_alert(HOLD, "hold:c1", "保持超过 120 秒", call_id="c1") for _ in range(5))
    )
    assert sum(one is not None for one in raised) == 1
    assert await alerts.raise_alert(HOLD, "hold:c2", "另一通", call_id="c2")
    clock.advance(timedelta(hours=2))
    assert await alerts.raise_alert(HOLD, "hold:c1", "还在保持", call_id="c1") is None
    assert await told(store) == ["AlertRaised", "AlertRaised"]


async def test_a_settled_matter_comes_again_only_after_a_pause(
    alerts: Alerts, clock: ManualClock
) -> None:
    await alerts.raise_alert(HOLD, "hold:c1", "保持过长")
    assert await alerts.settle("hold:c1")
    assert not await alerts.settle("hold:c1")
    assert await alerts.raise_alert(HOLD, "hold:c1", "又来") is None
    clock.advance(PAUSE + timedelta(seconds=1))
    assert await alerts.raise_alert(HOLD, "hold:c1", "又来")
    assert await alerts.count_open() == 2, "what is over still waits to be acknowledged"


async def test_the_first_to_acknowledge_stays(
    alerts: Alerts, store: Store, people: dict[str, Actor]
) -> None:
    alert_id = await alerts.raise_alert(HOLD, "hold:c1", "保持过长", agent_id="staff-agent1")
    assert alert_id
    first, *_, last = people.values()
    done = await alerts.acknowledge(alert_id, first, "已提醒坐席")
    assert (done.acknowledged_by_name, done.note) == (first.name, "已提醒坐席")
    again = await alerts.acknowledge(alert_id, last, "我来")
    assert (again.acknowledged_by, again.note) == (first.id, "已提醒坐席")
    assert await told(store) == ["AlertRaised", "AlertAcknowledged"]
    assert (await alerts.page(only_open=True)).items == []
    with pytest.raises(NotFound):
        await alerts.acknowledge("nothing", first)


async def test_what_was_acknowledged_is_found_again_by_when(
    alerts: Alerts, clock: ManualClock, people: dict[str, Actor]
) -> None:
    leader = next(iter(people.values()))
    old, late, left = [
        await alerts.raise_alert(AlertKind.LONG_HOLD, matter, "保持过长") for matter in "abc"
    ]
    assert old and late and left
    await alerts.acknowledge(old, leader)
    clock.advance(timedelta(hours=30))
    await alerts.acknowledge(late, leader, "已劝坐席取回")
    lately = clock.now() - timedelta(hours=24)
    (found,) = (await alerts.page(acknowledged_since=lately)).items
    assert (found.id, found.acknowledged_by_name, found.note) == (late, leader.name, "已劝坐席取回")


async def test_what_was_a_moment_ends_with_the_acknowledgement(
    alerts: Alerts, people: dict[str, Actor]
) -> None:
    missed = await alerts.raise_alert(AlertKind.MISSED_RING, "missed:c1:a", "未接", call_id="c1")
    assert missed
    done = await alerts.acknowledge(missed, next(iter(people.values())))
    assert done.ended_at is not None


async def test_the_end_of_a_call_ends_what_was_the_matter_with_it(
    alerts: Alerts, bus: InProcessBus, clock: ManualClock
) -> None:
    await alerts.raise_alert(HOLD, "hold:c1", "保持过长", call_id="c1")
    await alerts.raise_alert(HOLD, "hold:c2", "保持过长", call_id="c2")
    await alerts.raise_alert(AlertKind.RISK_WORDS, "risk:c1", "风险用语", call_id="c1")
    await bus.start()
    await bus.publish(CallEnded(call_id="c1", outcome=ContactOutcome.SERVED, at=clock.now()))
    await bus.stop()
    ended = {one.text: one.ended_at is not None for one in (await alerts.page()).items}
    assert [one.ended_at for one in (await alerts.page(kind=HOLD)).items].count(None) == 1
    assert ended["风险用语"] is False


async def test_pages_follow_each_other_newest_first(alerts: Alerts, clock: ManualClock) -> None:
    for number in range(5):
        await alerts.raise_alert(HOLD, f"hold:{number}", str(number))
        clock.advance(timedelta(seconds=1))
    first = await alerts.page(limit=2)
    second = await alerts.page(limit=2, cursor=first.next_cursor)
    third = await alerts.page(limit=2, cursor=second.next_cursor)
    texts = [item.text for page in (first, second, third) for item in page.items]
    assert texts == ["4", "3", "2", "1", "0"]
    assert third.next_cursor is None
    later = await alerts.page(since=clock.now() - timedelta(seconds=2))
    assert [item.text for item in later.items] == ["4", "3"]


async def test_two_processes_raise_one_matter_once(
    alerts: Alerts, store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Alerts(store, InProcessBus(), clock)

    async def sees_nothing_yet(*_: object) -> bool:
        return False

    monkeypatch.setattr(other, "_is_known", sees_nothing_yet)  # both look at the same moment
    assert await alerts.raise_alert(HOLD, "hold:c1", "保持过长")
    assert await other.raise_alert(HOLD, "hold:c1", "保持过长") is None
    assert len((await alerts.page()).items) == 1
    assert await told(store) == ["AlertRaised"]
