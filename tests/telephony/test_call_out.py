"""Calls to citizens: the agent's phone first, then the citizen's."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from models.clock import SystemClock
from models.errors import InvalidInput, TransitionRefused
from models.events import CallAnswered, CallEnded, CallRinging
from models.ids import new_id
from models.tables import Call
from models.vocabulary import AgentState, CallDirection, CallState, ContactOutcome
from tests.support.rtp import Voice
from tests.support.sipp import citizen
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor
from tests.telephony.sounds import hears

pytestmark = pytest.mark.asterisk

NUMBER = "13812345678"
SPEECH = "您好，这里是政务热线，对您反映的问题进行回访。" * 4


async def test_a_citizen_is_called_about_an_order(floor: CallFloor) -> None:
    order = new_id()
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        citizen(floor.asterisk, media_port=voice.port, rings_for=1.5) as called,
    ):
        call_id = await floor.calls.call_out(agent, NUMBER, order)
        ring = await phone.rung()
        assert ring.invite.get("X-Call-Id") == call_id
        assert "answer-after=0" in ring.invite.get("Call-Info")
        phone.answer(ring)
        assert floor.calls.presence(agent).state is AgentState.OUTBOUND
        await called.reaches("ringing")
        assert await phone.voice.hears(0.5), "no ringing tone"
        answered = await floor.happened(CallAnswered)
        assert (answered.direction, answered.order_id) == (CallDirection.OUTBOUND, order)
        await hears(voice, floor.asterisk.prompts.uri("follow_up"))
        voice.say(spoken_ulaw(SPEECH))
        phone.voice.say(spoken_ulaw(SPEECH))
        phone.voice.forget()
        voice.forget()
        assert await voice.hears(1.0)
        assert await phone.voice.hears(1.0)
        await floor.calls.hang_up(call_id, agent)
        await called.finished()
        call, contact = await floor.ended()
        assert contact is None
        assert (call.outcome, call.order_id) == (ContactOutcome.SERVED, order)
        assert call.citizen_number == NUMBER
        for path in (call.citizen_recording, call.agent_recording):
            assert floor.recording(path).stat().st_size > 8000
        assert len(floor.ear.streams) == 2
        await floor.state(agent, AgentState.READY)
    assert floor.all(CallRinging)[0].direction is CallDirection.OUTBOUND


@pytest.mark.parametrize(("behaviour", "words"), [("busy", "对方忙")])
async def test_why_a_citizen_was_not_reached(floor: CallFloor, behaviour: str, words: str) -> None:
    async with floor.agent("王芳", "1901") as (agent, phone), citizen(floor.asterisk, behaviour):
        await floor.calls.set_state(agent, AgentState.MEETING, "回访")
        await floor.calls.call_out(agent, NUMBER)
        phone.answer(await phone.rung())
        call, _ = await floor.ended()
        assert (call.outcome, call.reason) == (ContactOutcome.NOT_REACHED, words)
        await floor.state(agent, AgentState.MEETING)
        assert floor.calls.presence(agent).reason == "回访"


async def test_the_agent_gives_up_before_the_citizen_answers(floor: CallFloor) -> None:
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        citizen(floor.asterisk, "does_not_answer") as called,
    ):
        call_id = await floor.calls.call_out(agent, NUMBER)
        phone.answer(await phone.rung())
        await called.reaches("ringing")
        await floor.calls.hang_up(call_id, agent)
        ended = await floor.happened(CallEnded)
        assert (ended.outcome, ended.reason) == (ContactOutcome.NOT_REACHED, "坐席取消呼叫")
        await called.finished()


async def test_what_may_not_be_called(floor: CallFloor) -> None:
    async with floor.agent("王芳", "1901") as (agent, phone):
        for number in ("", "110", "00852123456", "12345;ext", "abc"):
            with pytest.raises(InvalidInput, match="不在允许外呼的范围内"):
                await floor.calls.call_out(agent, number)
        await phone.register(0)
        await floor.until(lambda: not floor.calls.presence(agent).phone_online)
        with pytest.raises(TransitionRefused, match="电话未在线"):
            await floor.calls.call_out(agent, NUMBER)
        assert floor.calls.presence(agent).state is AgentState.READY
    stranger = await floor.hire("赵敏")
    with pytest.raises(TransitionRefused, match="请先签入"):
        await floor.calls.call_out(stranger, NUMBER)


@pytest.mark.parametrize(("number", "calls", "words"), [(NUMBER, 5, "该号码"), ("", 300, "班长")])
async def test_enough_for_today(floor: CallFloor, number: str, calls: int, words: str) -> None:
    """Five calls to one number, however it was dialled, three hundred by one agent; yesterday's do
    not count.
    """
    now = SystemClock().now()

    def earlier(at: datetime, index: int) -> dict[str, object]:
        return {
            "id": new_id(),
            "direction": CallDirection.OUTBOUND,
            "state": CallState.ENDED,
            "citizen_number": f"{'0' * (index % 2)}{number}" if number else f"139{index:08}",
            "agent_id": agent,
            "started_at": at,
            "ended_at": at,
            "outcome": ContactOutcome.NOT_REACHED,
        }

    async with floor.agent("王芳", "1901") as (agent, phone):
        past = [earlier(now - timedelta(days=2), n) for n in range(calls)]
        async with floor.store.transaction() as work:
            await work.session.execute(insert(Call), past)
            await work.session.execute(insert(Call), [earlier(now, n) for n in range(calls - 1)])
        call_id = await floor.calls.call_out(agent, NUMBER)
        phone.answer(await phone.rung())
        await floor.calls.hang_up(call_id, agent)
        await floor.ended()
        await floor.state(agent, AgentState.READY)
        with pytest.raises(TransitionRefused, match=words):
            await floor.calls.call_out(agent, NUMBER)
        assert floor.calls.presence(agent).state is AgentState.READY


async def test_a_call_serves_a_call_back_task(floor: CallFloor) -> None:
    task = new_id()
    async with floor.agent("王芳", "1901") as (agent, phone), citizen(floor.asterisk, "busy"):
        await floor.calls.call_out(agent, NUMBER, callback_id=task)
        phone.answer(await phone.rung())
        call, _ = await floor.ended()
        assert call.callback_id == task
