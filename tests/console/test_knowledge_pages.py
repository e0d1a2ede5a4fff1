"""The knowledge base in a real Chromium: proposed, put into the answer, mended, gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import update

from agent_console.services import WEB_DIST
from dispatch.knowledge.watch import KnowledgeWatch
from models.tables import ArticleVersion
from tests.console.house import PASSWORD, House
from tests.console.knowledge import LAMP, publish
from tests.console.test_calls import past_call
from tests.support.browser import PHONE, chromium, person

pytestmark = pytest.mark.browser

NEW_WORDS = "路灯由城管维修，三天内到场，请说明灯杆编号。"


@pytest.fixture
async def browser(house: House, tmp_path: Path) -> AsyncIterator[Browser]:
    house.services.web_dist.symlink_to(WEB_DIST)
    async with chromium(tmp_path / "nobody-speaks.wav") as found:
        yield found


async def test_an_article_is_said_mended_by_two_and_gone_at_once(
    house: House, browser: Browser
) -> None:
    number = await publish(house)
    call = await past_call(house)  # whose citizen has said that the lamps are out
    url = house.browser().origin
    async with (
        person(browser, url, "agent", PASSWORD) as agent,
        person(browser, url, "clerk", PASSWORD) as clerk,
        person(browser, url, "manager", PASSWORD) as manager,
    ):
        await agent.goto(f"/desk?call={call.id}")
        card = agent.get_by_test_id("knowledge-card")
        await expect(card).to_contain_text(LAMP["spoken"])
        await _mend(clerk, manager, number)
        await expect(card).to_contain_text(NEW_WORDS)
        await agent.keyboard.press("Alt+Digit1")
        answer = agent.get_by_test_id("field-public-answer")
        source = f"（依据：知识库{number}《路灯不亮》，区城管局，2026-01-01起有效）"
        await expect(answer).to_have_value(f"{NEW_WORDS}\n{source}")
        await expect(agent.get_by_test_id("answer-source")).to_contain_text(number)
        await _search_and_read(manager, number)
        await _its_last_day_is_over(house, number)
        await expect(card).to_have_count(0)
        await expect(agent.get_by_test_id("source-gone")).to_contain_text(number)
        await expect(manager.get_by_test_id("article-state")).to_have_text("已过期")


async def _mend(clerk: Page, manager: Page, number: str) -> None:
    """The clerk writes, and cannot publish; the manager does."""
    await clerk.goto(f"/knowledge?number={number}")
    await clerk.get_by_test_id("edit-article").click()
    await clerk.get_by_test_id("article-spoken").fill(NEW_WORDS)
    await clerk.get_by_test_id("do-save-article").click()
    await clerk.get_by_test_id("submit-article").click()
    await expect(clerk.get_by_test_id("article-open")).to_contain_text("待审")
    await expect(clerk.get_by_test_id("publish-article")).to_have_count(0)
    await manager.goto("/knowledge")
    await manager.get_by_test_id("shelf-review").click()
    await manager.get_by_test_id("article-row").click()
    await manager.get_by_test_id("publish-article").click()
    await manager.get_by_test_id("do-decide-article").click()
    await expect(manager.get_by_test_id("article")).to_contain_text("第 2 版")


async def _search_and_read(page: Page, number: str) -> None:
    """Also on a telephone's screen, without scrolling sideways."""
    await page.set_viewport_size(PHONE)
    await page.goto("/knowledge")
    await page.get_by_test_id("knowledge-query").fill("巷子里的路灯坏了")
    row = page.get_by_test_id("article-row")
    await expect(row).to_have_attribute("data-number", number)
    await row.click()
    await page.get_by_test_id("show-history").click()
    await expect(page.get_by_test_id("article-history")).to_contain_text("审核通过并发布")
    wide = "() => document.documentElement.scrollWidth <= window.innerWidth"
    await page.wait_for_function(wide)


async def _its_last_day_is_over(house: House, number: str) -> None:
    """As if the day had passed: the clock stays, for the sessions."""
    services = house.services
    yesterday = services.clock.now().date() - timedelta(days=1)
    async with house.store.transaction() as work:
        mine = ArticleVersion.number == number
        await work.session.execute(update(ArticleVersion).where(mine).values(valid_to=yesterday))
    await KnowledgeWatch(house.store, services.clock, services.rules).look()
