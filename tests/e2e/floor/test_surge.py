"""Surge mode by hand: what callers hear, one key for the order of a call, and the end."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from hotline.demo.client import RequestFailed
from models.tables import WorkOrder
from models.vocabulary import OrderState, RequestType
from tests.e2e.floor.stage import Stage, bar, be_ready, in_state, is_at, sound_flows
from tests.telephony.sounds import hears, likeness, sound_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="package"),
]

NUMBER, LATER = "13907342002", "13907342003"
GREETING = "东片大面积停电，供电部门正在抢修，预计两小时恢复。"


async def test_a_leader_starts_surge_mode_and_one_key_makes_the_order_of_a_call(
    stage: Stage,
) -> None:
    prompts = stage.hotline.asterisk.prompts
    incident = await prompts.spoken(GREETING)
    async with (
        stage.agent("huawu1") as page,
        stage.agent("banzhang", "/floor") as leader,
        surely_ended(stage),
    ):
        await _start(leader)
        banner = page.get_by_test_id("surge-banner")
        await expect(banner).to_contain_text("东片停电")
        await be_ready(page)
        async with stage.citizen(NUMBER) as caller:
            await hears(caller.voice, incident, within=60)
            await expect(bar(page)).to_have_attribute("data-phase", "ringing")
            await page.get_by_test_id("answer").click()
            await in_state(page, "TALKING")
            await sound_flows(page, caller.voice)
            await page.get_by_test_id("surge-order").click()
            await expect(page.get_by_test_id("opened-order")).to_have_count(1)
            await expect(page.get_by_test_id("surge-order")).to_have_count(0)
            await sound_flows(page, caller.voice)
            await page.get_by_test_id("hangup").click()
            await is_at(page, "WRAP_UP")
        await _is_the_incidents(stage)

        await leader.get_by_test_id("surge-end").click()
        await leader.get_by_test_id("surge-note").fill("已恢复供电")
        await leader.get_by_test_id("do-surge-end").click()
        await expect(leader.get_by_test_id("surge-start")).to_be_visible()
        await expect(banner).to_have_count(0)
        await leader.get_by_test_id("surge-records").click()
        await expect(leader.get_by_test_id("surge-history")).to_contain_text("已恢复供电")
        await expect(leader.get_by_test_id("surge-helpers")).to_be_visible()
        await leader.keyboard.press("Escape")
        await be_ready(page)
        async with stage.citizen(LATER) as caller:
            await hears(caller.voice, prompts.uri("greeting"), within=60)
            await expect(bar(page)).to_have_attribute("data-phase", "ringing")
            assert likeness(sound_of(incident), caller.voice.heard()) < 0.5, "still told of it"


@asynccontextmanager
async def surely_ended(stage: Stage) -> AsyncIterator[None]:
    """Whatever becomes of this story: the next one is an ordinary day."""
    try:
        yield
    finally:
        async with stage.hotline.signed_in("banzhang") as client:
            with contextlib.suppress(RequestFailed):
                await client.post("/api/surge/end", {"note": ""})


async def _start(leader: Page) -> None:
    await leader.get_by_test_id("surge-start").click()
    form = leader.get_by_test_id("surge-dialog")
    start = leader.get_by_test_id("do-surge")
    await expect(start).to_be_disabled()
    await leader.get_by_test_id("surge-title").fill("东片停电")
    await leader.get_by_test_id("surge-greeting").fill(GREETING)
    await leader.get_by_test_id("surge-type").click()
    await leader.get_by_role("option", name="求助").click()
    await form.get_by_placeholder("诉求分类").fill("停电")
    await leader.locator(".el-cascader__suggestion-item").first.click()
    await leader.get_by_test_id("surge-order-title").fill("东片大面积停电")
    await form.get_by_label("地点").fill("城东片区")
    await form.get_by_label("诉求内容").fill("市民反映家中停电，询问恢复时间。")
    await start.click()
    await expect(form).to_have_count(0)
    await expect(leader.get_by_test_id("surge-end")).to_be_visible()


async def _is_the_incidents(stage: Stage) -> None:
    """An ordinary order, with what the template says and the call knows."""
    call = await stage.over(NUMBER, recordings=2)
    async with stage.hotline.database() as store, store.read() as session:
        (order,) = await session.scalars(select(WorkOrder).where(WorkOrder.call_id == call.id))
    assert (order.title, order.place) == ("东片大面积停电", "城东片区")
    assert (order.request_type, order.caller_phone) == (RequestType.HELP, NUMBER)
    assert order.state is OrderState.TO_DISPATCH
