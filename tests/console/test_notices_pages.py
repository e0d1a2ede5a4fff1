"""In a real Chromium: a unit is told of its order, and of two who act at once the second reads
what the first has done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from agent_console.services import WEB_DIST
from dispatch.notices.board import NoticeBoard
from dispatch.notices.news import NewsDesk
from tests.console.house import PASSWORD, House
from tests.console.orders import done, open_order
from tests.support.browser import chromium, person

pytestmark = pytest.mark.browser


@pytest.fixture
async def browser(house: House, tmp_path: Path) -> AsyncIterator[Browser]:
    house.services.web_dist.symlink_to(WEB_DIST)
    async with chromium(tmp_path / "nobody-speaks.wav") as found:
        yield found


async def tell(house: House) -> None:
    rules = house.services.rules
    board = NoticeBoard(rules, "蒸湘区12345")
    await NewsDesk(house.store, house.clock, rules, board).tell()


async def test_a_unit_is_told_and_a_late_second_reads_what_the_first_has_done(
    house: House, browser: Browser
) -> None:
    agent, dispatcher = await house.signed_in("agent"), await house.signed_in("dispatcher")
    order = await open_order(agent)
    async with person(browser, house.browser().origin, "clerk", PASSWORD) as page:
        await page.get_by_test_id("menu-notices").click()
        await expect(page.get_by_test_id("no-notices")).to_be_visible()
        order = await done(dispatcher, order, "dispatch", department="D-CG", note="")
        await tell(house)  # the page hears of it by itself
        notice = page.get_by_test_id("notice")
        await expect(notice).to_contain_text("新派单")
        await expect(notice).to_contain_text(order["order_no"])
        await expect(page.get_by_test_id("menu-notices")).to_contain_text("1")

        # From here on the page hears nothing any more: a cable, a proxy that swallows streams.
        await page.route("**/api/live*", lambda route: route.abort())
        await page.goto("/notices")
        await page.get_by_test_id("notice").click()
        await expect(page.get_by_test_id("order-no")).to_have_text(order["order_no"])
        await expect(page.get_by_test_id("menu-notices")).not_to_contain_text("1")
        leader = await house.signed_in("leader")
        await done(leader, order, "urge", reason="市民再次来电催办")
        await page.get_by_test_id("action-note").click()
        await page.get_by_test_id("words-note").fill("已联系诉求人")
        await page.get_by_test_id("do-note").click()
        changes = page.get_by_role("dialog").get_by_test_id("changes")
        await expect(changes).to_contain_text("陈建国")
        await expect(changes).to_contain_text("市民再次来电催办")
        await page.get_by_role("dialog").get_by_role("button", name="刷新工单").click()
        timeline = page.get_by_test_id("timeline")
        await expect(timeline).to_contain_text("市民再次来电催办")
        await page.get_by_test_id("do-note").click()  # what was typed is still there
        await expect(timeline).to_contain_text("已联系诉求人")
