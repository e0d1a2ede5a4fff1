"""Our process goes away while a caller on the nuisance list is heard: it ends as while it lives."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from models.events import CallQueued
from models.vocabulary import ContactOutcome, PriorityReason
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor, Ear, call_floor
from tests.telephony.sounds import hears
from tests.telephony.test_nuisance import NUISANCE, block, owed_numbers
from tests.telephony.test_queues_states import DANGER, heard

pytestmark = pytest.mark.asterisk


async def on_the_list(floor: CallFloor) -> None:
    """The number of these tests, as known to the calls."""
    await block(floor.store)
    await floor.calls.exchange.front.blocks.refresh()


async def test_who_hangs_up_while_being_asked_is_owed_nothing(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with AsyncExitStack() as lines:
        voice = await lines.enter_async_context(await Voice.open())
        async with call_floor(short_asterisk, tmp_path) as floor:
            await on_the_list(floor)
            line = calling(short_asterisk, number=NUISANCE, media_port=voice.port, talks_for=90)
            citizen = await lines.enter_async_context(line)
            await hears(voice, short_asterisk.prompts.uri("blocked_emergency"), within=40)
        await citizen.hang_up()
        async with call_floor(short_asterisk, tmp_path) as floor:
            call, contact = await floor.ended()
            assert contact is not None
            assert (contact.outcome, contact.reason) == (
                ContactOutcome.BLOCKED,
                "名单号码，市民在核对中挂断",
            )
            assert not call.interrupted
            assert await owed_numbers(floor, tmp_path) == []


async def test_who_is_let_wait_waits_behind_others_once_and_words_of_danger_lift_it(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with AsyncExitStack() as lines:
        voice = await lines.enter_async_context(await Voice.open())
        async with call_floor(short_asterisk, tmp_path, ear=Ear(available=False)) as floor:
            await on_the_list(floor)
            line = calling(
                short_asterisk,
                number=NUISANCE,
                media_port=voice.port,
                talks_for=90,
                gives_up_after=90,
            )
            citizen = await lines.enter_async_context(line)
            await hears(voice, short_asterisk.prompts.uri("blocked_waits"), within=40)
        async with call_floor(short_asterisk, tmp_path, ear=Ear(available=False)) as floor:
            queued = await floor.happened(CallQueued, within=60)
            assert queued.priority_reasons == (PriorityReason.NUISANCE,)
            assert queued.priority == floor.calls.exchange.queues.points(queued.priority_reasons)
            await heard(floor, queued.call_id, DANGER)
            raised = await floor.happened(CallQueued, 2)
            assert raised.priority > 0
            await citizen.hang_up()
            await floor.ended()
    assert await short_asterisk.is_empty()
