"""Repeats and hot events, on orders that were really opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.floor.alerts import Alerts
from dispatch.hot.grouping import EventGrouping
from dispatch.hot.views import HotEvents
from dispatch.hot.watch import EventWatch
from dispatch.rules import Rules
from dispatch.similar import Demand, Repeats, is_same_place
from models.bus import InProcessBus
from models.clock import ManualClock
from models.errors import NotFound
from models.store import Store
from models.tables import FloorAlert, HotEventOrder
from models.vocabulary import AlertKind
from nlp.similar.orders import OrderIndex
from tests.dispatch.desk import Desk

pytestmark = pytest.mark.store

WATER = {
    "title": "金桥花园停水",
    "content": "金桥花园小区从早上开始停水，没有通知，居民无法做饭，要求尽快恢复供水。",
    "place": "金桥花园",
    "category": "C120101",
    "department": "D-CG",
}
#: The same matter as several citizens tell it.
TOLD = (
    "金桥花园3栋停水了，问物业说不知道，什么时候恢复供水",
    "市民反映金桥花园小区今天早上停水，家里有老人小孩，希望尽快供水",
    "金桥花园没有水，居民无法做饭，请尽快恢复供水",
    "金桥花园小区停水没有通知，要求说明原因并恢复供水",
    "反映金桥花园从早上停水到现在，希望尽快恢复",
)


class Hotline:
    """The parts that look for likeness, on one database."""

    def __init__(self, store: Store, clock: ManualClock, rules: Rules, folder: Path) -> None:
        self.store = store
        bus = InProcessBus()
        self.index = OrderIndex(store, bus, folder)
        self.repeats = Repeats(store, clock, rules, self.index)
        self.grouping = EventGrouping(store, clock, rules, self.index)
        alerts = Alerts(store, bus, clock)
        self.watch = EventWatch(store, bus, clock, rules, self.grouping, alerts)
        self.events = HotEvents(store, clock, rules)

    async def look(self) -> None:
        """A minute passes: what is new is read in, grouped and judged."""
        await self.index.read_in()
        await self.watch.look()

    async def alerts(self) -> list[FloorAlert]:
        async with self.store.read() as session:
            hot = FloorAlert.kind == AlertKind.HOT_EVENT
            return list(await session.scalars(select(FloorAlert).where(hot)))


@pytest.fixture
def hotline(store: Store, clock: ManualClock, rules: Rules, tmp_path: Path) -> Hotline:
    return Hotline(store, clock, rules, tmp_path / "similar")


def phone(number: int) -> str:
    return f"138000012{number:02d}"


async def told(desk: Desk, count: int, first: int = 0) -> list[str]:
    """So many citizens of Jinqiao without water."""
    opened = []
    for number in range(first, first + count):
        content = TOLD[number % len(TOLD)]
        more = {**WATER, "content": content, "caller_phone": phone(number)}
        opened.append((await desk.open(**more)).order_id)
    return opened


async def test_what_is_typed_finds_earlier_orders_with_reasons(
    hotline: Hotline, desk: Desk
) -> None:
    first = (await desk.open(**WATER, caller_phone=phone(1))).order_id
    await desk.open()
    desk.later(days=3)
    await hotline.index.read_in()
    demand = Demand(
        content="金桥花园又停水了，居民没法做饭", place="金桥花园3栋", caller_phone=phone(1)
    )
    found = await hotline.repeats.of_demand(desk.people["huawu1"], demand)
    assert [item.order.id for item in found.items] == [first]
    reasons = found.items[0].reasons
    assert reasons[:2] == ["同一来电人", "同一地点"]
    assert reasons[2].startswith("内容相似 ")
    assert reasons[-1] == "3天前"


async def test_only_earlier_orders_and_never_itself(hotline: Hotline, desk: Desk) -> None:
    first, second = await told(desk, 2)
    desk.later(hours=1)
    (third,) = await told(desk, 1, first=2)
    await hotline.index.read_in()
    agent = desk.people["huawu1"]
    found = await hotline.repeats.of_order(agent, third)
    assert {item.order.id for item in found.items} == {first, second}
    assert "1小时前" in found.items[0].reasons
    assert third not in {i.order.id for i in (await hotline.repeats.of_order(agent, first)).items}


async def test_a_confidential_report_is_not_betrayed_by_its_caller(
    hotline: Hotline, desk: Desk
) -> None:
    secret = (await desk.open(confidential=True, caller_phone=phone(7))).order_id
    other = (await desk.open(**WATER, caller_phone=phone(7))).order_id
    await hotline.index.read_in()
    for order_id in (secret, other):
        found = await hotline.repeats.of_order(desk.people["paidan"], order_id)
        assert not any(item.same_caller for item in found.items)
    asked = Demand(content="路灯三天不亮晚上出行不安全", caller_phone=phone(7))
    found = await hotline.repeats.of_demand(desk.people["huawu1"], asked)
    assert [(item.order.id, item.same_caller) for item in found.items] == [(secret, False)]


async def test_a_unit_finds_only_what_it_may_see(hotline: Hotline, desk: Desk) -> None:
    (foreign,) = await told(desk, 1)
    own = await desk.dispatched(**{**WATER, "content": TOLD[1], "caller_phone": phone(9)})
    desk.later(minutes=5)
    latest = await desk.dispatched(**{**WATER, "content": TOLD[2], "caller_phone": phone(10)})
    await hotline.index.read_in()
    found = await hotline.repeats.of_order(desk.people["chengguan"], latest)
    assert [item.order.id for item in found.items] == [own]
    with pytest.raises(NotFound):
        await hotline.repeats.of_order(desk.people["chengguan"], foreign)


async def test_three_of_a_kind_are_an_event_two_are_none(
    hotline: Hotline, desk: Desk, store: Store
) -> None:
    await told(desk, 2)
    await desk.open()
    await hotline.look()
    assert await hotline.events.page(7) == []
    await told(desk, 1, first=2)
    await hotline.look()
    await hotline.look()
    (event,) = await hotline.events.page(7)
    assert (event.size, event.last_hour, event.goes_on) == (3, 3, True)
    assert event.name.startswith("金桥花园 · ")
    assert await hotline.alerts() == []
    async with store.read() as session:
        assert len(list(await session.scalars(select(HotEventOrder)))) == 3


async def test_five_within_an_hour_call_the_shift_leader_once(hotline: Hotline, desk: Desk) -> None:
    await told(desk, 5)
    for _ in range(3):
        await hotline.look()
    (alert,) = await hotline.alerts()
    assert "60分钟内5件" in alert.text
    (event,) = await hotline.events.page(7)
    assert event.alert is not None
    assert event.alert.acknowledged_at is None


async def test_an_event_that_has_doubled_calls_again(hotline: Hotline, desk: Desk) -> None:
    await told(desk, 5)
    await hotline.look()
    book = Alerts(hotline.store, InProcessBus(), desk.clock)
    for alert in await hotline.alerts():
        await book.acknowledge(alert.id, desk.people["banzhang"])
    desk.later(minutes=20)
    await told(desk, 5, first=5)
    await hotline.look()
    of_event = [alert for alert in await hotline.alerts() if alert.matter.startswith("event:")]
    assert len(of_event) == 2
    assert "共10件" in max(of_event, key=lambda alert: alert.at).text


async def test_the_same_matter_over_days_calls_nobody(hotline: Hotline, desk: Desk) -> None:
    for number in range(5):
        await told(desk, 1, first=number)
        await hotline.look()
        desk.later(hours=20)
    (event,) = await hotline.events.page(7)
    assert event.size == 5
    assert await hotline.alerts() == []
    detail = await hotline.events.event(desk.people["banzhang"], event.id)
    assert detail.curve_by == "day"
    assert sum(point.count for point in detail.curve) == len(detail.orders) == 5


async def test_a_word_of_risk_calls_at_three(hotline: Hotline, desk: Desk) -> None:
    await told(desk, 2)
    content = "金桥花园停水，几十名居民聚集在物业门口，要求恢复供水"
    await desk.open(**{**WATER, "content": content, "caller_phone": phone(30)})
    await hotline.look()
    (alert,) = await hotline.alerts()
    assert "涉及聚集" in alert.text


async def test_a_kind_of_matter_far_above_usual_calls(hotline: Hotline, desk: Desk) -> None:
    places = ("白沙洲", "岳屏公园", "船山西路", "联合新村", "演武坪", "高兴村")
    for number, place in enumerate(places):
        content = f"{place}{number}号楼外的事情{number * 7919}"
        await desk.open(title=place, place=place, content=content, caller_phone=phone(number))
    await hotline.look()
    await hotline.look()
    (alert,) = await hotline.alerts()
    assert alert.matter.startswith("category:C010102:")
    assert "近1小时6件" in alert.text
    assert len(alert.detail["order_ids"]) == 6


async def test_every_day_as_many_is_usual(hotline: Hotline, desk: Desk) -> None:
    for _day in range(29):
        for number in range(5):
            content = f"第{number}处路灯{desk.clock.now():%m%d}不亮"
            await desk.open(title=f"{number}号路灯", place="", content=content)
        desk.later(days=1)
    desk.later(days=-1)
    await hotline.watch.look()
    assert [alert for alert in await hotline.alerts() if "category" in alert.matter] == []


async def test_the_index_is_written_down_and_goes_on(
    hotline: Hotline, desk: Desk, tmp_path: Path
) -> None:
    first = (await desk.open(**WATER)).order_id
    await hotline.index.start()
    await hotline.index.stop()
    await hotline.index.read_in()
    await hotline.index.save()
    again = OrderIndex(hotline.store, InProcessBus(), tmp_path / "similar")
    await again.open()
    assert [item.order_id for item in await again.alike("金桥花园停水")] == [first]
    (second,) = await told(desk, 1)
    await again.read_in()
    assert {item.order_id for item in await again.alike("金桥花园停水")} == {first, second}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("金桥花园", "金桥花园3栋", True),
        ("蒸湘北路 与解放大道交叉口", "蒸湘北路与解放大道交叉口", True),
        ("北路", "蒸湘北路", False),
        ("", "蒸湘北路", False),
    ],
)
def test_places_are_compared_as_they_are_written(one: str, other: str, same: bool) -> None:
    assert is_same_place(one, other) is same
