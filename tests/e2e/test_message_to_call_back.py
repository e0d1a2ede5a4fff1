"""A message that nobody could take in person, from the beep to the form of who calls back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from hotline.simulation.rtp import Voice
from hotline.simulation.sound import spoken_ulaw, spoken_wav
from tests.e2e.test_citizens_help_themselves import eventually
from tests.support.browser import chromium, person
from tests.support.hotline import RunningHotline
from tests.support.sipp import calling, citizen
from tests.telephony.sounds import hears

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.asterisk, pytest.mark.speech]

GAVE_UP, LEFT_A_MESSAGE = "13800001234", "13907342078"
SAID = "救命啊，我们楼上起火了，有人被困在里面，快点来人。"


@pytest.mark.timeout(420)
async def test_a_message_is_understood_and_fills_the_form_of_who_calls_back(
    hotline: RunningHotline,
) -> None:
    await _give_up(hotline)
    await _leave_a_message(hotline)
    task = await _the_task_of_danger(hotline)
    await _the_draft(hotline, task["call_id"])
    async with (
        chromium(spoken_wav("您好，一二三四五热线，给您回电。")) as browser,
        person(browser, hotline.url, "huawu1", hotline.password) as page,
    ):
        await _call_back(hotline, page)
    async with hotline.signed_in("huawu1") as agent:
        done = await eventually(agent, "/api/callbacks?state=done", lambda found: found["items"])
        assert [one["id"] for one in done["items"]] == [task["id"]]
        (left,) = (await agent.get("/api/callbacks"))["items"]
        assert left["citizen_number"] == GAVE_UP


async def _give_up(hotline: RunningHotline) -> None:
    """Somebody is lost in the queue, before everybody else."""
    async with (
        hotline.signed_in("banzhang") as leader,
        calling(hotline.asterisk, number=GAVE_UP, talks_for=120) as phone,
    ):
        await eventually(leader, "/api/floor", _has_waited)
        await phone.hang_up()
        await eventually(leader, "/api/callbacks", lambda found: found["items"])


def _has_waited(floor: dict[str, Any]) -> bool:
    """Who hangs up at once is owed nothing."""
    now = datetime.now(UTC)
    since = [datetime.fromisoformat(call["queued_at"]) for call in floor["waiting"]]
    return any(now - one > timedelta(seconds=7) for one in since)


async def _leave_a_message(hotline: RunningHotline) -> None:
    """Nobody is signed in: the caller is asked for a message, speaks, and hangs up."""
    async with (
        await Voice.open() as voice,
        calling(
            hotline.asterisk, number=LEFT_A_MESSAGE, media_port=voice.port, talks_for=240
        ) as phone,
    ):
        await hears(voice, hotline.asterisk.prompts.uri("beep"), within=150)
        voice.say(spoken_ulaw(SAID))
        await voice.has_spoken()
        await phone.hang_up()


async def _the_task_of_danger(hotline: RunningHotline) -> dict[str, Any]:
    """Once the message has been recognised its task stands first, and the leader is called."""
    async with hotline.signed_in("banzhang") as leader:
        page = await eventually(
            leader, "/api/callbacks", lambda found: _dangers(found)[:1] != [""], within=150
        )
        first, second = page["items"]
        assert (first["citizen_number"], first["reason"]) == (LEFT_A_MESSAGE, "VOICEMAIL")
        assert second["citizen_number"] == GAVE_UP
        alerts = (await leader.get("/api/alerts?open=true&kind=RISK_WORDS"))["items"]
        assert {one["call_id"] for one in alerts} == {first["call_id"]}
        assert len({one["detail"]["reason"] for one in alerts}) == len(alerts), "each once"
    task: dict[str, Any] = first
    return task


def _dangers(page: dict[str, Any]) -> list[str]:
    return [task["danger"] for task in page["items"]] or [""]


async def _the_draft(hotline: RunningHotline, call_id: str) -> None:
    async with hotline.signed_in("huawu1") as agent:
        path = f"/api/calls/{call_id}/draft"
        draft = await eventually(agent, path, lambda found: found is not None)
    assert draft["agent_id"] is None, "nobody's yet"
    assert draft["content"]["title"]


async def _call_back(hotline: RunningHotline, page: Page) -> None:
    """The agent presses 回拨, the citizen answers, and the form is there."""
    await page.goto("/callbacks")
    await page.get_by_test_id("agent-sign-in").click()
    await expect(page.get_by_test_id("line-state")).to_have_attribute("data-line", "registered")
    task = page.get_by_test_id("callback").first
    await expect(task.get_by_test_id("callback-danger")).to_contain_text("留言含紧急内容")
    await task.get_by_test_id("take-callback").click()
    async with (
        await Voice.open() as voice,
        citizen(hotline.asterisk, media_port=voice.port, talks_for=240, rings_for=0.5),
    ):
        await task.get_by_test_id("call-callback").click()
        await expect(page.get_by_test_id("call-phase")).to_have_attribute("data-state", "TALKING")
        assert await voice.hears(0.5), "the citizen does not hear the agent"
        await page.get_by_role("link", name="话务受理").click()
        await expect(page.get_by_test_id("field-content")).to_have_value(re.compile("起火|被困"))
        await expect(page.get_by_test_id("field-title")).not_to_have_value("")
        await expect(page.get_by_test_id("field-caller-phone")).to_have_value(LEFT_A_MESSAGE)
        await page.get_by_test_id("hangup").click()
    shown = page.get_by_test_id("agent-state")
    await expect(shown).to_have_attribute("data-state", "BUSY")
    # The form outlives the call: the order is opened of it.
    await expect(page.get_by_test_id("field-content")).to_have_value(re.compile("起火|被困"))
