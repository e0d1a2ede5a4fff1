"""What callers hear, what is kept, and how soon all is clean, when something around us fails.

A real Asterisk, real phones, a real PostgreSQL; between them a line that fails on order. Killed
processes and restarted exchanges: ``test_kill.py``, ``test_exchange_restart.py``; full disks:
``test_recordings_kept.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from models.events import CallAnswered, CallEnded, CallOffered, CallQueued
from models.ids import new_id
from models.tables import Call, Contact
from models.vocabulary import AgentState, Channel, ContactOutcome
from telephony.names import kind_of
from tests.support.asterisk import RunningAsterisk
from tests.support.faulty_line import FaultyLine
from tests.support.postgres import Postgres
from tests.support.rtp import Voice
from tests.support.sip_agent import SipAgent
from tests.support.sipp import Phone, calling
from tests.telephony.clean import CLEAN_SECONDS, clean
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.sounds import hear_each_other, hears, hears_music

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A call center behind a line that can fail, and one ready agent."""

    line: FaultyLine
    floor: CallFloor
    agent: str
    phone: SipAgent


@asynccontextmanager
async def scene(
    asterisk: RunningAsterisk, folder: Path, *, database_url: str = ""
) -> AsyncIterator[Scene]:
    line = FaultyLine(asterisk.process.ari_url)
    async with (
        line.laid(),
        call_floor(asterisk, folder, ari_url=line.url, database_url=database_url) as floor,
        floor.agent("王芳", "1901") as (agent, phone),
    ):
        yield Scene(line=line, floor=floor, agent=agent, phone=phone)
        await clean(asterisk, floor)


@asynccontextmanager
async def talking(scene: Scene, number: str) -> AsyncIterator[tuple[Phone, Voice]]:
    """A citizen who has heard the greeting, and the agent, on the line."""
    async with (
        await Voice.open() as voice,
        calling(scene.floor.asterisk, number=number, media_port=voice.port) as citizen,
    ):
        scene.phone.answer(await scene.phone.rung())
        await scene.floor.until(
            lambda: any(e.caller_number == number for e in scene.floor.all(CallAnswered))
        )
        await hears(voice, scene.floor.asterisk.prompts.uri("greeting"))
        yield citizen, voice


@asynccontextmanager
async def broken(scene: Scene) -> AsyncIterator[None]:
    """The line to the exchange is cut for the length of the block, and known to be."""
    before = scene.line.connections
    scene.line.cut()
    await scene.floor.until(lambda: not scene.floor.calls.floor().exchange_online)
    yield
    scene.line.mend()
    await scene.floor.until(lambda: scene.line.connections > before)
    await scene.floor.until(lambda: scene.floor.calls.floor().exchange_online)


async def citizens_are_gone(asterisk: RunningAsterisk, within: float = CLEAN_SECONDS) -> None:
    """Of those who had called no line is left; the agent's is ours to end, once we can."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not all(kind_of(one["id"]) for one in await asterisk.channels()):
        assert loop.time() < deadline
        await asyncio.sleep(0.1)


async def test_the_line_to_the_exchange_breaks_in_mid_talk(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """Both talk on; who calls meanwhile hears why and may leave a message; the end is found."""
    async with scene(short_asterisk, tmp_path) as now:
        async with talking(now, "13800000201") as (citizen, voice):
            now.line.cut()
            await now.floor.until(lambda: not now.floor.calls.floor().exchange_online)
            await hear_each_other(voice, now.phone.voice)
            async with (
                await Voice.open() as other,
                calling(short_asterisk, number="13800000202", media_port=other.port) as second,
            ):
                for prompt in ("restoring", "voicemail", "beep"):
                    await hears(other, short_asterisk.prompts.uri(prompt))
                await second.hang_up()
            await citizen.hang_up()
            await citizens_are_gone(short_asterisk)
        now.line.mend()
        call, contact = await now.floor.ended(within=CLEAN_SECONDS)
        assert contact is not None
        assert (call.citizen_number, call.outcome) == ("13800000201", ContactOutcome.SERVED)
        assert now.floor.recording(call.citizen_recording).exists()
        await now.floor.state(now.agent, AgentState.READY, within=CLEAN_SECONDS)
        await _until_kept(now.floor, "13800000202", Channel.VOICEMAIL)


async def test_events_twice_in_a_storm_among_rubbish(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """Nobody hears anything of it, and each call is there once."""
    numbers = [f"1380000030{n}" for n in range(4)]
    async with scene(short_asterisk, tmp_path) as now:
        now.line.copies, now.line.storm, now.line.strange = 2, 50, True
        for number in numbers:
            async with talking(now, number) as (citizen, voice):
                await hear_each_other(voice, now.phone.voice)
                await citizen.hang_up()
            await now.floor.until(lambda: now.floor.calls.presence(now.agent).state
                                  is AgentState.READY)  # fmt: skip
        await now.floor.happened(CallEnded, len(numbers))
        assert len(now.floor.all(CallOffered)) == len(numbers)
        await now.floor.calls.flush()
        async with now.floor.store.read() as session:
            calls = list(await session.scalars(select(Call).order_by(Call.started_at)))
            contacts = await session.scalar(select(func.count()).select_from(Contact))
    assert [call.citizen_number for call in calls] == numbers
    assert {call.outcome for call in calls} == {ContactOutcome.SERVED}
    assert contacts == len(numbers)


async def test_the_socket_breaks_again_and_again(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """In the greeting, in the queue, in the talk: the caller goes the whole way, never in
    silence.
    """
    prompts = short_asterisk.prompts
    async with scene(short_asterisk, tmp_path) as now:
        await now.floor.calls.set_state(now.agent, AgentState.BUSY, "稍候")
        async with (
            await Voice.open() as voice,
            calling(short_asterisk, number="13800000401", media_port=voice.port) as citizen,
        ):
            await now.floor.happened(CallOffered)
            async with broken(now):
                await hears(voice, prompts.uri("greeting"))
                await hears_music(voice, prompts)
            await now.floor.happened(CallQueued)
            async with broken(now):
                await hears_music(voice, prompts)
            await now.floor.calls.set_state(now.agent, AgentState.READY)
            now.phone.answer(await now.phone.rung())
            await now.floor.happened(CallAnswered)
            async with broken(now):
                await hear_each_other(voice, now.phone.voice)
            await citizen.hang_up()
        call, contact = await now.floor.ended(within=CLEAN_SECONDS)
        assert contact is not None
        assert call.outcome is ContactOutcome.SERVED
        assert now.line.connections >= 4


async def test_the_database_is_killed_in_mid_call(
    short_asterisk: RunningAsterisk, postgres: Postgres, tmp_path: Path
) -> None:
    """Calls come, are answered and end without it; when it is back all of it is written down."""
    name = f"killed-{new_id()}"
    url = postgres.database(name)
    async with scene(short_asterisk, tmp_path, database_url=url) as now:
        async with talking(now, "13800000501") as (citizen, voice):
            await now.floor.calls.flush()
            postgres.cut_off(name)
            await hear_each_other(voice, now.phone.voice)
            await citizen.hang_up()
            await now.floor.happened(CallEnded)
        await now.floor.state(now.agent, AgentState.READY)
        async with talking(now, "13800000502") as (citizen, voice):
            await hear_each_other(voice, now.phone.voice)
            await citizen.hang_up()
            await now.floor.happened(CallEnded, 2)
        postgres.bring_back(name)
        await _until_written(now.floor, 2)
        async with now.floor.store.read() as session:
            kept = list(await session.scalars(select(Call).order_by(Call.started_at)))
    assert [call.citizen_number for call in kept] == ["13800000501", "13800000502"]
    assert {call.outcome for call in kept} == {ContactOutcome.SERVED}
    assert all(call.ended_at and call.answered_at for call in kept)


async def _until_kept(floor: CallFloor, number: str, channel: Channel) -> None:
    query = select(Contact).where(Contact.citizen_number == number, Contact.channel == channel)
    async with asyncio.timeout(CLEAN_SECONDS):
        while True:
            async with floor.store.read() as session:
                if await session.scalar(query):
                    return
            await asyncio.sleep(0.2)


async def _until_written(floor: CallFloor, calls: int) -> None:
    query = select(func.count()).select_from(Call).where(Call.ended_at.is_not(None))
    async with asyncio.timeout(CLEAN_SECONDS):
        while True:
            # A connection of the pool that was killed says so once.
            with contextlib.suppress(DBAPIError):
                async with floor.store.read() as session:
                    if await session.scalar(query) == calls:
                        return
            await asyncio.sleep(0.2)
