"""Our process is killed before anybody has answered: nobody hears silence, nobody is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from config.rules import SHIPPED
from models.bus import InProcessBus
from models.tables import Call, Callback
from models.vocabulary import CallbackReason, CallState, ContactOutcome
from tests.support.rtp import Voice
from tests.support.sip_agent import SipAgent
from tests.support.sipp import Phone, calling
from tests.telephony.clean import clean
from tests.telephony.killing import Driver, Site
from tests.telephony.line import owed_calls
from tests.telephony.sounds import hear_each_other, hears, hears_music

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

NUMBER = "13800000701"


@asynccontextmanager
async def greeted(site: Site) -> AsyncIterator[tuple[Driver, Voice, Phone]]:
    """A caller whose greeting has just begun."""
    async with (
        await Voice.open() as voice,
        site.driver() as driver,
        calling(site.asterisk, number=NUMBER, media_port=voice.port, talks_for=120) as caller,
    ):
        await driver.tells("CallOffered")
        await caller.reaches("answered")
        yield driver, voice, caller


async def lost(site: Site) -> tuple[Call, Callback]:
    """The caller's call, and the call-back that is owed for it."""
    await owed_calls(site.store, InProcessBus(), SHIPPED).look()
    async with site.store.read() as session:
        call = (await session.scalars(select(Call).where(Call.citizen_number == NUMBER))).one()
        task = (await session.scalars(select(Callback).where(Callback.call_id == call.id))).one()
    return call, task


async def test_the_greeting_is_heard_then_music_and_the_next_process_greets_anew(
    site: Site,
) -> None:
    sounds = site.asterisk.prompts
    async with SipAgent.on_seat(site.asterisk, "1901") as phone, greeted(site) as talk:
        first, voice, caller = talk
        await first.kill()
        await hears(voice, sounds.uri("greeting"))
        await hears_music(voice, sounds)
        voice.forget()
        async with site.driver() as second:
            await hears(voice, sounds.uri("greeting"))
            await second.tells("CallQueued")
            await hears_music(voice, sounds)
            await second.command("sign_in", site.agent)
            await second.command("set_state", site.agent, "READY")
            phone.answer(await phone.rung())
            await second.tells("CallAnswered")
            await hear_each_other(voice, phone.voice)
            await caller.hang_up()
            await second.tells("CallEnded")
            await clean(site.asterisk)
    async with site.store.read() as session:
        call = (await session.scalars(select(Call))).one()
    assert (call.state, call.outcome) == (CallState.ENDED, ContactOutcome.SERVED)


async def test_who_hangs_up_meanwhile_is_owed_a_call(site: Site) -> None:
    async with greeted(site) as (first, voice, caller):
        await first.kill()
        await hears_music(voice, site.asterisk.prompts)
        await caller.hang_up()
        async with site.driver() as second:
            await second.tells("CallEnded")
            await clean(site.asterisk)
    call, task = await lost(site)
    assert (call.outcome, call.interrupted) == (ContactOutcome.ABANDONED_GREETING, True)
    assert (task.reason, task.citizen_number) == (CallbackReason.INTERRUPTED, NUMBER)


async def test_killed_before_the_caller_was_written_down(site: Site) -> None:
    """The caller hears it ring, and gives up; the exchange has noted who it was."""
    async with site.driver() as first:
        async with calling(site.asterisk) as earlier:
            await first.tells("CallQueued")
            await earlier.hang_up()
            await first.tells("CallEnded")
        await first.command("die_when_called")
        async with calling(site.asterisk, number=NUMBER, gives_up_after=60) as caller:
            await first.process.wait()
            await caller.reaches("ringing")
            await caller.hang_up()
            assert caller.ended_as == "gave up"
    for _ in range(2):  # and a second look finds nothing new
        async with site.driver():
            await clean(site.asterisk)
    call, task = await lost(site)
    assert (call.reason, call.interrupted) == ("系统中断期间来电，接通前已挂断", True)
    assert (task.reason, task.citizen_number) == (CallbackReason.INTERRUPTED, NUMBER)
