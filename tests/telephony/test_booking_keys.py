"""The key of the call-back: what it means before, between and after what the caller has heard."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from models.events import CallQueued
from models.vocabulary import ContactOutcome
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.line import caller, opened, presses_twice, said, wait_of
from tests.telephony.sounds import hears
from tests.telephony.test_waiting import unfinished

pytestmark = pytest.mark.asterisk


async def test_a_key_pressed_twice_at_once_books_nothing_before_the_question_is_heard(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with opened(short_asterisk, tmp_path, callback_from=1.0) as floor:
        async with caller(floor) as (citizen, voice, call_id):
            prompts = short_asterisk.prompts
            await hears(voice, await prompts.say("callback_offer", key="一"))
            await voice.press("11")
            await hears(voice, await prompts.say("callback_confirm", key="一"))
            waiting = wait_of(floor, call_id)
            assert not waiting.booked and call_id in floor.calls.exchange.line
            await voice.press("1")
            await hears(voice, said(floor, "callback_booked"))
            await citizen.finished()
        _, contact = await floor.ended()
        assert contact is not None and contact.outcome is ContactOutcome.CALLBACK_BOOKED


async def test_the_key_that_an_earlier_process_offered_counts_after_a_restart(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with AsyncExitStack() as lines:
        voice = await lines.enter_async_context(await Voice.open())
        async with unfinished(short_asterisk, tmp_path, callback_from=1.0) as floor:
            line = calling(short_asterisk, media_port=voice.port, talks_for=60)
            citizen = await lines.enter_async_context(line)
            await floor.happened(CallQueued)
            await hears(voice, await short_asterisk.prompts.say("callback_offer", key="一"))
        async with opened(short_asterisk, tmp_path, callback_from=1.0) as floor:
            await floor.until(lambda: len(floor.calls.floor().waiting) == 1)
            await asyncio.sleep(0.5)
            await presses_twice(voice, short_asterisk)
            await citizen.finished()
            _, contact = await floor.ended()
            assert contact is not None and contact.outcome is ContactOutcome.CALLBACK_BOOKED
