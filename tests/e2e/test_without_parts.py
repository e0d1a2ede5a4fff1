"""A part is missing, or somebody else's: the call works all the same."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from hotline.simulation.rtp import Voice
from hotline.simulation.sound import spoken_ulaw
from models.tables import Call, UtteranceRow
from models.vocabulary import ContactOutcome
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.hotline import RunningHotline, running_hotline
from tests.support.sip_agent import SipAgent
from tests.support.sipp import calling

pytestmark = [pytest.mark.e2e, pytest.mark.asterisk, pytest.mark.speech]

WORDS = "你好，我家小区已经停水两天了。"


async def _one_call(hotline: RunningHotline, asterisk: RunningAsterisk) -> None:
    async with (
        hotline.signed_in("moni1") as agent,
        SipAgent.on_seat(asterisk, "1901") as desk_phone,
        await Voice.open() as voice,
        calling(asterisk, media_port=voice.port) as caller,
    ):
        await agent.post("/api/agent/sign-in")
        await agent.post("/api/agent/state", {"state": "READY"})
        desk_phone.answer(await desk_phone.rung(within=30))
        await asyncio.sleep(1)
        voice.say(spoken_ulaw(WORDS))
        await voice.has_spoken()
        await asyncio.sleep(1)
        await caller.hang_up()


async def _ended_call(hotline: RunningHotline) -> Call:
    async with hotline.database() as store, asyncio.timeout(20):
        while True:
            async with store.read() as session:
                call = await session.scalar(select(Call))
            if call is not None and call.ended_at is not None:
                return call
            await asyncio.sleep(0.2)


async def test_without_a_speech_model_calls_are_recorded_and_transcribed_later() -> None:
    async with running_hotline(speech={"model": "none"}) as hotline:
        async with hotline.signed_in("huawu1") as agent:
            status = await agent.get("/api/status")
        assert not status["speech"]["available"]
        assert status["speech"]["reason"]
        await _one_call(hotline, hotline.asterisk)
        call = await _ended_call(hotline)
        assert call.outcome is ContactOutcome.SERVED
        assert call.transcript_incomplete

        hotline.extra["HOTLINE_SPEECH__MODEL"] = "practice"
        code, printed = await hotline.command("transcribe")
        assert code == 0, printed
        async with hotline.database() as store, store.read() as session:
            said = "".join(await session.scalars(select(UtteranceRow.text)))
            again = await session.get_one(Call, call.id)
        assert "停水" in said
        assert not again.transcript_incomplete


@pytest.fixture
def somebody_elses_asterisk() -> Iterator[RunningAsterisk]:
    """One that was there before us, with our dialplan and accounts."""
    with running_asterisk() as running:
        yield running


async def test_an_asterisk_that_is_there_already_is_used_and_left_alone(
    somebody_elses_asterisk: RunningAsterisk,
) -> None:
    theirs = somebody_elses_asterisk
    address = {
        "ari_url": theirs.process.ari_url,
        "sip_ws_url": theirs.process.sip_ws_url,
        "ari_password": theirs.secrets.ari_password,
    }

    def share_accounts(hotline: RunningHotline) -> None:
        shutil.copy(theirs.settings.var / "secrets.json", hotline.settings.var / "secrets.json")

    async with running_hotline(prepare=share_accounts, asterisk=address) as hotline:
        assert not hotline.asterisk.process.is_running, "another Asterisk was started"
        await _one_call(hotline, theirs)
        call = await _ended_call(hotline)
        assert call.outcome is ContactOutcome.SERVED
        await hotline.stop()
        assert theirs.process.is_running, "somebody else's Asterisk was stopped"
        assert await theirs.is_empty()
