"""The server dies in the middle of a call: nobody is cut off, and nothing is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from hotline.demo.client import Client
from hotline.simulation.rtp import Voice
from hotline.simulation.sound import spoken_ulaw
from models.tables import Call, Contact
from models.vocabulary import CallState, ContactOutcome, Leg
from tests.support.hotline import RunningHotline
from tests.support.sip_agent import SipAgent
from tests.support.sipp import calling

pytestmark = [pytest.mark.e2e, pytest.mark.asterisk, pytest.mark.speech]

BEFORE = "你好，我家小区已经停水两天了。"
WHILE_AWAY = "请你们帮忙联系自来水公司。"
AFTER = "希望尽快来修，谢谢。"


async def test_a_killed_server_cuts_nobody_off_and_finds_the_call_again(
    hotline: RunningHotline,
) -> None:
    async with (
        SipAgent.on_seat(hotline.asterisk, "1901") as desk_phone,
        await Voice.open() as voice,
        calling(hotline.asterisk, media_port=voice.port, talks_for=180) as caller,
    ):
        call_id = await _connect(hotline, desk_phone)
        await _say(voice, BEFORE)

        await hotline.kill()
        voice.forget()
        desk_phone.voice.forget()
        desk_phone.voice.say(spoken_ulaw("您请继续说，我在听。"))
        await _say(voice, WHILE_AWAY)
        assert await voice.hears(1.0), "the citizen no longer hears the agent"
        assert await desk_phone.voice.hears(1.0), "the agent no longer hears the citizen"

        await hotline.start()
        async with hotline.signed_in("moni1") as agent:
            desk = await agent.get("/api/agent")
            assert desk["call"]["call_id"] == call_id
            assert desk["call"]["state"] == CallState.TALKING
            assert desk["presence"]["state"] == "TALKING"
            await _say(voice, AFTER)
            await caller.hang_up()
            await _whole_transcript(agent, call_id)
    await _check_records(hotline, call_id)
    assert await hotline.asterisk.is_empty()


async def _connect(hotline: RunningHotline, desk_phone: Any) -> str:
    async with hotline.signed_in("moni1") as agent:
        await agent.post("/api/agent/sign-in")
        await agent.post("/api/agent/state", {"state": "READY"})
        ring = await desk_phone.rung(within=30)
        desk_phone.answer(ring)
        async with asyncio.timeout(10):
            while True:
                desk = await agent.get("/api/agent")
                if desk["call"] and desk["call"]["state"] == CallState.TALKING:
                    return str(desk["call"]["call_id"])
                await asyncio.sleep(0.1)


async def _say(voice: Voice, words: str) -> None:
    voice.say(spoken_ulaw(words))
    await voice.has_spoken()
    await asyncio.sleep(1.5)


async def _whole_transcript(agent: Client, call_id: str) -> None:
    """What was said while the server was away is read from the recording."""
    async with asyncio.timeout(60):
        while True:
            call = await agent.get(f"/api/calls/{call_id}")
            if call["call"]["ended_at"] and not call["call"]["transcript_incomplete"]:
                break
            await asyncio.sleep(0.5)
    said = "".join(row["text"] for row in call["utterances"] if row["leg"] == Leg.CALLER)
    for words in ("停水", "自来水", "尽快"):
        assert words in said, said


async def _check_records(hotline: RunningHotline, call_id: str) -> None:
    async with hotline.database() as store, store.read() as session:
        calls = list(await session.scalars(select(Call)))
        contacts = list(await session.scalars(select(Contact)))
    assert [call.id for call in calls] == [call_id]
    assert calls[0].outcome is ContactOutcome.SERVED
    assert calls[0].state is CallState.ENDED
    assert [contact.outcome for contact in contacts] == [ContactOutcome.SERVED]
    for recording in (calls[0].citizen_recording, calls[0].agent_recording):
        assert (hotline.settings.recordings_dir / recording).stat().st_size > 100_000
