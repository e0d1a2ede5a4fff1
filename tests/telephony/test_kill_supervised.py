"""Our process is killed while a shift leader is at a call: the leader is out, the talk goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from models.tables import Call, CallParty
from models.vocabulary import ContactOutcome, PartyKind, Role
from tests.support.sip_agent import Ring, SipAgent
from tests.telephony.killing import Driver, Site, talking
from tests.telephony.tones import AGENT, CITIZEN, LEADER, becomes, tone

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]


@asynccontextmanager
async def leading(
    site: Site, driver: Driver, call_id: str, kind: str
) -> AsyncIterator[tuple[str, SipAgent, Ring]]:
    """A shift leader who has just begun."""
    leader_id = await site.hire("周班长", "1902", Role.SHIFT_LEADER)
    async with SipAgent.on_seat(site.asterisk, "1902") as phone:
        await driver.command("sign_in", leader_id)
        await driver.phone_is_online(leader_id)
        await driver.command("set_state", leader_id, "MEETING", "晨会")
        await driver.command("supervise", call_id, leader_id, kind, "抽查")
        ring = await phone.rung()
        phone.answer(ring)
        phone.voice.say(tone(LEADER))
        await driver.tells("CallSupervised", call_id=call_id)
        yield leader_id, phone, ring


@pytest.mark.parametrize("kind", ["WHISPER", "BARGE_IN"])
async def test_the_leader_is_gone_and_the_talk_goes_on(site: Site, kind: str) -> None:
    async with (
        talking(site) as (first, call_id, phone, voice, caller),
        leading(site, first, call_id, kind) as (leader_id, _, ring),
    ):
        voice.say(tone(CITIZEN))
        phone.voice.say(tone(AGENT))
        voices = {CITIZEN: voice, AGENT: phone.voice}
        heard_at_once = {LEADER} if kind == "BARGE_IN" else set[str]()
        await becomes(voices, {AGENT: {CITIZEN, LEADER}, CITIZEN: {AGENT} | heard_at_once})
        await first.kill()
        async with site.driver() as second:
            await ring.ends()
            await becomes(voices, {CITIZEN: {AGENT}, AGENT: {CITIZEN}})
            presence = await second.command("presence", leader_id)
            assert (presence["state"], presence["reason"]) == ("MEETING", "晨会")
            ids = [channel["id"] for channel in await site.asterisk.channels()]
            assert not [one for one in ids if one.startswith(("supervisor-", "spy-"))]
            rooms = [bridge["id"] for bridge in await site.asterisk.bridges()]
            assert not [one for one in rooms if one.startswith(("ear-", "whisper-"))]
            await caller.hang_up()
            await second.tells("CallEnded", call_id=call_id)


async def test_a_call_taken_over_is_found_in_the_leaders_hands(site: Site) -> None:
    async with (
        talking(site) as (first, call_id, _, voice, caller),
        leading(site, first, call_id, "TAKE_OVER") as (leader_id, phone, _),
    ):
        voice.say(tone(CITIZEN))
        voices = {CITIZEN: voice, LEADER: phone.voice}
        await becomes(voices, {CITIZEN: {LEADER}, LEADER: {CITIZEN}})
        await first.kill()
        async with site.driver() as second:
            presence = await second.command("presence", leader_id)
            assert (presence["state"], presence["call_id"]) == ("TALKING", call_id)
            await becomes(voices, {CITIZEN: {LEADER}, LEADER: {CITIZEN}})
            await second.command("hold", call_id, leader_id)
            await second.command("resume", call_id, leader_id)
            await becomes(voices, {CITIZEN: {LEADER}, LEADER: {CITIZEN}})
            await caller.hang_up()
            await second.tells("CallEnded", call_id=call_id)
            assert (await second.agent_is(leader_id, "MEETING"))["reason"] == "晨会"
    async with site.store.read() as session:
        call = (await session.scalars(select(Call))).one()
        rows = list(await session.scalars(select(CallParty).order_by(CallParty.joined_at)))
    assert (call.agent_id, call.outcome) == (leader_id, ContactOutcome.SERVED)
    assert [row.kind for row in rows] == [PartyKind.AGENT, PartyKind.SUPERVISOR]
    assert all(row.left_at is not None for row in rows)
    sound = site.asterisk.settings.recordings_dir / rows[1].recording
    assert sound.stat().st_size > 16000, "what the leader said is not recorded"
