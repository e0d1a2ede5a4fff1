"""Words of danger count from the first moment of the wait to the answer of an agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.events import CallAnswered, CallQueued, CallStateChanged
from models.vocabulary import CallState, Leg, PriorityReason
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.test_queues_choice import rules_with
from tests.telephony.test_queues_states import DANGER, FIRST, SECOND, heard, order_of
from tests.telephony.test_self_service import in_self_service

pytestmark = pytest.mark.asterisk

#: A word of danger, said in two pieces: neither says it alone.
HALVES = ("楼上起", "火了")


def is_heard(floor: CallFloor, call_id: str) -> bool:
    """Whether we listen to this caller."""
    return any(one.pcm for one in floor.ear.of(call_id, Leg.CALLER))


async def test_what_is_said_while_an_agent_is_rung_counts_when_nobody_answers(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    rules = rules_with(
        short_asterisk, tmp_path, listen_while_waiting={"after": 1, "level": "CRITICAL"}
    )
    async with call_floor(short_asterisk, tmp_path, rules=rules) as floor:
        async with calling(short_asterisk, number=FIRST, gives_up_after=60) as first:
            await floor.happened(CallQueued)
            async with calling(short_asterisk, number=SECOND, gives_up_after=60) as second:
                await floor.happened(CallQueued, 2)
                async with floor.agent("王芳", "1901") as (_, phone):
                    ring = await phone.rung()
                    assert ring.number == FIRST
                    rung = floor.all(CallQueued)[0].call_id
                    await floor.until(lambda: is_heard(floor, rung))  # listened to while it rings
                    await heard(floor, rung, HALVES[0])
                    phone.decline(ring)
                    await floor.until(lambda: len(order_of(floor)) == 2)
                    await heard(floor, rung, HALVES[1])
                    raised = await floor.happened(CallQueued, 3)
                    assert (raised.call_id, raised.priority_reasons) == (
                        rung,
                        (PriorityReason.EMERGENCY_WORDS,),
                    )
                await second.hang_up()
            await first.hang_up()
        await floor.ended(2)
    assert await short_asterisk.is_empty()


async def test_who_told_of_danger_in_a_ring_that_was_declined_goes_first(floor: CallFloor) -> None:
    async with floor.agent("王芳", "1901") as (_, phone):
        async with calling(floor.asterisk, number=FIRST, gives_up_after=60) as first:
            ring = await phone.rung()
            mine = await floor.happened(CallQueued)
            await heard(floor, mine.call_id, DANGER)
            phone.decline(ring)
            await floor.until(lambda: len(floor.calls.floor().waiting) == 1)
            (view,) = floor.calls.floor().waiting
            assert view.priority_reasons == (PriorityReason.EMERGENCY_WORDS,)
            await first.hang_up()
        await floor.ended()
        assert not floor.all(CallAnswered)


async def test_who_goes_to_self_service_at_once_is_listened_to_all_the_same(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    rules = rules_with(
        short_asterisk, tmp_path, listen_while_waiting={"after": 2, "level": "CRITICAL"}
    )
    async with (
        call_floor(short_asterisk, tmp_path, rules=rules) as floor,
        await Voice.open() as voice,
        calling(short_asterisk, media_port=voice.port, talks_for=90, gives_up_after=90) as citizen,
    ):
        queued = await floor.happened(CallQueued)
        await voice.press("8")
        await in_self_service(floor)
        assert not floor.ear.of(queued.call_id, Leg.CALLER), "not yet"
        # Nobody can look orders up here: back to the line at once.
        await floor.until(
            lambda: any(one.state is CallState.QUEUED for one in floor.all(CallStateChanged)), 30
        )
        await floor.until(lambda: is_heard(floor, queued.call_id))
        assert len(floor.ear.of(queued.call_id, Leg.CALLER)) == 1
        await heard(floor, queued.call_id, DANGER)
        raised = await floor.happened(CallQueued, 2)
        assert raised.priority_reasons == (PriorityReason.EMERGENCY_WORDS,)
        await citizen.hang_up()
        await floor.ended()
    assert await short_asterisk.is_empty()
