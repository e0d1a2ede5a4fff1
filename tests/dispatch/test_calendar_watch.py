"""The calendar is not there yet, and then it is: an alarm, firm dates, none of them earlier."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.calendar import load_calendar
from dispatch.calendar_watch import CalendarWatch
from dispatch.commands import Recount
from dispatch.rules import Rules
from dispatch.service import OrderService
from models.clock import ManualClock
from models.errors import RoleRefused
from models.store import Store
from models.tables import OrderEvent, Task, WorkOrder
from models.vocabulary import AlertKind
from tests.dispatch.desk import ZONE, Desk

pytestmark = pytest.mark.store

#: Five working days from here reach into a year that is not loaded.
YEARS_END = datetime(2026, 12, 29, 10, 0, tzinfo=ZONE)


class Bell:
    """Stands in for the alerts; remembers what is open."""

    def __init__(self) -> None:
        self.open: dict[str, str] = {}

    async def raise_alert(self, kind: AlertKind, matter: str, text: str, **_: Any) -> str | None:
        """Keep it."""
        assert kind is AlertKind.CALENDAR
        self.open[matter] = text
        return matter

    async def settle(self, matter: str) -> bool:
        """It is over."""
        return self.open.pop(matter, None) is not None


def with_calendar(rules: Rules, **changed: Any) -> Rules:
    """The rules of an installation that was started again with this calendar."""
    return replace(rules, calendar=replace(rules.calendar, **changed))


def with_2027(rules: Rules) -> Rules:
    """New Year from Friday to Sunday, as nobody knew when the orders were dispatched."""
    off = {date(2027, 1, day) for day in (1, 2, 3)}
    return with_calendar(
        rules,
        version="2027",
        years=rules.calendar.years | {2027},
        off=rules.calendar.off | off,
    )


async def due(store: Store, order_id: str) -> tuple[str, bool]:
    """What order and lead task are promised, and whether it is provisional."""
    async with store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
        task = await session.scalar(select(Task).where(Task.order_id == order_id))
    assert task is not None
    assert order.due_at == task.due_at
    assert order.due_at is not None
    if order.state == "DISPATCHED":
        assert order.light_red_at == order.due_at
    return f"{order.due_at.astimezone(ZONE):%m-%d}", order.due_provisional


async def actions(store: Store, order_id: str) -> list[str]:
    """The order's history."""
    async with store.read() as session:
        query = select(OrderEvent.action).where(OrderEvent.order_id == order_id)
        return list(await session.scalars(query.order_by(OrderEvent.seq)))


async def test_from_a_provisional_date_to_a_firm_one(
    store: Store, clock: ManualClock, rules: Rules, desk: Desk
) -> None:
    bell = Bell()
    clock.set(YEARS_END)
    at_work, audited = await desk.signed(), await desk.submitted()
    waiting = (await desk.open()).order_id  # a natural day to dispatch: nothing provisional
    before = CalendarWatch(store, desk.service, bell)
    assert await before.recount() == 0
    await before.look()
    assert bell.open == {
        "working-calendar": "2件在办工单的时限超出工作日历（只到2026年），暂按周一至周五推算；"
        "请载入2027年的放假安排，载入后自动重新计算"
    }
    assert await due(store, at_work) == ("01-05", True)

    known = OrderService(store, clock, with_2027(rules))
    after = CalendarWatch(store, known, bell)
    await after.look()
    assert bell.open == {}
    assert await after.recount() == 0
    assert await due(store, at_work) == await due(store, audited) == ("01-06", False)
    assert (await actions(store, at_work))[-1] == "recount"
    assert await actions(store, waiting) == ["open"]


async def test_a_new_year_is_one_file(
    store: Store, clock: ManualClock, rules: Rules, desk: Desk, tmp_path: Path
) -> None:
    """The days are made up for the test: the year has not been announced."""
    clock.set(YEARS_END)
    order_id = await desk.signed()
    assert await due(store, order_id) == ("01-05", True)
    folder = tmp_path / "calendar"
    folder.mkdir()
    text = 'source: 测试用，非正式通知\nholidays: ["01-01..01-03"]\nmake_up: []\n'
    (folder / "2027.yaml").write_text(text, encoding="utf-8")
    known = replace(rules, calendar=load_calendar(tmp_path))
    assert known.calendar.years == {2025, 2026, 2027}
    bell = Bell()
    await CalendarWatch(store, OrderService(store, clock, known), bell).look()
    assert await due(store, order_id) == ("01-06", False)
    assert bell.open == {}


async def test_a_calendar_with_less_time_keeps_what_was_promised(
    store: Store, rules: Rules, desk: Desk
) -> None:
    order_id = await desk.signed()  # until Friday the 27th
    sunday = with_calendar(rules, version="more", work=rules.calendar.work | {date(2026, 11, 22)})
    watch = CalendarWatch(store, OrderService(store, desk.clock, sunday), Bell())
    assert await watch.recount() == 0
    assert await due(store, order_id) == ("11-27", False)


async def test_of_two_processes_one_counts_anew(
    store: Store, clock: ManualClock, rules: Rules, desk: Desk
) -> None:
    clock.set(YEARS_END)
    order_id = await desk.dispatched()
    known = with_2027(rules)
    watches = [CalendarWatch(store, OrderService(store, clock, known), Bell()) for _ in range(2)]
    assert sum([await watch.recount() for watch in watches]) == 1
    assert await actions(store, order_id) == ["open", "dispatch", "recount"]
    async with store.read() as session:
        task = await session.scalar(select(Task).where(Task.order_id == order_id))
    assert task is not None
    assert task.sign_due.astimezone(ZONE).date() == date(2026, 12, 29)  # was firm already
    assert "2027年的放假安排" in task.clocks["handle.1"]["explanation"]  # the old promise stays


async def test_nobody_but_the_system_counts_anew(desk: Desk) -> None:
    order_id = await desk.signed()
    for who in ("huawu1", "paidan", "chengguan", "shenhe"):
        with pytest.raises(RoleRefused, match="重算时限"):
            await desk.act(who, order_id, Recount())
