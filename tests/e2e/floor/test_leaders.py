"""A shift leader in a real browser: what is seen of the floor, and done with calls of others."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from hotline.simulation.sound import spoken_ulaw
from tests.e2e.floor.stage import (
    WORDS,
    Stage,
    ask_in,
    bar,
    be_ready,
    for_a_reason,
    hears_somebody,
    in_state,
    is_at,
    listens,
    party,
    sound_flows,
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="package"),
]


async def test_a_shift_leader_listens_whispers_and_comes_in(stage: Stage) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.agent("banzhang", "/floor") as leader,
        stage.talk(page) as caller,
    ):
        caller.voice.say(spoken_ulaw(WORDS))
        call = leader.get_by_test_id("running-call")
        await expect(call).to_have_attribute("data-state", "TALKING")
        await call.get_by_test_id("act-listen").click()
        await expect(leader.get_by_test_id("do-reason")).to_be_disabled()
        await leader.get_by_test_id("reason-0").click()
        await leader.get_by_test_id("do-reason").click()
        listening = leader.get_by_test_id("switch-listen")
        await expect(listening).to_have_attribute("aria-pressed", "true")
        await expect(bar(leader)).to_have_attribute("data-phase", "talking")
        await expect(leader.get_by_test_id("floor")).to_be_visible()
        await listens(leader, caller.voice)

        await caller.voice.has_spoken()
        await hears_somebody(leader)  # the agent

        # The agent is muted and the citizen silent: whoever is heard now is the leader.
        await page.get_by_test_id("mute").click()
        assert await caller.voice.hears_silence(1.0, within=30), "the citizen hears who listens"
        await leader.get_by_test_id("switch-whisper").click()
        whispering = leader.get_by_test_id("switch-whisper")
        await expect(whispering).to_have_attribute("aria-pressed", "true")
        caller.voice.forget()
        await hears_somebody(page)
        assert caller.voice.heard_seconds() == 0, "the citizen hears the whisper"
        await leader.get_by_test_id("switch-barge_in").click()
        come_in = leader.get_by_test_id("switch-barge_in")
        await expect(come_in).to_have_attribute("aria-pressed", "true")
        await sound_flows(leader, caller.voice)
        await caller.voice.has_spoken()
        await hears_somebody(page)  # the leader

        await leader.get_by_test_id("supervise-stop").click()
        await expect(bar(leader)).to_have_attribute("data-phase", "idle")
        await page.get_by_test_id("mute").click()
        await sound_flows(page, caller.voice)
        call_id = await call.get_attribute("data-id")

        await for_a_reason(leader, "act-take_over")
        await in_state(leader, "TALKING")
        await is_at(page, "WRAP_UP")
        await sound_flows(leader, caller.voice)
        await leader.get_by_test_id("hangup").click()
        await is_at(leader, "WRAP_UP")  # a page that is loaded in a call shows the desk
        await leader.goto(f"/calls/{call_id}")
        history = leader.get_by_test_id("call-history")
        for kind in ("LISTENED", "WHISPERED", "BARGED_IN", "TAKEN_OVER"):
            await expect(history.locator(f"[data-kind={kind}]").first).to_be_visible()


async def test_a_ring_that_a_shift_leader_picks_up_leaves_the_desk_it_came_to(
    stage: Stage,
) -> None:
    async with stage.agent("huawu1") as page, stage.agent("banzhang", "/floor") as leader:
        await be_ready(page)
        desk = page.get_by_test_id("desk")
        async with stage.citizen() as caller:
            await expect(bar(page)).to_have_attribute("data-phase", "ringing")
            await expect(page.get_by_test_id("caller-number")).to_contain_text("139 0734 1234")
            await expect(desk).to_have_attribute("data-call", re.compile(r"\w"))
            await for_a_reason(leader, "act-pick_up")
            await in_state(leader, "TALKING")
            await sound_flows(leader, caller.voice)

            await is_at(page, "READY")
            await expect(desk).not_to_have_attribute("data-call", re.compile(r"\w"))
            await expect(page.get_by_test_id("caller-number")).to_have_count(0)
            await leader.get_by_test_id("hangup").click()


async def test_a_leader_takes_over_where_the_agent_has_left_citizen_and_110(stage: Stage) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.agent("banzhang", "/floor") as leader,
        stage.talk(page) as caller,
        stage.outsider() as police,
    ):
        await ask_in(page, "公安报警")
        await party(page, "joined")
        await page.get_by_test_id("conference").click()
        await in_state(page, "CONFERENCE")
        await page.get_by_test_id("leave-conference").click()
        await is_at(page, "WRAP_UP")
        call = leader.get_by_test_id("running-call")
        await expect(call.get_by_test_id("running-agent")).to_have_text("李晓梅已退出")
        await expect(call).to_contain_text("公安报警")
        await expect(call.get_by_test_id("act-whisper")).to_have_count(0)
        await for_a_reason(leader, "act-take_over")
        await in_state(leader, "CONFERENCE")
        await sound_flows(leader, caller.voice)
        await sound_flows(leader, police.voice)
        await expect(leader.get_by_test_id("swap")).to_have_count(0)
        await leader.get_by_test_id("end-consult").click()
        await police.phone.finished()
        await in_state(leader, "TALKING")
        await expect(leader.get_by_test_id("consult")).to_be_enabled()
        await sound_flows(leader, caller.voice)
        await leader.get_by_test_id("hangup").click()


async def test_a_leader_sees_how_everybody_is_and_acts_on_it(stage: Stage) -> None:
    async with stage.agent("huawu1") as page, stage.agent("banzhang", "/floor") as leader:
        row = leader.get_by_test_id("agent-row").filter(has_text="李晓梅")
        await _choose(page, "busy-reason-1")
        await expect(page.get_by_test_id("agent-state")).to_contain_text("请示班长")
        await expect(row).to_have_attribute("data-state", "BUSY")
        await expect(row).to_contain_text("请示班长")
        await expect(row.get_by_test_id("agent-age")).to_have_text(SOME_SECONDS)
        await _choose(page, "state-meal")
        await expect(page.get_by_test_id("state-limit")).to_contain_text("剩")
        await expect(row.get_by_test_id("agent-limit")).to_contain_text("剩")

        await _choose(page, "state-rest")
        await expect(page.get_by_test_id("agent-state")).to_have_attribute("data-limit", "over")
        await expect(row).to_have_attribute("data-limit", "over")
        await expect(leader.get_by_test_id("overrun-count")).to_contain_text("1")
        alert = leader.get_by_test_id("alert").filter(has_text="李晓梅")
        await alert.get_by_test_id("acknowledge").click()
        await leader.get_by_test_id("alert-note").fill("已提醒归席")
        await leader.get_by_test_id("do-acknowledge").click()
        await expect(alert).to_have_count(0)
        assert await _who_acknowledged(stage) == ("陈建国", "已提醒归席")

        async with stage.citizen() as caller:
            queue = leader.locator("[data-testid=queue-row][data-queue=general]")
            await expect(queue.get_by_test_id("queue-waiting")).to_have_text("1")
            await expect(queue.get_by_test_id("queue-longest")).to_contain_text(SOME_SECONDS)
            await for_a_reason(leader, "pick-up")
            await in_state(leader, "TALKING")
            await sound_flows(leader, caller.voice)
            await leader.get_by_test_id("hangup").click()
        await leader.get_by_test_id("menu-floor").click()
        await row.get_by_test_id("force-state").click()
        await for_a_reason(leader, "force-ready")
        await is_at(page, "READY")

        async with stage.citizen() as caller:
            await expect(bar(page)).to_have_attribute("data-phase", "ringing")
            await page.keyboard.press("F2")
            await in_state(page, "TALKING")
            await for_a_reason(leader, "act-force_hang_up")
            await caller.phone.finished()
            await is_at(page, "WRAP_UP")
        await row.get_by_test_id("force-state").click()
        await for_a_reason(leader, "force-busy")
        await is_at(page, "BUSY")


#: A time that has been running.
SOME_SECONDS = re.compile(r"\d:(0[2-9]|[1-5]\d)")


async def _choose(page: Page, state: str) -> None:
    await page.get_by_test_id("agent-state").click()
    await page.get_by_test_id(state).click()


async def _who_acknowledged(stage: Stage) -> tuple[str, str]:
    async with stage.hotline.signed_in("banzhang") as client:
        found = (await client.get("/api/alerts"))["items"]
    told = next(item for item in found if item["kind"] == "STATE_OVERRUN")
    return told["acknowledged_by_name"], told["note"]
