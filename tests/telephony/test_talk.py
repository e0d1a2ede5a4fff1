"""While two talk: holding, an agent's phone that is lost and comes back, commands refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

import telephony.conversation
from models.errors import NotFound, TransitionRefused
from models.events import CallAnswered, CallStateChanged
from models.ids import new_id
from models.vocabulary import AgentState, CallState, ContactOutcome, Leg
from tests.support.rtp import Voice
from tests.support.sip_agent import Ring, SipAgent
from tests.support.sipp import Phone, calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor

pytestmark = pytest.mark.asterisk

LONG_SPEECH = "我家楼下的下水道堵了三天，污水流到路上，味道很大，希望尽快派人来疏通。" * 3


@dataclass(kw_only=True)
class Talk:
    """A citizen and an agent on the line."""

    call_id: str
    agent_id: str
    phone: SipAgent
    ring: Ring
    citizen: Phone
    voice: Voice


@asynccontextmanager
async def talking(floor: CallFloor) -> AsyncIterator[Talk]:
    """A call that was answered; both speak."""
    async with (
        floor.agent("王芳", "1901") as (agent_id, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        ring = await phone.rung()
        phone.answer(ring)
        answered = await floor.happened(CallAnswered)
        voice.say(spoken_ulaw(LONG_SPEECH))
        phone.voice.say(spoken_ulaw(LONG_SPEECH))
        yield Talk(
            call_id=answered.call_id,
            agent_id=agent_id,
            phone=phone,
            ring=ring,
            citizen=citizen,
            voice=voice,
        )


async def test_on_hold_the_citizen_hears_music_and_the_agent_nothing(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await floor.calls.hold(talk.call_id, talk.agent_id)
        assert floor.calls.presence(talk.agent_id).state is AgentState.HOLD
        talk.voice.forget()
        assert await talk.voice.hears(0.5)
        assert await talk.phone.voice.hears_silence(0.5)
        with pytest.raises(TransitionRefused, match="不能保持"):
            await floor.calls.hold(talk.call_id, talk.agent_id)
        await floor.calls.resume(talk.call_id, talk.agent_id)
        assert floor.calls.presence(talk.agent_id).state is AgentState.TALKING
        talk.phone.voice.forget()
        assert await talk.phone.voice.hears(0.5)
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
        assert call.hold_seconds > 0.5
        assert [event.state for event in floor.all(CallStateChanged)] == [
            CallState.HELD,
            CallState.TALKING,
        ]


async def test_hanging_up_on_hold_leaves_nothing(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await floor.calls.hold(talk.call_id, talk.agent_id)
        await talk.citizen.hang_up()
        call, contact = await floor.ended()
        assert call.outcome is ContactOutcome.SERVED
        assert contact is not None and contact.reason == "市民挂断"


async def test_a_reloaded_page_is_rung_again_and_the_talk_goes_on(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await talk.phone.reload()
        ring = await talk.phone.rung()
        assert "answer-after=0" in ring.invite.get("Call-Info")
        assert ring.invite.get("X-Call-Id") == talk.call_id
        talk.phone.answer(ring)
        await floor.state(talk.agent_id, AgentState.TALKING)
        talk.phone.voice.say(spoken_ulaw(LONG_SPEECH))
        talk.voice.forget()
        talk.phone.voice.forget()
        assert await talk.phone.voice.hears(0.5)
        assert await talk.voice.hears(1.5)
        await floor.calls.hang_up(talk.call_id, talk.agent_id)
        call, _ = await floor.ended()
        assert len(floor.ear.of(call.id, Leg.AGENT)) == 2
        assert len(floor.ear.of(call.id, Leg.CALLER)) == 1
        assert call.agent_recording.endswith("/agent.wav")
        assert floor.recording(call.agent_recording).stat().st_size > 16000


async def test_a_page_that_hangs_up_and_signs_off_has_been_left(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await talk.phone.hang_up(talk.ring)
        await talk.phone.register(0)
        held = await floor.happened(CallStateChanged)
        assert held.state is CallState.HELD
        await talk.phone.register()
        talk.phone.answer(await talk.phone.rung())
        await floor.state(talk.agent_id, AgentState.TALKING)
        await talk.citizen.hang_up()
        await floor.ended()


async def test_an_agent_who_stays_away_is_replaced_by_another(
    floor: CallFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telephony.conversation, "AGENT_LOST_SECONDS", 1.0)
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, other):
        await talk.phone.hang_up(talk.ring, 'Q.850;cause=41;text="page left"')
        await talk.phone.register(0)
        ring = await other.rung()
        assert floor.calls.presence(talk.agent_id).state is AgentState.BUSY
        other.answer(ring)
        answered = await floor.happened(CallAnswered, 2)
        assert (answered.call_id, answered.agent_id) == (talk.call_id, second)
        other.voice.say(spoken_ulaw(LONG_SPEECH))
        talk.voice.forget()
        assert await talk.voice.hears(0.5)
        await other.hang_up(ring)
        call, contact = await floor.ended()
        assert call.outcome is ContactOutcome.SERVED
        assert contact is not None and contact.agent_id == second


async def test_commands_on_others_calls_and_on_past_calls(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        stranger = await floor.hire("赵敏", "1903")
        with pytest.raises(TransitionRefused, match="不是您"):
            await floor.calls.hang_up(talk.call_id, stranger)
        with pytest.raises(TransitionRefused, match="不能示闲"):
            await floor.calls.set_state(talk.agent_id, AgentState.READY)
        with pytest.raises(TransitionRefused, match="不能签出"):
            await floor.calls.sign_out(talk.agent_id)
        both = [floor.calls.hang_up(talk.call_id, talk.agent_id) for _ in range(3)]
        await asyncio.gather(*both)
        await floor.ended()
        await floor.calls.hang_up(talk.call_id, talk.agent_id)
        with pytest.raises(TransitionRefused, match="已结束"):
            await floor.calls.hold(talk.call_id, talk.agent_id)
        with pytest.raises(NotFound):
            await floor.calls.hang_up(new_id(), talk.agent_id)
