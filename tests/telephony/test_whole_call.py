"""A citizen's call from the ring to the wrap-up, on real phones."""

from __future__ import annotations

import pytest

from models.events import CallAnswered, CallQueued, CallRinging
from models.vocabulary import AgentState, CallState, ContactOutcome, Leg
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor

pytestmark = pytest.mark.asterisk

CITIZEN_SAYS = "我要反映小区门口的路灯坏了。"
AGENT_SAYS = "您好，请问具体位置在哪里？"


async def test_a_citizen_reaches_an_agent_and_both_are_heard(floor: CallFloor) -> None:
    async with floor.agent("王芳", "1901") as (agent, phone), await Voice.open() as voice:
        async with calling(floor.asterisk, media_port=voice.port) as citizen:
            ring = await phone.rung()
            popped = await floor.happened(CallRinging)
            assert popped.agent_id == agent
            assert popped.caller_number == "13800138000" == ring.number
            assert ring.invite.get("X-Call-Id") == popped.call_id
            assert floor.calls.presence(agent).state is AgentState.RINGING
            phone.answer(ring)
            answered = await floor.happened(CallAnswered)
            voice.forget()
            voice.say(spoken_ulaw(CITIZEN_SAYS))
            phone.voice.say(spoken_ulaw(AGENT_SAYS))
            assert await voice.hears(1.0)
            assert await phone.voice.hears(1.0)
            await voice.has_spoken()
            await phone.voice.has_spoken()
            assert floor.calls.presence(agent).state is AgentState.TALKING
            await floor.calls.hang_up(answered.call_id, agent)
            await citizen.finished()
        call, contact = await floor.ended()
        assert call.state is CallState.ENDED
        assert call.outcome is ContactOutcome.SERVED
        assert contact is not None
        assert (contact.outcome, contact.reason) == (ContactOutcome.SERVED, "坐席挂断")
        assert contact.agent_id == agent
        for leg in (Leg.CALLER, Leg.AGENT):
            (heard,) = floor.ear.of(call.id, leg)
            assert heard.closed
            assert len(heard.pcm) > 16000
        await floor.state(agent, AgentState.WRAP_UP)
        await floor.state(agent, AgentState.READY)
    assert floor.all(CallQueued)
