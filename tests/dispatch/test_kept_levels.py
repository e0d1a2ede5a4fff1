"""Service levels are kept: an order goes on under the version it was opened under."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from sqlalchemy import func, select

from config.rules import SHIPPED
from config.service_levels import FILE
from config.settings import Settings
from dispatch.commands import Dispatch, SignFor
from dispatch.kept_levels import KeptLevels
from dispatch.rules import Rules, load_rules
from dispatch.service import OrderService
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import RuleVersion, Task, WorkOrder
from tests.dispatch.desk import Desk

pytestmark = pytest.mark.store


def edition(folder: Path, version: str, help_days: int) -> Rules:
    """Rules under which help takes so many days."""
    content = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8"))
    content["version"] = version
    row = next(row for row in content["policies"] if row["code"] == "help")
    row["clocks"]["handle"]["amount"] = help_days
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_rules(Settings(var=folder / "var", rules=folder))


async def restarted(
    store: Store, clock: ManualClock, people: dict[str, Actor], rules: Rules
) -> tuple[Desk, str]:
    """The hotline as it starts with these rules, and what its operator is told."""
    told = await KeptLevels(store, clock, rules).keep()
    return Desk(OrderService(store, clock, rules), clock, people), told


async def promised(store: Store, order_id: str) -> tuple[str, float]:
    """Version and days of the lead task's handling."""
    async with store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
        task = await session.scalar(select(Task).where(Task.order_id == order_id))
    assert task is not None
    return order.sla_version, task.clocks["handle"]["amount"]


async def test_orders_on_both_sides_of_a_change(
    store: Store, clock: ManualClock, people: dict[str, Actor], tmp_path: Path
) -> None:
    before, told = await restarted(store, clock, people, edition(tmp_path / "a", "A", 5))
    assert told == ""
    old = (await before.open()).order_id
    after, told = await restarted(store, clock, people, edition(tmp_path / "b", "B", 3))
    assert told == ""
    new = (await after.open()).order_id
    for order_id in (old, new):  # both are dispatched under the new file
        await after.act("paidan", order_id, Dispatch(department="D-CG"))
        await after.act("chengguan", order_id, SignFor())
    assert await promised(store, old) == ("A", 5)
    assert await promised(store, new) == ("B", 3)


async def test_an_edit_without_a_new_version_has_no_effect_and_is_told(
    store: Store, clock: ManualClock, people: dict[str, Actor], tmp_path: Path
) -> None:
    await restarted(store, clock, people, edition(tmp_path / "a", "A", 5))
    desk, told = await restarted(store, clock, people, edition(tmp_path / "b", "A", 3))
    assert "没有换版本号（仍是 A）" in told
    assert await promised(store, await desk.signed()) == ("A", 5)


async def test_each_version_is_kept_once(
    store: Store, clock: ManualClock, people: dict[str, Actor], tmp_path: Path
) -> None:
    rules = edition(tmp_path / "a", "A", 5)
    for _ in range(2):
        assert (await restarted(store, clock, people, rules))[1] == ""
    async with store.read() as session:
        assert await session.scalar(select(func.count()).select_from(RuleVersion)) == 1
