"""Catalogue and units in a real Chromium: followed, a new one taken; a deputy at work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from agent_console.accounts import NewStaff, create_staff
from agent_console.services import CONSOLE, WEB_DIST
from config.catalogue_shelf import CatalogueShelf
from config.settings import load_settings
from dispatch.rules import Rules, load_rules
from models.clock import ManualClock
from models.vocabulary import Role
from tests.console.house import PASSWORD, House
from tests.console.orders import open_order
from tests.dispatch.catalogue_sheets import LAMPS, TOWN, as_excel
from tests.support.browser import PHONE, chromium, person

pytestmark = pytest.mark.browser


@pytest.fixture
def rules(clock: ManualClock) -> Rules:
    """Of this test alone: imports add to them."""
    loaded = load_rules(load_settings())

    def today() -> date:
        return clock.now().astimezone(loaded.zone).date()

    return replace(loaded, catalogues=CatalogueShelf(loaded.catalogues.first, today))


@pytest.fixture
async def browser(house: House, tmp_path: Path) -> AsyncIterator[Browser]:
    house.services.web_dist.symlink_to(WEB_DIST)
    await house.server.app[CONSOLE].directory.book.enter_file()
    colleague = NewStaff(username="clerk2", name="谢芳", roles=[Role.UNIT_CLERK], department="D-CG")
    await create_staff(house.store, colleague, PASSWORD, house.clock)
    async with chromium(tmp_path / "nobody-speaks.wav") as found:
        yield found


async def on_a_telephone(page: Page) -> None:
    """Nothing sticks out sideways."""
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await expect(page.locator("main")).to_be_visible()
    deadline = time.monotonic() + 30
    while not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        # A list that is just closing may still stand there.
        assert time.monotonic() < deadline, "the page is wider than the telephone"
        await asyncio.sleep(0.1)


async def type_time(page: Page, label: str, moment: str) -> None:
    field = page.get_by_role("dialog").get_by_label(label)
    await field.fill(moment)
    await field.press("Enter")


async def test_a_dispatcher_follows_the_catalogue_and_brings_a_new_one_in(
    house: House, browser: Browser, tmp_path: Path
) -> None:
    bad, good = tmp_path / "坏.xlsx", tmp_path / "好.xlsx"
    bad.write_bytes(as_excel(LAMPS, TOWN | {"主办单位": "执法队"}, LAMPS | {"不得下派": "也许"}))
    good.write_bytes(as_excel(LAMPS, TOWN))
    agent = await house.signed_in("agent")
    order = await open_order(agent, category="C010401", title="楼顶违法加建", lead_department="")
    async with person(browser, house.browser().origin, "dispatcher", PASSWORD) as page:
        await page.goto(f"/dispatch?id={order['id']}")
        hint = page.get_by_test_id("catalogue-hint")
        await expect(hint).to_contain_text("区城管局，协办 自规分局")
        await expect(hint).to_contain_text("不得下派")
        await page.get_by_test_id("take-catalogue").click()
        await page.get_by_test_id("do-dispatch").click()
        await expect(page.get_by_test_id("task")).to_have_count(2)

        await page.get_by_test_id("menu-catalogue").click()
        await expect(page.get_by_test_id("rule-row")).to_have_count(52)

        await page.get_by_test_id("open-import").click()
        await page.get_by_test_id("import-file").set_input_files(bad)
        fault = page.get_by_test_id("import-fault").first
        await expect(fault).to_contain_text("第3行")
        await expect(fault).to_contain_text("不认识的单位“执法队”")
        await expect(page.get_by_test_id("import-fault")).to_have_count(2)
        await expect(page.get_by_test_id("do-import")).to_be_disabled()

        await page.get_by_test_id("import-file").set_input_files(good)
        await expect(page.get_by_test_id("import-good")).to_contain_text("2 条规则都可以用")
        await page.get_by_test_id("import-note").fill("机构改革，路灯划转住建")
        await page.get_by_test_id("do-import").click()
        await expect(page.get_by_test_id("import-dialog")).to_be_hidden()
        await expect(page.get_by_test_id("rule-row")).to_have_count(2)
        newest = page.get_by_test_id("version").first
        await expect(newest).to_have_attribute("data-stands", "future")
        await expect(newest).to_contain_text("周敏")

        await page.get_by_test_id("owner-category").get_by_role("textbox").fill("路灯")
        await page.locator(".el-cascader__suggestion-item").first.click()
        await page.get_by_test_id("ask-owner").click()
        await expect(page.get_by_test_id("owner-answer")).to_contain_text("区城管局")
        await on_a_telephone(page)


async def test_an_administrator_notes_an_absence_and_the_deputy_takes_over(
    house: House, browser: Browser
) -> None:
    origin = house.browser().origin
    async with (
        person(browser, origin, "admin", PASSWORD) as admin,
        person(browser, origin, "clerk2", PASSWORD) as deputy,
    ):
        await admin.goto("/units?unit=D-CG")
        await expect(admin.get_by_test_id("unit-person")).to_have_count(2)
        row = admin.locator('[data-testid="unit-person"][data-username="clerk"]')
        await row.get_by_test_id("open-absence").click()
        await admin.get_by_test_id("absence-deputy").get_by_role("combobox").fill("谢芳")
        await admin.get_by_role("option", name="谢芳").click()
        await type_time(admin, "开始时间", "2026-11-02 00:00")
        await type_time(admin, "结束时间", "2026-11-04 00:00")
        await admin.get_by_test_id("do-absence").click()
        await expect(row.get_by_test_id("absence")).to_contain_text("由 谢芳 代理")

        await row.get_by_test_id("open-leave").click()
        await expect(admin.get_by_test_id("leave-dialog")).to_contain_text("手中没有未了事项")
        await admin.keyboard.press("Escape")

        await deputy.reload()
        await deputy.get_by_test_id("me").click()
        await deputy.get_by_test_id("post-0").click()
        await expect(deputy.get_by_test_id("acting-for")).to_contain_text("代彭海波")
        await deputy.goto("/units?unit=D-CG")
        await deputy.get_by_test_id("open-duty").click()
        await deputy.get_by_test_id("duty-name").fill("谢芳")
        await deputy.get_by_test_id("duty-phone").fill("0734-8812345")
        await type_time(deputy, "开始时间", "2026-11-02 00:00")
        await type_time(deputy, "结束时间", "2026-11-03 09:00")
        await deputy.get_by_test_id("do-duty").click()
        await expect(deputy.get_by_test_id("to-ring")).to_contain_text("谢芳")
        await on_a_telephone(deputy)
        await deputy.goto("/units")  # on a telephone the list comes first
        await expect(deputy.get_by_test_id("unit-row").first).to_be_visible()
