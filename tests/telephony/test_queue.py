"""The queue: who hangs up where, who is rung next, and that nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest

from models.events import CallAnswered, CallOffered, CallQueued, CallRinging
from models.vocabulary import AgentState, CallState, ContactOutcome
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor

pytestmark = pytest.mark.asterisk


async def test_hanging_up_in_the_greeting_is_kept_as_such(floor: CallFloor) -> None:
    async with calling(floor.asterisk) as citizen:
        await floor.happened(CallOffered)
        await citizen.reaches("answered")
        await citizen.hang_up()
    _, contact = await floor.ended()
    assert contact is not None
    assert contact.outcome is ContactOutcome.ABANDONED_GREETING
    assert contact.reason == "市民在播报中挂断"
    assert contact.ended_at is not None


async def test_hanging_up_in_the_queue_is_kept_as_such(floor: CallFloor) -> None:
    async with calling(floor.asterisk) as citizen:
        queued = await floor.happened(CallQueued)
        assert [view.call_id for view in floor.calls.floor().waiting] == [queued.call_id]
        await citizen.hang_up()
    _, contact = await floor.ended()
    assert contact is not None
    assert contact.outcome is ContactOutcome.ABANDONED_QUEUE
    assert floor.calls.floor().waiting == ()


async def test_hanging_up_while_an_agent_is_rung_frees_the_agent(floor: CallFloor) -> None:
    async with floor.agent("李娜", "1901") as (agent, phone):
        async with calling(floor.asterisk) as citizen:
            ring = await phone.rung()
            await citizen.hang_up()
        await ring.ends()
        _, contact = await floor.ended()
        assert contact is not None
        assert contact.outcome is ContactOutcome.ABANDONED_RINGING
        await floor.state(agent, AgentState.READY)


async def test_who_comes_back_from_a_break_is_not_the_longest_idle(floor: CallFloor) -> None:
    async with (
        floor.agent("王芳", "1901") as (eating, _),
        floor.agent("李娜", "1902") as (ready_all_the_time, _),
    ):
        await floor.calls.set_state(eating, AgentState.MEAL)
        await asyncio.sleep(1)
        await floor.calls.set_state(eating, AgentState.READY)
        async with calling(floor.asterisk) as citizen:
            ringing = await floor.happened(CallRinging)
            assert ringing.agent_id == ready_all_the_time
            await citizen.hang_up()
        await floor.ended()


async def test_a_missed_ring_goes_to_the_next_agent(floor: CallFloor) -> None:
    async with (
        floor.agent("王芳", "1901") as (first, sleeping),
        floor.agent("李娜", "1902") as (second, awake),
        calling(floor.asterisk) as citizen,
    ):
        missed = await sleeping.rung()
        ring = await awake.rung()
        assert missed.over.is_set()
        assert floor.calls.presence(first).state is AgentState.BUSY
        assert floor.calls.presence(first).reason == "未接来电"
        awake.answer(ring)
        answered = await floor.happened(CallAnswered)
        assert answered.agent_id == second
        await citizen.hang_up()
        call, _ = await floor.ended()
        assert (call.outcome, call.reason) == (ContactOutcome.SERVED, "市民挂断")
        assert [event.agent_id for event in floor.all(CallRinging)] == [first, second]


async def test_a_declined_call_keeps_its_place_before_later_callers(floor: CallFloor) -> None:
    async with floor.agent("王芳", "1901") as (agent, phone):
        async with (
            calling(floor.asterisk, number="13800000101") as first,
            calling(floor.asterisk, number="13800000102", gives_up_after=60) as second,
        ):
            ring = await phone.rung()
            earlier = ring.number
            await floor.happened(CallQueued, 2)
            phone.decline(ring)
            await floor.state(agent, AgentState.BUSY)
            assert floor.calls.presence(agent).reason == "拒接来电"
            waiting = floor.calls.floor().waiting
            assert waiting[0].caller_number == earlier
            assert len(waiting) == 2
            await floor.calls.set_state(agent, AgentState.READY)
            ring = await phone.rung()
            assert ring.number == earlier
            await floor.calls.hang_up(floor.all(CallRinging)[-1].call_id, agent)
            await ring.ends()
            await floor.state(agent, AgentState.BUSY)
            await first.hang_up()
            await second.hang_up()
        await floor.ended(2)


async def test_an_agent_whose_phone_is_away_is_not_rung(floor: CallFloor) -> None:
    async with floor.agent("王芳", "1901") as (agent, phone):
        await phone.register(0)
        await floor.until(lambda: not floor.calls.presence(agent).phone_online)
        async with calling(floor.asterisk) as citizen:
            queued = await floor.happened(CallQueued)
            await asyncio.sleep(0.3)
            assert not floor.all(CallRinging)
            await phone.register()
            ring = await phone.rung()
            assert ring.invite.get("X-Call-Id") == queued.call_id
            await citizen.hang_up()
        await floor.ended()


async def test_a_second_caller_is_answered_after_the_first(floor: CallFloor) -> None:
    async with floor.agent("王芳", "1901") as (_, phone):
        async with calling(floor.asterisk, number="13800000101") as first:
            ring = await phone.rung()
            phone.answer(ring)
            await floor.happened(CallAnswered)
            async with calling(floor.asterisk, number="13800000102") as second:
                await floor.happened(CallQueued, 2)
                assert len(floor.calls.floor().calls) == 2
                await phone.hang_up(ring)
                await first.finished()
                ring = await phone.rung()
                assert ring.number == "13800000102"
                phone.answer(ring)
                await floor.happened(CallAnswered, 2)
                await second.hang_up()
        calls = [await floor.ended(1), await floor.ended(2)]
        assert [call.reason for call, _ in calls] == ["坐席挂断", "市民挂断"]
        assert all(call.state is CallState.ENDED for call, _ in calls)
