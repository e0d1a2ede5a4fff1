"""Asterisk itself is restarted: calls are cut, their records say so, and work goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.events import CallAnswered, CallEnded, CallQueued
from models.vocabulary import AgentState, ContactOutcome
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.sip_agent import SipAgent
from tests.support.sipp import calling
from tests.telephony.floor import call_floor

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]


@pytest.fixture
def own_asterisk() -> Iterator[RunningAsterisk]:
    with running_asterisk(telephony={"wrap_up_seconds": 1}) as running:
        yield running


async def test_the_exchange_restarts_in_mid_call(
    own_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with call_floor(own_asterisk, tmp_path) as floor:
        async with (
            floor.agent("王芳", "1901") as (agent, phone),
            calling(own_asterisk, number="13800000101") as first,
            calling(own_asterisk, number="13800000102") as second,
        ):
            phone.answer(await phone.rung(within=20))
            talking = await floor.happened(CallAnswered)
            await floor.happened(CallQueued, 2)
            assert own_asterisk.process.pid is not None
            os.kill(own_asterisk.process.pid, signal.SIGKILL)
            await floor.until(lambda: not floor.calls.floor().exchange_online)
            first.vanish()
            second.vanish()
            await own_asterisk.process.ensure_running()
            await floor.happened(CallEnded, 2)
            outcomes = {}
            for event in floor.all(CallEnded):
                call, contact = await floor.rows(event.call_id)
                assert contact is not None
                assert contact.reason == "电话交换机重启，通话中断"
                assert call.interrupted is (call.id == talking.call_id)
                outcomes[event.call_id == talking.call_id] = contact.outcome
            assert outcomes == {True: ContactOutcome.SERVED, False: ContactOutcome.FAILED}
            await floor.state(agent, AgentState.READY)
        async with (
            SipAgent.on_seat(own_asterisk, "1901") as phone,
            calling(own_asterisk) as citizen,
        ):
            phone.answer(await phone.rung(within=20))
            await floor.happened(CallAnswered, 2)
            await citizen.hang_up()
        await floor.ended(3)
