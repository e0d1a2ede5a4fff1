"""Who has talked and is alone again: never in silence, never at once at the message, never lost."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from models.clock import SystemClock
from models.events import CallAnswered, CallPartyChanged, CallQueued, CallStateChanged
from models.ports import PartyChoice
from models.tables import Call, FloorAlert
from models.vocabulary import (
    AgentState,
    AlertKind,
    CallbackReason,
    CallbackState,
    CallState,
    ContactOutcome,
    TransferKind,
)
from telephony.conversation import Conversation
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import Phone, calling
from tests.support.tones import hears_only, tone_ulaw
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.line import opened, rules_with, the_task
from tests.telephony.sounds import hears_music
from tests.telephony.three import AGENT, ALL, CITIZEN, EXPERT, Talk, outsider, talking

pytestmark = pytest.mark.asterisk

BLIND, GENERAL = TransferKind.BLIND, PartyChoice(queue="general")
AN_HOUR = timedelta(hours=1)


async def phone_is_lost(talk: Talk) -> Conversation:
    """The agent's phone is gone, and does not register again."""
    floor = talk.floor
    session = floor.calls.exchange.sessions[talk.call_id]
    await talk.phone.register(0)
    await floor.until(lambda: not floor.calls.presence(talk.agent_id).phone_online)
    await floor.asterisk.ari("DELETE", f"channels/{session.call.agent_channel}")
    await floor.until(lambda: session.agent_lost)
    return session


async def the_third_has_gone(talk: Talk, expert: Phone) -> None:
    """The citizen is alone, and hears it."""
    await expert.hang_up()
    await talk.party("left")
    await talk.floor.until(lambda: call_state(talk) is CallState.HELD)
    await hears_music(talk.voice, talk.floor.asterisk.prompts)
    assert await hears_only(talk.voice, of=ALL)


def call_state(talk: Talk) -> CallState:
    return talk.floor.calls.exchange.sessions[talk.call_id].call.state


def sent_to_the_message(floor: CallFloor) -> bool:
    return any(one.state is CallState.MESSAGE for one in floor.all(CallStateChanged))


@pytest.mark.parametrize("together", ["three-way", "consultation"])
async def test_the_third_goes_while_the_agents_phone_is_away_and_comes_back(
    floor: CallFloor, together: str
) -> None:
    async with talking(floor) as talk, outsider(floor) as (expert, _):
        await floor.calls.desk.consult(talk.call_id, talk.agent_id, EXPERT)
        await talk.party("joined")
        if together == "three-way":
            await floor.calls.desk.conference(talk.call_id, talk.agent_id)
        await phone_is_lost(talk)
        await the_third_has_gone(talk, expert)
        await talk.phone.register()
        talk.phone.answer(await talk.phone.rung())
        await floor.state(talk.agent_id, AgentState.TALKING)
        talk.phone.voice.say(tone_ulaw(AGENT))
        assert await hears_only(talk.voice, AGENT, of=ALL)
        assert await hears_only(talk.phone.voice, CITIZEN, of=ALL)
        await talk.citizen.hang_up()
        await floor.ended()


async def test_the_third_goes_and_the_agents_phone_stays_away(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        opened(short_asterisk, tmp_path) as floor,
        talking(floor) as talk,
        outsider(floor) as (expert, _),
    ):
        await floor.calls.desk.consult(talk.call_id, talk.agent_id, EXPERT)
        await talk.party("joined")
        await floor.calls.desk.conference(talk.call_id, talk.agent_id)
        session = await phone_is_lost(talk)
        await the_third_has_gone(talk, expert)
        session.after(0, "lost", session._agent_stays_away)  # the time is over
        await floor.happened(CallQueued, 2)
        await hears_music(talk.voice, short_asterisk.prompts)
        assert [one.call_id for one in floor.calls.floor().waiting] == [talk.call_id]
        await talk.citizen.hang_up()
        await floor.ended()
        assert (await the_task(floor)).reason is CallbackReason.INTERRUPTED


async def test_after_a_long_talk_a_new_wait_begins(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """An hour of talk is no hour of waiting: not for the voicemail, not for the shift leader."""
    async with opened(short_asterisk, tmp_path) as floor, talking(floor) as talk:
        call, clock = floor.calls.exchange.sessions[talk.call_id].call, SystemClock()
        assert call.queued_at is not None
        call.queued_at -= AN_HOUR
        begun = clock.now()
        await floor.calls.desk.transfer(talk.call_id, talk.agent_id, BLIND, GENERAL)
        await floor.calls.set_state(talk.agent_id, AgentState.BUSY)
        await floor.until(lambda: len(floor.calls.floor().waiting) == 1)
        await hears_music(talk.voice, short_asterisk.prompts)
        assert not sent_to_the_message(floor)
        (waiting,) = floor.calls.floor().waiting
        assert waiting.queued_at is not None and waiting.queued_at >= begun
        assert call.queued_at < begun, "the place is the old one"

        watch = floor.calls._floor_watch
        await watch.look(clock.now())
        async with floor.store.read() as session:
            assert not list(await session.scalars(select(FloorAlert)))
        await watch.look(clock.now() + AN_HOUR)
        (alert,) = await floor.alerted(AlertKind.LONG_WAIT)
        assert alert.call_id == talk.call_id

        held = call.hold_seconds
        await floor.calls.set_state(talk.agent_id, AgentState.READY)
        talk.phone.answer(await talk.phone.rung())
        await floor.happened(CallAnswered, 2)
        await talk.citizen.hang_up()
        stored, _ = await floor.ended()
        assert stored.hold_seconds == held, "waiting for another is not being held"


async def test_a_new_process_is_patient_and_remembers_who_gives_up_while_there_is_none(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """Talked, waits again; our process is followed by another, and that one by none for a while."""
    rules = rules_with(tmp_path / "rules", {}, {"message": {"nobody_seconds": 600}})
    async with AsyncExitStack() as lines:
        voice = await lines.enter_async_context(await Voice.open())
        async with (
            call_floor(short_asterisk, tmp_path, rules=rules) as floor,
            floor.agent("王芳", "1901") as (agent, phone),
        ):
            line = calling(short_asterisk, media_port=voice.port, talks_for=90)
            citizen = await lines.enter_async_context(line)
            phone.answer(await phone.rung())
            call_id = (await floor.happened(CallAnswered)).call_id
            await floor.calls.desk.transfer(call_id, agent, BLIND, GENERAL)
            await floor.calls.set_state(agent, AgentState.BUSY)
            await floor.until(lambda: len(floor.calls.floor().waiting) == 1)
            await floor.calls.flush()
            async with floor.store.transaction() as work:
                earlier = {Call.queued_at: SystemClock().now() - AN_HOUR}
                await work.session.execute(update(Call).values(earlier))
        async with call_floor(short_asterisk, tmp_path, rules=rules) as floor:
            await floor.until(lambda: len(floor.calls.floor().waiting) == 1)
            await hears_music(voice, short_asterisk.prompts)
            assert len(floor.calls.floor().waiting) == 1 and not sent_to_the_message(floor)
        await citizen.hang_up()
        async with opened(short_asterisk, tmp_path) as floor:
            call, _ = await floor.ended()
            assert (call.outcome, call.interrupted) == (ContactOutcome.SERVED, True)
            task = await the_task(floor)
            assert (task.reason, task.state) == (CallbackReason.INTERRUPTED, CallbackState.OPEN)


async def test_who_hangs_up_while_a_transfer_rings_is_called_back(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        opened(short_asterisk, tmp_path) as floor,
        talking(floor) as talk,
        outsider(floor, rings_for=30),
    ):
        await floor.calls.desk.transfer(talk.call_id, talk.agent_id, BLIND, EXPERT)
        await talk.party("ringing")
        await talk.citizen.hang_up()
        call, contact = await floor.ended()
        assert contact is not None and contact.outcome is ContactOutcome.SERVED
        assert call.interrupted
        task = await the_task(floor)
        assert (task.reason, task.call_id) == (CallbackReason.INTERRUPTED, talk.call_id)
        assert not [one for one in floor.all(CallPartyChanged) if one.step == "joined"]
