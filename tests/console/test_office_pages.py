"""The office at work in a real Chromium: merging a hot event, and making a unit answer."""

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
from tests.console.orders import done, open_order
from tests.support.browser import chromium, person

pytestmark = pytest.mark.browser

TOLD = (
    "金桥花园3栋停水了，问物业说不知道，什么时候恢复供水",
    "金桥花园小区今天早上停水，家里有老人小孩，希望尽快供水",
    "金桥花园没有水，居民无法做饭，请尽快恢复供水",
)


@pytest.fixture
async def browser(house: House, tmp_path: Path) -> AsyncIterator[Browser]:
    house.services.web_dist.symlink_to(WEB_DIST)
    async with chromium(tmp_path / "nobody-speaks.wav") as found:
        yield found


async def without_water(house: House) -> list[str]:
    """Citizens of one estate call about the same; gives their orders' ids."""
    agent, services, ids = await house.signed_in("agent2"), house.services, []
    for number, content in enumerate(TOLD):
        order = await open_order(
            agent,
            title=f"金桥花园停水（{number + 1}）",
            content=content,
            place="金桥花园",
            category="C120101",
            caller_phone=f"1390000123{number}",
            callback_phone="",
        )
        ids.append(order["id"])
    assert isinstance(services.alike, OrderIndex)
    await services.alike.read_in()
    grouping = EventGrouping(services.store, services.clock, services.rules, services.alike)
    alerts = Alerts(services.store, services.bus, services.clock)
    parts = (services.store, services.bus, services.clock, services.rules)
    await EventWatch(*parts, grouping, alerts).look()
    return ids


async def test_a_hot_event_gets_a_lead_order_and_nobody_is_lost(
    house: House, browser: Browser
) -> None:
    ids = await without_water(house)
    async with person(browser, house.browser().origin, "leader", PASSWORD) as page:
        await page.goto("/events")
        await page.get_by_test_id("merge-event").click()
        await page.get_by_test_id("do-merge-event").click()
        await expect(page.get_by_test_id("merge-outcome")).to_contain_text("已并入主单 2 件")
        await expect(page.get_by_test_id("merge-event")).to_have_text("并入新增工单")
        await page.goto(f"/orders/{ids[2]}")
        await expect(page.get_by_test_id("order-state").first).to_have_text("已并单")
        await page.get_by_test_id("merged-into").get_by_role("link").click()
        await expect(page.get_by_test_id("order-title")).to_have_text("金桥花园停水（1）")
        await expect(page.get_by_test_id("office-panel")).to_contain_text("并入本工单的诉求 2 件")


async def test_a_unit_is_made_to_answer_and_the_office_looks_at_it(
    house: House, browser: Browser
) -> None:
    agent, dispatcher = await house.signed_in("agent2"), await house.signed_in("dispatcher")
    clerk = await house.signed_in("clerk")
    order = await open_order(agent)
    order = await done(dispatcher, order, "dispatch", department="D-CG")
    order = await done(clerk, order, "sign_for")
    origin = house.browser().origin
    async with person(browser, origin, "leader", PASSWORD) as page:
        await page.goto(f"/orders/{order['id']}")
        await page.get_by_test_id("action-supervise").click()
        form = page.get_by_test_id("fields-supervise")
        await form.get_by_test_id("supervise-level-2").click()
        await form.get_by_test_id("supervise-reason_code").click()
        await page.get_by_role("option", name="推诿拒办").click()
        await form.get_by_test_id("supervise-reason").fill("请说明至今未办的原因")
        await form.get_by_test_id("do-supervise").click()
        await expect(page.get_by_test_id("supervised")).to_have_text("二级督办")
        await expect(page.get_by_test_id("oversight")).to_contain_text("督〔")

    async with person(browser, origin, "clerk", PASSWORD) as page:
        await page.goto("/oversight")
        waiting = page.get_by_test_id("waiting-oversight")
        await expect(waiting).to_contain_text("请说明至今未办的原因")
        await waiting.get_by_role("link").click()
        await page.get_by_test_id("action-answer_supervision").click()
        form = page.get_by_test_id("fields-answer_supervision")
        await form.get_by_test_id("answer_supervision-answer").fill("配件缺货，已调货，明日修复")
        await form.get_by_test_id("do-answer_supervision").click()
        await expect(page.get_by_test_id("oversight")).to_contain_text("待审核")
        await page.get_by_test_id("action-ask_shelf").click()
        await expect(page.get_by_test_id("do-ask_shelf")).to_be_disabled()

    async with person(browser, origin, "manager", PASSWORD) as page:
        await page.goto(f"/orders/{order['id']}")
        await page.get_by_test_id("action-settle_supervision").click()
        form = page.get_by_test_id("fields-settle_supervision")
        await form.get_by_test_id("settle_supervision-granted-true").click()
        await form.get_by_test_id("settle_supervision-remark").fill("同意销号")
        await form.get_by_test_id("do-settle_supervision").click()
        await expect(page.get_by_test_id("supervised")).to_have_count(0)
        await expect(page.get_by_test_id("oversight")).to_contain_text("已销号")
