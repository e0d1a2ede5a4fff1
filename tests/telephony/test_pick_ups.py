"""A shift leader picks up whom somebody else has already, or who is about to be let go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from models.errors import TransitionRefused
from models.events import CallAnswered, CallQueued
from models.vocabulary import (
    AgentState,
    CallbackReason,
    CallbackState,
    CallEventKind,
    ContactOutcome,
    SupervisionKind,
)
from tests.support.asterisk import RunningAsterisk
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor
from tests.telephony.line import caller, opened, presses_twice, the_task, wait_of
from tests.telephony.sounds import hears
from tests.telephony.three import lines

pytestmark = pytest.mark.asterisk


async def picks_up(floor: CallFloor, call_id: str, leader: str) -> None:
    desk, presence = floor.calls.leaders, floor.calls.presence(leader)
    await desk.supervise(call_id, presence, SupervisionKind.PICK_UP, "久等")


async def test_who_has_booked_a_call_back_is_let_go(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        opened(short_asterisk, tmp_path, callback_from=1.5) as floor,
        floor.agent("班长", "1901") as (leader, phone),
    ):
        await floor.calls.set_state(leader, AgentState.MEETING)
        async with caller(floor) as (citizen, voice, call_id):
            await hears(voice, await short_asterisk.prompts.say("callback_offer", key="一"))
            await presses_twice(voice, short_asterisk)
            wait = wait_of(floor, call_id)
            await floor.until(lambda: wait.booked)
            with pytest.raises(TransitionRefused, match="预约回电"):
                await picks_up(floor, call_id, leader)
            await citizen.finished()
        _, contact = await floor.ended()
        assert contact is not None and contact.outcome is ContactOutcome.CALLBACK_BOOKED
        task = await the_task(floor)
        assert (task.reason, task.state) == (CallbackReason.BOOKED, CallbackState.OPEN)
        assert floor.calls.presence(leader).state is AgentState.MEETING and not phone.rings
        assert not await lines(floor, call_id, CallEventKind.PICKED_UP)


async def test_of_two_leaders_one_has_the_caller(floor: CallFloor) -> None:
    async with (
        floor.agent("赵班长", "1901") as (first, phone),
        floor.agent("钱班长", "1902") as (second, other),
    ):
        for leader in (first, second):
            await floor.calls.set_state(leader, AgentState.MEETING)
        async with calling(floor.asterisk, gives_up_after=60) as citizen:
            call_id = (await floor.happened(CallQueued)).call_id
            both = (picks_up(floor, call_id, leader) for leader in (first, second))
            had, refused = await asyncio.gather(*both, return_exceptions=True)
            assert had is None and isinstance(refused, TransitionRefused)
            assert str(refused) == "赵班长正在抢接这通来电"
            phone.answer(await phone.rung())
            assert (await floor.happened(CallAnswered)).agent_id == first
            assert floor.calls.presence(second).state is AgentState.MEETING and not other.rings
            await citizen.hang_up()
            await floor.ended()
        (line,) = await lines(floor, call_id, CallEventKind.PICKED_UP)
        assert line.actor == first
