"""Callers who are heard while they wait, places that outlive us, and agents' states with limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from models.events import (
    CallAnswered,
    CallQueued,
    CallRinging,
    UtteranceHeard,
)
from models.ids import new_id
from models.speech import Utterance
from models.tables import AgentPresenceRow, FloorAlert
from models.vocabulary import AgentState, AlertKind, CallState, Leg, PriorityReason
from tests.support.asterisk import RunningAsterisk
from tests.support.sipp import calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.test_queues_choice import rules_with

pytestmark = pytest.mark.asterisk

FIRST, SECOND = "13800000101", "13800000102"
DANGER = "快来人啊，我家厨房起火了。"


@pytest.fixture
async def strict(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[CallFloor]:
    """Listens to callers as soon as they wait; short breaks; a phone may be away for a second."""
    async with call_floor(short_asterisk, tmp_path, rules=short(short_asterisk, tmp_path)) as floor:
        yield floor
        assert await short_asterisk.is_empty()


def short(asterisk: RunningAsterisk, folder: Path) -> Path:
    return rules_with(
        asterisk,
        folder,
        listen_while_waiting={"after": 0, "level": "CRITICAL"},
        agents={"wrap_up_extension": 60, "phone_away": 1, "limits": {"REST": 1}},
    )


async def heard(floor: CallFloor, call_id: str, text: str, *, final: bool = True) -> None:
    """The recogniser has understood something that the citizen said."""
    said = Utterance(
        call_id=call_id,
        leg=Leg.CALLER,
        utterance_id=new_id(),
        start=1.0,
        end=3.0,
        text=text,
        raw=text,
        final=final,
    )
    await floor.bus.publish(UtteranceHeard(utterance=said))


async def alerts(floor: CallFloor) -> list[FloorAlert]:
    """What the shift leader was called for, as soon as there is something."""
    found: list[FloorAlert] = []
    while not found:
        async with floor.store.read() as session:
            found = list(await session.scalars(select(FloorAlert)))
        await asyncio.sleep(0.05)
    return found


def order_of(floor: CallFloor) -> list[str]:
    """Who is next, by number."""
    return [one.caller_number for one in floor.calls.floor().waiting]


async def test_a_caller_who_waits_is_heard_and_goes_first_by_words_of_danger(
    strict: CallFloor,
) -> None:
    async with AsyncExitStack() as callers:
        first = await callers.enter_async_context(
            calling(strict.asterisk, number=FIRST, gives_up_after=60)
        )
        await strict.happened(CallQueued)  # two who dial at the same time come in any order
        second = await callers.enter_async_context(
            calling(strict.asterisk, number=SECOND, said=spoken_ulaw(DANGER), gives_up_after=60)
        )
        await strict.happened(CallQueued, 2)
        by_number = {one.caller_number: one for one in strict.calls.floor().waiting}
        call_id = by_number[SECOND].call_id
        await strict.until(lambda: any(one.pcm for one in strict.ear.of(call_id, Leg.CALLER)))
        assert order_of(strict) == [FIRST, SECOND]
        await heard(strict, call_id, DANGER, final=False)
        await heard(strict, by_number[FIRST].call_id, "我想问一下社保卡在哪里办。")
        await heard(strict, call_id, DANGER)
        queued = await strict.happened(CallQueued, 3)
        assert queued.call_id == call_id
        assert queued.priority_reasons == (PriorityReason.EMERGENCY_WORDS,)
        assert order_of(strict) == [SECOND, FIRST]
        async with strict.agent("王芳", "1901") as (_, phone):
            ring = await phone.rung()
            assert ring.number == SECOND
            phone.answer(ring)
            await strict.happened(CallAnswered)
            await strict.until(lambda: bool(strict.ear.of(call_id, Leg.AGENT)))
            assert len(strict.ear.of(call_id, Leg.CALLER)) == 1, "listened to twice"
            await second.hang_up()
            await strict.ended()
        await first.hang_up()
    await strict.ended(2)


async def test_a_restart_of_our_process_keeps_places_and_priorities(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    rules = short(short_asterisk, tmp_path)
    async with AsyncExitStack() as callers:
        async with call_floor(short_asterisk, tmp_path, rules=rules) as floor:
            for number in (FIRST, SECOND):
                phone = calling(short_asterisk, number=number, gives_up_after=60)
                callers.push_async_callback((await callers.enter_async_context(phone)).hang_up)
            await floor.happened(CallQueued, 2)
            late = floor.calls.floor().waiting[-1]
            await heard(floor, late.call_id, DANGER)
            await floor.until(lambda: order_of(floor)[0] == late.caller_number)
        async with call_floor(short_asterisk, tmp_path, rules=rules) as floor:
            await floor.until(lambda: len(order_of(floor)) == 2)
            again = floor.calls.floor().waiting[0]
            assert (again.call_id, again.queue) == (late.call_id, "general")
            assert again.priority_reasons == (PriorityReason.EMERGENCY_WORDS,)
            async with floor.agent("王芳", "1901") as (_, seat):
                assert (await seat.rung()).number == late.caller_number
                await callers.aclose()
                await floor.ended(2)
    assert await short_asterisk.is_empty()


async def test_a_wrap_up_that_was_lengthened_outlives_a_restart(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    rules = short(short_asterisk, tmp_path)
    async with (
        call_floor(short_asterisk, tmp_path, rules=rules) as floor,
        floor.agent("王芳", "1901") as (agent, phone),
    ):
        async with calling(short_asterisk) as citizen:
            phone.answer(await phone.rung())
            answered = await floor.happened(CallAnswered)
            await citizen.hang_up()
        await floor.state(agent, AgentState.WRAP_UP)
        assert floor.calls.presence(agent).call_id == answered.call_id
        longer = await floor.calls.extend_wrap_up(agent)
        assert longer.wrap_up_extended and not longer.wrap_up_extendable
        await floor.ended()
    async with call_floor(short_asterisk, tmp_path, rules=rules) as floor:
        present = floor.calls.presence(agent)
        assert (present.state, present.call_id) == (AgentState.WRAP_UP, answered.call_id)
        assert present.wrap_up_extended
        ready = await floor.calls.set_state(agent, AgentState.READY)
        assert (ready.call_id, ready.until) == (None, None)


async def test_a_break_that_is_over_calls_the_shift_leader_and_leaves_the_person_alone(
    strict: CallFloor,
) -> None:
    async with strict.agent("王芳", "1901") as (agent, _):
        resting = await strict.calls.set_state(agent, AgentState.REST)
        assert resting.break_limit_at is not None and not resting.overrun
        await strict.until(lambda: strict.calls.presence(agent).overrun)
        (alert,) = await alerts(strict)
        assert (alert.kind, alert.agent_id) == (AlertKind.STATE_OVERRUN, agent)
        assert alert.text == "王芳“小休”已超过规定时间"
        present = strict.calls.presence(agent)
        assert (present.state, present.overrun) == (AgentState.REST, True)


async def test_a_phone_that_stays_away_makes_its_agent_busy(strict: CallFloor) -> None:
    async with strict.agent("王芳", "1901") as (agent, phone):
        await phone.register(0)
        await strict.state(agent, AgentState.BUSY)
        assert strict.calls.presence(agent).reason == "话机离线"
        await strict.calls.flush()
        async with strict.store.read() as session:
            row = await session.get(AgentPresenceRow, agent)
        assert row is not None and row.reason == "话机离线"


async def test_skills_given_to_a_signed_in_agent_count_for_the_caller_who_waits(
    strict: CallFloor,
) -> None:
    async with (
        strict.agent("王芳", "1901", dialect=1) as (agent, phone),
        calling(strict.asterisk) as citizen,
    ):
        queued = await strict.happened(CallQueued)
        assert not strict.all(CallRinging)
        strict.calls.give_skills(agent, {"dialect": 1, "general": 3})
        ring = await phone.rung()
        assert ring.invite.get("X-Call-Id") == queued.call_id
        await citizen.hang_up()
        call, _ = await strict.ended()
        assert call.state is CallState.ENDED


async def test_no_more_callers_are_heard_at_a_time_than_the_rules_say(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    ear = {"after": 0, "level": "CRITICAL", "most": 1}
    rules = rules_with(short_asterisk, tmp_path, listen_while_waiting=ear)
    async with (
        call_floor(short_asterisk, tmp_path, rules=rules) as floor,
        calling(short_asterisk, number=FIRST, gives_up_after=60) as first,
    ):
        await floor.until(lambda: len(floor.ear.streams) == 1)
        async with calling(short_asterisk, number=SECOND, gives_up_after=60) as second:
            await floor.happened(CallQueued, 2)
            await first.hang_up()
            await floor.ended()
            await floor.until(lambda: len(floor.ear.streams) == 2)
            heard_at = [stream.offset_s for stream in floor.ear.streams]
            assert heard_at[1] > 5, "heard only when there was room"
            await second.hang_up()
            await floor.ended(2)
    assert await short_asterisk.is_empty()
