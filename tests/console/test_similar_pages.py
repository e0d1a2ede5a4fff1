"""Repeats and hot events in a real Chromium: at the form, before dispatch, on their page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from agent_console.services import WEB_DIST
from dispatch.floor.alerts import Alerts
from dispatch.hot.grouping import EventGrouping
from dispatch.hot.watch import EventWatch
from nlp.similar.orders import OrderIndex
from tests.console.house import PASSWORD, House
from tests.console.orders import open_order
from tests.support.browser import chromium, person

pytestmark = pytest.mark.browser

TOLD = (
    "金桥花园3栋停水了，问物业说不知道，什么时候恢复供水",
    "金桥花园小区今天早上停水，家里有老人小孩，希望尽快供水",
    "金桥花园没有水，居民无法做饭，请尽快恢复供水",
    "金桥花园小区停水没有通知，要求说明原因并恢复供水",
    "金桥花园从早上停水到现在，希望尽快恢复",
)


@pytest.fixture
async def browser(house: House, tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser, after five citizens of one estate were left without water."""
    house.services.web_dist.symlink_to(WEB_DIST)
    agent = await house.signed_in("agent2")
    for number, content in enumerate(TOLD):
        await open_order(
            agent,
            title=f"金桥花园停水（{number + 1}）",
            content=content,
            place="金桥花园",
            category="C120101",
            caller_phone=f"1390000123{number}",
            callback_phone="",
        )
    services = house.services
    assert isinstance(services.alike, OrderIndex)
    await services.alike.read_in()
    grouping = EventGrouping(services.store, services.clock, services.rules, services.alike)
    alerts = Alerts(services.store, services.bus, services.clock)
    parts = (services.store, services.bus, services.clock, services.rules)
    await EventWatch(*parts, grouping, alerts).look()
    async with chromium(tmp_path / "nobody-speaks.wav") as found:
        yield found


async def test_an_agent_sees_the_same_matter_while_typing(house: House, browser: Browser) -> None:
    async with person(browser, house.browser().origin, "agent", PASSWORD) as page:
        await page.goto("/desk")
        await page.get_by_test_id("field-content").fill("金桥花园停水了，请问什么时候恢复供水")
        await page.get_by_test_id("field-caller-phone").fill("13900001230")
        strip = page.get_by_test_id("similar-strip")
        await expect(strip).to_contain_text("疑似同一事项")
        await page.get_by_test_id("similar-toggle").click()
        first = page.get_by_test_id("similar-order").first
        await expect(first).to_contain_text("同一来电人")
        await expect(first).to_contain_text("内容相似")
        await expect(first).to_contain_text("金桥花园停水（1）")


async def test_a_dispatcher_sees_it_before_dispatch(house: House, browser: Browser) -> None:
    async with person(browser, house.browser().origin, "dispatcher", PASSWORD) as page:
        await page.goto("/dispatch")
        await page.get_by_text("金桥花园停水（5）").first.click()
        similar = page.get_by_test_id("similar-orders")
        await expect(similar.get_by_test_id("similar-order")).to_have_count(4)
        await expect(similar).to_contain_text("同一地点")


async def test_a_shift_leader_opens_the_event_and_acknowledges_it(
    house: House, browser: Browser
) -> None:
    async with person(browser, house.browser().origin, "leader", PASSWORD) as page:
        await page.goto("/events")
        await expect(page.get_by_test_id("event-row").first).to_contain_text("5 件")
        await expect(page.get_by_test_id("event-order")).to_have_count(5)
        await expect(page.get_by_test_id("event-curve")).to_be_visible()
        await page.get_by_test_id("acknowledge-event").click()
        await page.get_by_test_id("event-note").fill("已联系供水公司")
        await page.get_by_test_id("do-acknowledge-event").click()
        await expect(page.get_by_test_id("event")).to_contain_text("陈建国已于")
