"""Agents at their desks: real browsers, phones that ring, sound both ways."""

from __future__ import annotations

import contextlib
import re

import pytest
from playwright.async_api import Page, expect

from hotline.simulation.rtp import Voice
from hotline.simulation.sound import spoken_ulaw
from models.tables import UtteranceRow
from models.vocabulary import Leg
from tests.e2e.floor.stage import (
    WORDS,
    Stage,
    ask_in,
    bar,
    be_ready,
    in_state,
    is_at,
    listens,
    party,
    picks_up,
    sound_flows,
)
from tests.support.sipp import citizen

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="package"),
]


async def test_an_agent_holds_consults_swaps_and_talks_with_both(stage: Stage) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.colleague() as phone,
        stage.talk(page) as caller,
    ):
        await sound_flows(page, caller.voice)

        await page.keyboard.press("F4")
        await in_state(page, "HELD")
        await expect(page.get_by_test_id("party-citizen")).to_have_attribute("data-state", "music")
        caller.voice.forget()
        assert await caller.voice.hears(1.0), "no music on hold"
        await page.keyboard.press("F4")
        await in_state(page, "TALKING")
        await sound_flows(page, caller.voice)

        await ask_in(page, "模拟坐席一")
        await party(page, "ringing")
        await expect(page.get_by_test_id("swap")).to_be_disabled()
        ring = await picks_up(phone)
        await party(page, "joined")
        await in_state(page, "CONSULTING")
        await sound_flows(page, phone.voice)

        await page.get_by_test_id("swap").click()
        await party(page, "held")
        await sound_flows(page, caller.voice)
        await page.get_by_test_id("swap").click()
        await party(page, "joined")

        await page.get_by_test_id("conference").click()
        await in_state(page, "CONFERENCE")
        await sound_flows(page, caller.voice)
        phone.voice.forget()
        caller.voice.say(spoken_ulaw(WORDS))
        assert await phone.voice.hears(1.0), "the colleague hears nobody"

        await page.get_by_test_id("end-consult").click()
        await ring.ends()
        await in_state(page, "TALKING")
        await expect(page.get_by_test_id("party")).to_have_count(0)
        await sound_flows(page, caller.voice)


async def test_a_muted_agent_is_silent_and_keys_reach_the_other_end(stage: Stage) -> None:
    async with stage.agent("huawu1") as page, stage.talk(page) as caller:
        await sound_flows(page, caller.voice)
        await page.get_by_test_id("mute").click()
        assert await caller.voice.hears_silence(1.5, within=30), "a muted page is heard"
        await listens(page, caller.voice)
        await page.get_by_test_id("mute").click()
        await sound_flows(page, caller.voice)

        await page.get_by_test_id("keypad").click()
        for key in "12#":
            await page.keyboard.press(key)
        assert await caller.voice.hears_keys("12#", within=30), caller.voice.keys_heard

        await page.get_by_test_id("hangup-more").click()
        await page.get_by_test_id("hangup-plain").click()
        await caller.phone.finished()  # at once: nobody asks for a grade
        await is_at(page, "WRAP_UP")


async def test_a_call_is_handed_over_after_a_consultation(stage: Stage) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.colleague() as phone,
        stage.talk(page) as caller,
    ):
        await ask_in(page, "模拟坐席一")
        ring = await picks_up(phone)
        await party(page, "joined")
        await page.get_by_test_id("complete-transfer").click()
        await expect(page.get_by_test_id("agent-state")).to_have_attribute("data-state", "WRAP_UP")
        await expect(page.get_by_test_id("call-strip")).to_be_hidden()
        phone.voice.forget()
        caller.voice.say(spoken_ulaw(WORDS))
        assert await phone.voice.hears(1.0), "the colleague does not hear the citizen"
        caller.voice.forget()
        phone.voice.say(spoken_ulaw(WORDS))
        assert await caller.voice.hears(1.0), "the citizen does not hear the colleague"
        await phone.hang_up(ring)


async def test_a_call_is_passed_on_blindly_to_a_colleague_at_another_browser(
    stage: Stage,
) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.agent("huawu2") as other,
        stage.talk(page) as caller,
    ):
        await page.get_by_test_id("field-place").fill("人民路八号")
        await expect(page.get_by_test_id("draft-state")).to_contain_text("已保存")
        await ask_in(page, "王志强", "transfer")
        await expect(page.get_by_test_id("agent-state")).to_have_attribute("data-state", "WRAP_UP")
        await expect(bar(other)).to_have_attribute("data-phase", "ringing")
        await expect(other.get_by_test_id("party-asker")).to_contain_text("李晓梅")
        await expect(other.get_by_test_id("party")).to_have_count(0)
        await other.keyboard.press("F2")
        await in_state(other, "TALKING")
        await expect(other.get_by_test_id("caller-number")).to_contain_text("139 0734 1234")
        await expect(other.get_by_test_id("field-place")).to_have_value("人民路八号")
        await sound_flows(other, caller.voice)
        await expect(page.get_by_test_id("draft-elsewhere")).to_contain_text("王志强")
        await expect(page.get_by_test_id("field-place")).to_be_disabled()
        await expect(page.get_by_test_id("submit-dispatch")).to_have_count(0)
        await other.get_by_test_id("hangup").click()
        await expect(other.get_by_test_id("agent-state")).to_have_attribute("data-state", "WRAP_UP")


async def test_a_reload_amid_a_consultation_loses_nothing(stage: Stage) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.colleague() as phone,
        stage.talk(page) as caller,
    ):
        await page.get_by_test_id("field-place").fill("人民路八号")
        await ask_in(page, "模拟坐席一")
        await picks_up(phone)
        await party(page, "joined")
        await page.reload()
        await in_state(page, "CONSULTING")
        await party(page, "joined")
        await expect(bar(page)).to_have_attribute("data-phase", "talking")
        await expect(page.get_by_test_id("field-place")).to_have_value("人民路八号")
        await sound_flows(page, phone.voice)
        await page.get_by_test_id("end-consult").click()
        await in_state(page, "TALKING")
        await sound_flows(page, caller.voice)


async def test_a_page_loaded_anew_while_it_rings_rings_again(stage: Stage) -> None:
    async with stage.agent("huawu1") as page:
        await be_ready(page)
        async with stage.citizen("13907342077") as caller:
            await expect(bar(page)).to_have_attribute("data-phase", "ringing")
            await page.reload()
            await expect(bar(page)).to_have_attribute("data-phase", "ringing")
            await page.get_by_test_id("answer").click()
            await in_state(page, "TALKING")
            await sound_flows(page, caller.voice)


async def test_the_citizen_grades_the_service_and_the_wrap_up_is_lengthened(stage: Stage) -> None:
    async with stage.agent("huawu1") as page, stage.talk(page) as caller:
        caller.voice.say(spoken_ulaw(WORDS))
        await page.get_by_test_id("hangup").click()
        await expect(page.get_by_test_id("agent-state")).to_have_attribute("data-state", "WRAP_UP")
        caller.voice.forget()
        assert await caller.voice.hears(0.5), "nobody asks for a grade"
        await caller.voice.press("1")
        await expect(page.get_by_test_id("rating")).to_contain_text("非常满意")
        left = page.get_by_test_id("wrap-up-left")
        before = int(await left.inner_text())
        extend = page.get_by_test_id("wrap-up-extend")
        await extend.click()
        await expect(extend).to_be_disabled()
        assert int(await left.inner_text()) > before
        await be_ready(page)


async def test_a_caller_who_gave_up_is_called_back_from_the_list(stage: Stage) -> None:
    async with stage.agent("huawu1", "/callbacks") as page:
        async with stage.citizen("13907345678") as caller:
            assert await caller.voice.hears(1.0)
            # Who hangs up at once has not waited.
            long_enough = re.compile(r"0:(0[6-9]|[1-5]\d)")
            await expect(page.get_by_test_id("longest-wait")).to_have_text(long_enough)
        await expect(page.get_by_test_id("badge-callbacks")).to_be_visible()
        task = page.get_by_test_id("callback").filter(has_text="139 0734 5678")
        await task.get_by_test_id("take-callback").click()
        await page.get_by_test_id("callbacks-mine").click()
        async with (
            await Voice.open() as voice,
            citizen(stage.hotline.asterisk, media_port=voice.port) as phone,
        ):
            await task.get_by_test_id("call-callback").click()
            await phone.reaches("answered")
            await in_state(page, "TALKING")
            for act in ("finish", "unreached", "release", "cancel"):
                await expect(task.get_by_test_id(f"{act}-callback")).to_be_disabled()
            await sound_flows(page, voice)
            await page.get_by_test_id("hangup").click()
        await page.get_by_test_id("callbacks-done").click()
        await expect(task.first).to_have_attribute("data-state", "DONE")


async def test_a_recording_plays_with_its_words_and_a_click_jumps_there(stage: Stage) -> None:
    async with stage.agent("huawu1") as page:
        async with stage.talk(page) as caller:
            call_id = await page.get_by_test_id("desk").get_attribute("data-call")
            assert call_id
            caller.voice.say(spoken_ulaw(WORDS))
            await caller.voice.has_spoken()
        await _write_words(stage, call_id)
        await page.goto(f"/calls/{call_id}")
        for leg in ("CALLER", "AGENT"):
            await _see_recording(page, leg)
        player = page.get_by_test_id("recording")
        await expect(player).to_have_attribute("data-mix", "true")
        spoken = page.get_by_test_id("utterance")
        await expect(spoken).to_have_count(2)
        await spoken.nth(1).click()
        await expect(page.locator("li.current")).to_contain_text("好的，我为您登记")
        assert await player.evaluate("audio => audio.currentTime") >= 5
        assert not await player.evaluate("audio => audio.paused")
        await spoken.nth(0).click()
        await expect(page.locator("li.current")).to_contain_text("停水")


async def _write_words(stage: Stage, call_id: str) -> None:
    """What recognition would have written, which is not this story's matter."""
    lines = [(Leg.CALLER, 1.0, 4.5, "小区停水了。"), (Leg.AGENT, 5.0, 8.0, "好的，我为您登记。")]
    async with stage.hotline.database() as store, store.transaction() as work:
        for leg, start, end, text in lines:
            work.session.add(
                UtteranceRow(
                    id=f"{call_id}-{leg}",
                    call_id=call_id,
                    leg=leg,
                    start=start,
                    end=end,
                    text=text,
                    raw=text,
                    confidence=0.9,
                    words=[],
                )
            )


async def _see_recording(page: Page, leg: str) -> None:
    """Files are entered when they are whole, a moment after the call."""
    file = page.locator(f"[data-testid=recording-file][data-leg={leg}]")
    for _ in range(20):
        with contextlib.suppress(AssertionError):
            await expect(file).to_be_visible(timeout=1000)
            return
        await page.reload()
    raise AssertionError(f"no recording of {leg}")
