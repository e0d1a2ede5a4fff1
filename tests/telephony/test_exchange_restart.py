"""Asterisk itself is restarted: calls are cut, their callers are owed a call, and work goes on."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from config.rules import SHIPPED
from models.clock import SystemClock
from models.events import CallAnswered, CallbackChanged, CallEnded, CallQueued
from models.outbox import OutboxRelay
from models.tables import Callback
from models.vocabulary import AgentState, CallbackReason, CallbackState, ContactOutcome
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.rtp import Voice
from tests.support.sip_agent import SipAgent
from tests.support.sipp import calling
from tests.telephony.clean import CLEAN_SECONDS, clean
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.line import owed
from tests.telephony.sounds import hear_each_other, hears, hears_music

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]

TALKS, WAITS = "13800000101", "13800000102"


@pytest.fixture
def own_asterisk() -> Iterator[RunningAsterisk]:
    with running_asterisk(telephony={"wrap_up_seconds": 1}) as running:
        yield running


@asynccontextmanager
async def opened(asterisk: RunningAsterisk, folder: Path) -> AsyncIterator[CallFloor]:
    """A floor that keeps call-back tasks."""
    async with call_floor(asterisk, folder) as floor:
        relay = OutboxRelay(floor.store, floor.bus, SystemClock())
        owed(floor, SHIPPED)
        await relay.start()
        try:
            yield floor
        finally:
            await relay.stop()


async def tasks(floor: CallFloor) -> dict[str, Callback]:
    """The call-back tasks by number."""
    async with floor.store.read() as session:
        return {one.citizen_number: one for one in await session.scalars(select(Callback))}


def the_most_urgent() -> int:
    """The niceness that this machine grants to who asks for -10."""
    return int(subprocess.run(["nice", "-n", "-10", "nice"], stdout=subprocess.PIPE).stdout)


async def test_the_exchange_restarts_in_mid_call(
    own_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """The lines go dead, as there is nobody left to say anything; both are owed a call."""
    prompts = own_asterisk.prompts
    async with opened(own_asterisk, tmp_path) as floor, AsyncExitStack() as stack:
        agent, phone = await stack.enter_async_context(floor.agent("王芳", "1901"))
        first_voice = await stack.enter_async_context(await Voice.open())
        second_voice = await stack.enter_async_context(await Voice.open())
        first = await stack.enter_async_context(
            calling(own_asterisk, number=TALKS, media_port=first_voice.port, talks_for=90)
        )
        phone.answer(await phone.rung(within=20))
        talking = await floor.happened(CallAnswered)
        second = await stack.enter_async_context(
            calling(own_asterisk, number=WAITS, media_port=second_voice.port, talks_for=90)
        )
        await floor.happened(CallQueued, 2)
        await hears_music(second_voice, prompts)
        assert own_asterisk.process.pid is not None
        assert os.getpriority(os.PRIO_PROCESS, own_asterisk.process.pid) == the_most_urgent()
        os.kill(own_asterisk.process.pid, signal.SIGKILL)
        await floor.until(lambda: not floor.calls.floor().exchange_online)
        assert await first_voice.hears_silence(1.0) and await second_voice.hears_silence(1.0)
        first.vanish()
        second.vanish()
        await own_asterisk.process.ensure_running()
        await floor.happened(CallEnded, 2, within=CLEAN_SECONDS)
        await clean(own_asterisk, floor)
        await _records_say_so(floor, talking.call_id)
        await _both_are_owed_a_call(floor)
        await floor.state(agent, AgentState.READY)
    # A phone that was registered with the old one registers anew, and all is as before.
    async with (
        opened(own_asterisk, tmp_path) as floor,
        SipAgent.on_seat(own_asterisk, "1901") as phone,
        await Voice.open() as voice,
        calling(own_asterisk, number=WAITS, media_port=voice.port) as citizen,
    ):
        await hears(voice, prompts.uri("greeting"))
        phone.answer(await phone.rung(within=20))
        await floor.happened(CallAnswered)
        await hear_each_other(voice, phone.voice)
        await citizen.hang_up()
        await floor.ended()
        await clean(own_asterisk, floor)
        left = await tasks(floor)
        assert left[WAITS].state is CallbackState.SETTLED, "served by now"
        assert left[TALKS].state is CallbackState.OPEN


async def _records_say_so(floor: CallFloor, talking: str) -> None:
    outcomes = {}
    for event in floor.all(CallEnded):
        call, contact = await floor.rows(event.call_id)
        assert contact is not None
        assert contact.reason == "电话交换机重启，通话中断"
        assert call.interrupted is (call.id == talking)
        outcomes[event.call_id == talking] = contact.outcome
    assert outcomes == {True: ContactOutcome.SERVED, False: ContactOutcome.FAILED}


async def _both_are_owed_a_call(floor: CallFloor) -> None:
    await floor.happened(CallbackChanged, 2)
    made = await tasks(floor)
    assert set(made) == {TALKS, WAITS}
    assert {one.reason for one in made.values()} == {CallbackReason.INTERRUPTED}
    assert {one.state for one in made.values()} == {CallbackState.OPEN}
