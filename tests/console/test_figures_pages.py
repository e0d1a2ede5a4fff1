"""The pages of figures and rosters in a real Chromium, as a shift leader uses them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from agent_console.services import WEB_DIST
from models.tables import ShiftAssignment
from tests.console.house import PASSWORD, House
from tests.console.test_floor_figures import DAY, PERIOD, a_morning
from tests.support.browser import PHONE, chromium, person
from tests.support.floor_past import ZONE

pytestmark = pytest.mark.browser


@pytest.fixture
async def leader(house: House, tmp_path: Path) -> AsyncIterator[Page]:
    """A shift leader at a browser, after a busy morning."""
    house.services.web_dist.symlink_to(WEB_DIST)
    await a_morning(house)
    async with (
        chromium(tmp_path / "nobody-speaks.wav") as browser,
        person(browser, house.browser().origin, "leader", PASSWORD) as page,
    ):
        yield page


async def test_a_number_is_read_understood_and_opened(leader: Page) -> None:
    await leader.goto(f"/floor-figures?{PERIOD}")
    total = leader.locator("[data-testid=figures-row][data-key=total]")
    await expect(total).to_contain_text("合计")
    await expect(leader.get_by_test_id("call-curve").locator("path.line")).to_have_count(3)
    await expect(leader.get_by_test_id("now-offered")).not_to_contain_text("—")
    answered = total.get_by_role("link").nth(1)
    count = int(await answered.inner_text())

    await answered.click()
    opened = leader.get_by_test_id("figures-cell")
    for words in ("接听量", "2026-11-02", "由坐席接听的来电数"):
        await expect(opened).to_contain_text(words)
    await expect(leader.get_by_test_id("call-row")).to_have_count(min(50, count))
    await leader.get_by_role("button", name="返回报表").click()

    await leader.get_by_text("按坐席").click()
    rows = leader.get_by_test_id("figures-row")
    await expect(rows).to_have_count(3)
    await expect(leader.get_by_test_id("figures-table")).to_contain_text("李晓梅")


async def test_the_figures_of_one_queue_and_of_one_agent_are_chosen(leader: Page) -> None:
    await leader.goto(f"/floor-figures?{PERIOD}")
    total = leader.locator("[data-testid=figures-row][data-key=total]")
    everybody = int(await total.get_by_role("link").first.inner_text())
    await leader.get_by_test_id("figures-agent").click()
    await leader.get_by_role("option", name="李晓梅").click()
    await expect(leader).to_have_url(re.compile(r"agent=\w"))
    await expect(total.get_by_role("link").first).not_to_have_text(str(everybody))
    assert 0 < int(await total.get_by_role("link").first.inner_text()) < everybody

    await leader.get_by_test_id("figures-queue").click()
    await leader.get_by_role("option", name="市场监管").click()
    await expect(leader).to_have_url(re.compile(r"queue=market"))
    await leader.reload()
    await expect(leader.get_by_test_id("figures-queue")).to_contain_text("市场监管")
    await expect(leader.get_by_test_id("figures-agent")).to_contain_text("李晓梅")


async def test_a_week_is_proposed_changed_and_kept(house: House, leader: Page) -> None:
    await leader.goto(f"/staffing?day={DAY}")
    await expect(leader.get_by_test_id("short-hours")).to_contain_text("人时")
    await expect(leader.get_by_test_id("staffing-table").locator("tbody tr")).to_have_count(48)
    await expect(leader.get_by_test_id("findings")).to_contain_text("夜间值守0人")

    await leader.get_by_test_id("propose").click()
    await expect(leader.get_by_test_id("unsaved")).to_be_visible()
    monday = leader.get_by_label("李晓梅2026-11-02班次")
    tuesday = leader.get_by_label("李晓梅2026-11-03班次")
    await monday.select_option("night")
    await tuesday.select_option("early")
    found = leader.locator("[data-testid=findings] [data-code=SHORT_REST]")
    await expect(found.first).to_contain_text("李晓梅：11月02日夜班与11月03日早班")
    await tuesday.select_option("")
    await leader.get_by_test_id("save-week").click()
    await expect(leader.get_by_test_id("unsaved")).not_to_be_visible()

    await leader.reload()
    await expect(leader.get_by_label("李晓梅2026-11-02班次")).to_have_value("night")
    async with house.store.read() as session:
        kept = list(await session.scalars(select(ShiftAssignment).order_by(ShiftAssignment.day)))
    night = datetime(2026, 11, 2, 22, tzinfo=ZONE)
    assert any(row.shift == "night" and row.starts_at == night for row in kept)


async def test_both_pages_fit_a_telephone(leader: Page) -> None:
    await leader.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    for path, ready in (
        (f"/floor-figures?{PERIOD}", "figures-table"),
        (f"/staffing?day={DAY}", "week-grid"),
    ):
        await leader.goto(path)
        await leader.get_by_test_id(ready).wait_for()
        width = await leader.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], path
