"""A talk whose agent's phone is lost for good goes on with another, before all who wait."""

from __future__ import annotations

import pytest

from models.events import CallAnswered, CallQueued
from models.vocabulary import (
    AgentState,
    CallEventKind,
    ContactOutcome,
    PriorityReason,
    SupervisionKind,
)
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.tones import hears_only, tone_ulaw
from tests.telephony.floor import CallFloor
from tests.telephony.three import AGENT, ALL, CITIZEN, PARTY, lines

pytestmark = pytest.mark.asterisk

EARLY, LATE = "13800000201", "13800000202"


async def test_an_interrupted_call_goes_to_the_head_of_the_line(
    floor: CallFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller waits; another, who came later, is picked up, and then the agent's phone dies."""
    monkeypatch.setattr("telephony.conversation.AGENT_LOST_SECONDS", 1.0)
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
    ):
        await floor.calls.set_state(agent, AgentState.MEETING)
        async with calling(floor.asterisk, number=EARLY, gives_up_after=60) as early:
            await floor.happened(CallQueued)
            async with calling(
                floor.asterisk, number=LATE, media_port=voice.port, talks_for=90
            ) as late:
                call_id = (await floor.happened(CallQueued, 2)).call_id
                await floor.calls.leaders.supervise(
                    call_id, floor.calls.presence(agent), SupervisionKind.PICK_UP, "急事"
                )
                ring = await phone.rung()
                phone.answer(ring)
                await floor.happened(CallAnswered)
                voice.say(tone_ulaw(CITIZEN))
                phone.voice.say(tone_ulaw(AGENT))
                assert await hears_only(voice, AGENT, of=ALL)

                await phone.register(0)
                await floor.until(lambda: not floor.calls.presence(agent).phone_online)
                await phone.hang_up(ring)
                again = await floor.happened(CallQueued, 3, within=30)
                assert again.call_id == call_id
                assert again.priority_reasons == (PriorityReason.INTERRUPTED,)
                waiting = [one.caller_number for one in floor.calls.floor().waiting]
                assert waiting == [LATE, EARLY]
                assert await hears_only(voice, of=ALL), "music, not silence nor somebody's voice"
                lost = floor.calls.presence(agent)
                assert (lost.state, lost.reason) == (AgentState.BUSY, "电话连接中断")

                async with floor.agent("李娜", "1902") as (second, other):
                    ring = await other.rung()
                    assert ring.number == LATE
                    other.answer(ring)
                    other.voice.say(tone_ulaw(PARTY))
                    assert (await floor.happened(CallAnswered, 2)).agent_id == second
                    assert await hears_only(voice, PARTY, of=ALL)
                    await late.hang_up()
                    call, contact = await floor.ended()
                    await early.hang_up()
                    await floor.ended(2)
    assert contact is not None and contact.outcome is ContactOutcome.SERVED
    assert (call.agent_id, call.interrupted) == (second, False)
    (raised,) = await lines(floor, call_id, CallEventKind.PRIORITY_RAISED)
    assert raised.detail["reason"] == PriorityReason.INTERRUPTED
