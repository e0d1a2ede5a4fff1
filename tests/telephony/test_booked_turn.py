"""The turn of a booked place: an agent is rung as for a caller, and nobody is called in vain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.events import CallAnswered, CallQueued
from models.vocabulary import (
    AgentState,
    AlertKind,
    CallbackState,
    ContactOutcome,
    PriorityReason,
)
from tests.support.asterisk import RunningAsterisk
from tests.support.sipp import calling, citizen
from tests.telephony.test_call_back import NUMBER, Desk, books, desk_at

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def desk(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[Desk]:
    """Booked places are called when their turn comes."""
    async with desk_at(short_asterisk, tmp_path, auto=True) as opened:
        yield opened


@pytest.mark.parametrize(
    ("declines", "why"), [(False, "未接来电"), (True, "拒接来电")], ids=["missed", "declined"]
)
async def test_a_ring_for_nothing_goes_to_the_next_agent(
    desk: Desk, declines: bool, why: str
) -> None:
    floor = desk.floor
    await books(desk)
    async with floor.agent("王芳", "1901") as (first, phone):
        ring = await phone.rung()
        assert not ring.invite.get("Call-Info"), "the seat may be empty: a person must answer"
        assert floor.calls.presence(first).state is AgentState.RINGING
        async with (
            floor.agent("李娜", "1902") as (second, other),
            citizen(floor.asterisk) as called,
        ):
            if declines:
                phone.decline(ring)
            other.answer(await other.rung(15))
            presence = floor.calls.presence(first)
            assert (presence.state, presence.reason) == (AgentState.BUSY, why)
            await floor.happened(CallAnswered)
            assert floor.calls.presence(second).state is AgentState.TALKING
            task = await desk.state(CallbackState.CALLING)
            assert (task.taken_by, task.attempts) == (second, 1), "the ring in vain does not count"
            vain, _ = await floor.ended(2)
            assert (vain.outcome, vain.ringing_at) == (ContactOutcome.NOT_REACHED, None)
            if not declines:
                (raised,) = await floor.alerted(AlertKind.MISSED_RING)
                assert raised.agent_id == first
            await called.hang_up()
            await desk.state(CallbackState.DONE)
            await floor.ended(3)


async def test_who_calls_in_while_an_agent_is_rung_for_the_call_back_keeps_the_place(
    desk: Desk,
) -> None:
    """And is not rung on top of it: the agent who answers the call-back gets the caller."""
    floor = desk.floor
    await books(desk)
    line = floor.calls.exchange.line
    async with calling(floor.asterisk, number="13800000102", gives_up_after=60) as between:
        other = await floor.happened(CallQueued, 2)
        await floor.until(lambda: len(line) == 2)
        async with floor.agent("王芳", "1901") as (_, phone):
            ring = await phone.rung()
            await desk.state(CallbackState.CALLING)
            async with calling(floor.asterisk, number=NUMBER, gives_up_after=60) as again:
                own = await floor.happened(CallQueued, 3)
                assert own.priority_reasons == (PriorityReason.CALLBACK,)
                assert list(line) == [own.call_id, other.call_id]
                phone.answer(ring)
                inbound = await phone.rung()
                assert inbound.number == NUMBER
                phone.answer(inbound)
                await floor.happened(CallAnswered)
                settled = await desk.state(CallbackState.SETTLED)
                assert settled.attempts == 0
                vain, _ = await floor.ended(2)
                assert (vain.reason, vain.ringing_at) == ("市民正在来电，不再外呼", None)
                await again.hang_up()
            await floor.ended(3)
            await between.hang_up()
            await floor.ended(4)
