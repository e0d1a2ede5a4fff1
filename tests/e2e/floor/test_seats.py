"""The agent's seat in browsers: one telephone, a transfer nobody takes, a message called back."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from hotline.simulation.sound import spoken_ulaw
from tests.e2e.floor.stage import (
    WORDS,
    Stage,
    ask_in,
    in_state,
    is_at,
    sound_flows,
)
from tests.support.browser import person
from tests.telephony.floor import until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="package"),
]

#: Done once the sound has been heard for a moment.
_PLAYS = """
(sound) => new Promise((heard) => {
  sound.addEventListener('timeupdate', () => sound.currentTime > 0.3 && heard());
  sound.play();
})
"""

SAID = "你好，蒸湘北路的路灯坏了一个星期了，希望尽快维修。"
LEFT_A_MESSAGE = "13907342077"


async def test_who_signs_in_at_another_computer_takes_the_telephone_along(stage: Stage) -> None:
    hotline = stage.hotline
    async with (
        stage.agent("huawu1") as page,
        person(stage.browser, hotline.url, "huawu1", hotline.password) as other,
    ):
        # The page is only opened elsewhere: it takes nothing by itself.
        await expect(other.get_by_test_id("seat-elsewhere")).to_be_visible()
        await _line_is(page, "registered")
        async with stage.talk(page) as caller:
            await sound_flows(page, caller.voice)
            await other.goto("/desk")
            await _takes_the_seat(other)
            await expect(page.get_by_test_id("seat-elsewhere")).to_be_visible()
            await _line_is(page, "off")
            # The call comes along, and stays.
            await in_state(other, "TALKING")
            await sound_flows(other, caller.voice)
            await _takes_the_seat(page)
            await expect(other.get_by_test_id("seat-elsewhere")).to_be_visible()
            await in_state(page, "TALKING")
            await sound_flows(page, caller.voice)
            await page.get_by_test_id("hangup").click()
            await is_at(page, "WRAP_UP")
        await _leader_signs_out(stage, "huawu1")
        told = page.get_by_test_id("signed-out-because")
        await expect(told).to_contain_text("强制置态：交接班")


async def test_a_transfer_that_nobody_takes_is_told_on_both_pages(stage: Stage) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.agent("huawu2") as other,
        stage.talk(page) as caller,
    ):
        await page.get_by_test_id("field-place").fill("人民路八号")
        await ask_in(page, "王志强", "transfer")
        await expect(page.get_by_test_id("desk")).to_contain_text("正在转接王志强")
        await expect(other.get_by_test_id("call-phase")).to_have_text("转接来电")
        await other.get_by_test_id("hangup").click()
        await expect(page.get_by_test_id("call-phase")).to_have_text("转接无人接听，退回")
        await page.get_by_test_id("answer").click()
        await in_state(page, "TALKING")
        await sound_flows(page, caller.voice)
        await expect(other.get_by_test_id("draft-elsewhere")).to_have_count(0)
        await page.get_by_test_id("hangup").click()
        await is_at(page, "WRAP_UP")


async def test_a_message_is_heard_and_becomes_an_order(stage: Stage) -> None:
    """Nobody is signed in; the agent who comes finds the task, hears it, registers, is done."""
    async with stage.citizen(LEFT_A_MESSAGE) as caller:
        caller.voice.say(spoken_ulaw(WORDS * 40))
        await until(lambda: _is_recorded(stage), 120)
    async with stage.agent("huawu1", "/callbacks") as page:
        task = page.get_by_test_id("callback").filter(has_text="139 0734 2077")
        await task.get_by_test_id("take-callback").click()
        await task.get_by_test_id("lost-call").click()
        sound = page.locator("audio")
        await expect(sound).to_have_count(1)
        await sound.evaluate(_PLAYS)
        await stage.has_said(page.url.rpartition("/")[2], SAID)
        await page.get_by_test_id("continue-draft").click()
        await page.get_by_test_id("field-content").fill(SAID)
        await expect(page.get_by_test_id("draft-state")).to_have_attribute("data-state", "saved")
        await page.goto("/callbacks")
        await page.get_by_test_id("callbacks-mine").click()
        await task.get_by_test_id("callback-draft").click()
        await expect(page.get_by_test_id("field-content")).to_have_value(SAID)
        await page.get_by_test_id("type-HELP").click()
        await page.get_by_test_id("suggestion-category-0").click()
        await page.get_by_test_id("suggestion-department-0").click()
        await page.get_by_test_id("submit-dispatch").click()
        await expect(page.get_by_test_id("opened-order").first).to_be_visible()
        await page.goto("/callbacks")
        await page.get_by_test_id("callbacks-mine").click()
        await task.get_by_test_id("finish-callback").click()
        await page.get_by_test_id("do-callback").click()
        await expect(task).to_have_count(0)


async def _leader_signs_out(stage: Stage, username: str) -> None:
    async with stage.hotline.signed_in(username) as agent:
        agent_id = (await agent.get("/api/agent"))["presence"]["agent_id"]
    async with stage.hotline.signed_in("banzhang") as leader:
        body = {"state": "OFFLINE", "reason": "交接班"}
        await leader.post(f"/api/agents/{agent_id}/force-state", body)


def _is_recorded(stage: Stage) -> bool:
    """Some seconds of the message lie on the disk."""
    files = stage.hotline.settings.recordings_dir.rglob("voicemail.wav")
    return any(file.stat().st_size > 40_000 for file in files)


async def _takes_the_seat(page: Page) -> None:
    await page.get_by_test_id("seat-elsewhere").get_by_role("button").click()
    await _line_is(page, "registered")


async def _line_is(page: Page, state: str) -> None:
    await expect(page.get_by_test_id("line-state")).to_have_attribute("data-line", state)
