"""Our process is killed in mid-call: agents go back to what they were doing before the call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from tests.support.rtp import Voice
from tests.support.sip_agent import SipAgent
from tests.support.sipp import citizen
from tests.telephony.killing import Driver, Site, talking

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]


@asynccontextmanager
async def colleague(
    site: Site, driver: Driver, state: str, reason: str
) -> AsyncIterator[tuple[str, SipAgent]]:
    """Somebody who is on a break, with a phone."""
    second = await site.hire("李娜", "1902")
    async with SipAgent.on_seat(site.asterisk, "1902") as phone:
        await driver.command("sign_in", second)
        await driver.phone_is_online(second)
        await driver.command("set_state", second, state, reason)
        yield second, phone


async def test_who_called_out_from_a_meeting_is_back_in_it(site: Site) -> None:
    async with (
        SipAgent.on_seat(site.asterisk, "1901") as phone,
        await Voice.open() as voice,
        citizen(site.asterisk, media_port=voice.port, talks_for=60) as called,
        site.driver() as first,
    ):
        await first.command("sign_in", site.agent)
        await first.command("set_state", site.agent, "MEETING", "回访")
        call_id = await first.command("call_out", site.agent, "13812345678")
        phone.answer(await phone.rung())
        await first.tells("CallAnswered", call_id=call_id)
        await first.kill()
        async with site.driver() as second:
            await second.agent_is(site.agent, "TALKING")
            await second.command("hang_up", call_id, site.agent)
            await second.tells("CallEnded", call_id=call_id)
            await called.finished()
            presence = await second.agent_is(site.agent, "MEETING")
    assert presence["reason"] == "回访"


async def test_a_colleague_who_was_asked_is_back_on_the_break(site: Site) -> None:
    """Its limit goes on from when it began."""
    async with (
        talking(site) as (first, call_id, _, _, caller),
        colleague(site, first, "REST", "喝水") as (other, phone),
    ):
        resting = await first.command("presence", other)
        await first.command("consult_colleague", call_id, site.agent, other)
        phone.answer(await phone.rung())
        await first.tells("CallPartyChanged", step="joined")
        await first.kill()
        async with site.driver() as second:
            await second.agent_is(other, "CONSULT")
            await second.command("end_consultation", call_id, site.agent)
            presence = await second.agent_is(other, "REST")
            assert presence["reason"] == "喝水"
            assert _limit(presence) == _limit(resting)
            await caller.hang_up()
            await second.tells("CallEnded", call_id=call_id)
            await second.agent_is(site.agent, "READY")


def _limit(presence: dict[str, str]) -> datetime:
    return datetime.fromisoformat(presence["until"])


@pytest.mark.parametrize("killed", ["while talking", "while wrapping up"])
async def test_who_was_given_a_call_at_lunch_is_back_at_lunch_after_writing_it_down(
    site: Site, killed: str
) -> None:
    async with (
        talking(site) as (first, call_id, _, _, caller),
        colleague(site, first, "MEAL", "午餐") as (other, phone),
    ):
        await first.command("pass_on", call_id, site.agent, other)
        phone.answer(await phone.rung())
        await first.tells("CallTransferred", call_id=call_id)
        if killed == "while wrapping up":
            await caller.hang_up()
            await first.tells("AgentStateChanged", agent_id=other, state="WRAP_UP")
            await first.kill()
        else:
            await first.kill()
        async with site.driver() as second:
            if killed == "while talking":
                await second.agent_is(other, "TALKING")
                await caller.hang_up()
            presence = await second.agent_is(other, "MEAL")
            assert presence["reason"] == "午餐"
            await second.agent_is(site.agent, "READY")


async def test_killed_between_asking_a_colleague_and_ringing(site: Site) -> None:
    """The colleague, reserved but never rung, does not stay reserved for ever."""
    async with (
        talking(site) as (first, call_id, _, _, caller),
        colleague(site, first, "REST", "喝水") as (other, _),
    ):
        await first.command("die_before_ringing")
        first.order("consult_colleague", call_id, site.agent, other)
        await first.process.wait()
        async with site.driver() as second:
            presence = await second.agent_is(other, "REST")
            assert presence["reason"] == "喝水"
            await second.command("hang_up", call_id, site.agent)
            await second.tells("CallEnded", call_id=call_id)
            await caller.finished()
