"""A page that loses the network in mid-call: what its agent sees, what is kept, what comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from models.tables import Draft
from tests.e2e.floor.stage import (
    Stage,
    bar,
    for_a_reason,
    in_state,
    is_at,
    sound_flows,
)
from tests.support.browser import cut_off
from tests.support.cable import Cable

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="package"),
]


async def test_a_page_without_network_keeps_state_call_and_draft(stage: Stage) -> None:
    async with (
        Cable(stage.hotline.url).laid() as cable,
        stage.agent("huawu1", url=cable.url) as page,
        stage.talk(page) as caller,
    ):
        call_id = await page.get_by_test_id("desk").get_attribute("data-call")
        await _type(page, "place", "人民路八号")
        await expect(page.get_by_test_id("draft-state")).to_have_attribute("data-state", "saved")
        await sound_flows(page, caller.voice)

        async with cut_off(page, cable):
            await _sees_no_network(page)
            await _type(page, "content", "停水三天")
            state = page.get_by_test_id("draft-state")
            await expect(state).to_have_attribute("data-state", "failed")
            await expect(state).to_contain_text("暂存在本窗口")
            await page.keyboard.press("F4")
            await expect(page.get_by_test_id("agent-trouble")).to_contain_text("网络连接失败")
            caller.voice.forget()
            assert await caller.voice.hears(1.0, within=30), "the talk broke off"
        await _sees_the_network(page)
        await in_state(page, "TALKING")
        await sound_flows(page, caller.voice)
        await expect(page.get_by_test_id("draft-state")).to_have_attribute("data-state", "saved")
        assert await _draft(stage, call_id) == {"place": "人民路八号", "content": "停水三天"}

        async with cut_off(page, cable):
            await _sees_no_network(page)
            await caller.phone.hang_up()
        await _sees_the_network(page)
        await is_at(page, "WRAP_UP")
        await expect(bar(page)).to_have_attribute("data-phase", "idle")
        await expect(page.get_by_test_id("field-content")).to_have_value("停水三天")


async def test_a_page_whose_sound_is_lost_says_so(stage: Stage) -> None:
    """The exchange hangs for a while: the page is well connected, and nothing comes through."""
    async with stage.agent("huawu1") as page, stage.talk(page) as caller:
        await sound_flows(page, caller.voice)
        lost = page.get_by_test_id("sound-lost")
        await expect(lost).to_have_count(0)
        with stage.exchange_frozen():
            await expect(lost).to_be_visible()
            await in_state(page, "TALKING")
        await expect(lost).to_have_count(0)
        await sound_flows(page, caller.voice)


async def test_a_call_that_goes_on_elsewhere_meanwhile_leaves_the_unsaved_words_before_the_eyes(
    stage: Stage,
) -> None:
    async with (
        Cable(stage.hotline.url).laid() as cable,
        stage.agent("banzhang", "/floor") as leader,
        stage.agent("huawu1", url=cable.url) as page,
        stage.talk(page) as caller,
    ):
        call_id = await page.get_by_test_id("desk").get_attribute("data-call")
        await _type(page, "place", "人民路八号")
        await expect(page.get_by_test_id("draft-state")).to_have_attribute("data-state", "saved")
        async with cut_off(page, cable):
            await _sees_no_network(page)
            await _type(page, "content", "停水三天")
            await for_a_reason(leader, "act-take_over")
            await in_state(leader, "TALKING")
            await sound_flows(leader, caller.voice)
            await expect(leader.get_by_test_id("field-place")).to_have_value("人民路八号")
            await expect(leader.get_by_test_id("field-content")).to_have_value("")
        await _sees_the_network(page)
        await is_at(page, "WRAP_UP")
        await expect(page.get_by_test_id("draft-elsewhere")).to_contain_text("陈建国")
        await expect(page.get_by_test_id("draft-unsaved")).to_be_visible()
        await expect(page.get_by_test_id("field-content")).to_have_value("停水三天")
        await expect(page.get_by_test_id("field-content")).to_be_disabled()
        assert await _draft(stage, call_id) == {"place": "人民路八号", "content": ""}
        await leader.get_by_test_id("hangup").click()


async def _type(page: Page, field: str, words: str) -> None:
    await page.get_by_test_id(f"field-{field}").fill(words)


async def _sees_no_network(page: Page) -> None:
    await expect(page.get_by_test_id("live-lost")).to_be_visible()
    await expect(page.get_by_test_id("line-state")).to_have_attribute("data-line", "lost")


async def _sees_the_network(page: Page) -> None:
    await expect(page.get_by_test_id("live-lost")).to_be_hidden()
    await expect(page.get_by_test_id("line-state")).to_have_attribute("data-line", "registered")


async def _draft(stage: Stage, call_id: str | None) -> dict[str, str]:
    """What the server has."""
    async with stage.hotline.database() as store, store.read() as session:
        draft = await session.get(Draft, call_id)
    assert draft is not None
    return {name: draft.content[name] for name in ("place", "content")}
