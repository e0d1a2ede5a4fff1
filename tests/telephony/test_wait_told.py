"""A caller who waits hears how many minutes it will probably take."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from models.clock import SystemClock
from models.events import CallAnswered
from models.ids import new_id
from models.store import Store
from models.tables import Call
from models.vocabulary import (
    CallDirection,
    CallEventKind,
    CallState,
    ContactOutcome,
)
from tests.support.asterisk import RunningAsterisk
from tests.support.sipp import calling
from tests.telephony.line import caller, history, opened
from tests.telephony.sounds import hears

pytestmark = pytest.mark.asterisk


async def served_before(folder: Path, seconds: float, calls: int) -> None:
    """Calls of the last hour, each of which took so long."""
    store = Store(f"sqlite+aiosqlite:///{folder / 'floor.db'}")
    await store.migrate()
    ended = SystemClock().now() - timedelta(minutes=5)
    async with store.transaction() as work:
        for _ in range(calls):
            work.session.add(
                Call(
                    id=new_id(),
                    direction=CallDirection.INBOUND,
                    state=CallState.ENDED,
                    citizen_number="13800000199",
                    access_number="12345",
                    started_at=ended - timedelta(seconds=seconds),
                    answered_at=ended - timedelta(seconds=seconds),
                    ended_at=ended,
                    outcome=ContactOutcome.SERVED,
                    reason="",
                    priority_reasons=[],
                )
            )
    await store.close()


async def test_how_many_minutes_the_wait_will_take_is_heard(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """Five calls of nearly four minutes each, one agent at work: four minutes a place."""
    await served_before(tmp_path, 230, 5)
    say = short_asterisk.prompts.say
    async with (
        opened(short_asterisk, tmp_path, announce_every=2) as floor,
        floor.agent("王芳", "1901") as (_, phone),
        calling(short_asterisk, number="13800000100", talks_for=90) as served,
    ):
        phone.answer(await phone.rung())
        await floor.happened(CallAnswered)
        async with (
            caller(floor, nth=2) as (first, voice, first_id),
            caller(floor, "13800000102", nth=3) as (second, second_voice, second_id),
        ):
            await hears(voice, await say("queue_next_minutes", minutes=4))
            await hears(second_voice, await say("queue_position", ahead=1, minutes=8))
            await first.hang_up()
            second_voice.forget()
            await hears(second_voice, await say("queue_next_minutes", minutes=4))
            await second.hang_up()
        await served.hang_up()
        await floor.ended(3)
    for call_id, place in ((first_id, 1), (second_id, 2)):
        told = (await history(floor, call_id, CallEventKind.ANNOUNCED))[0]
        assert told == {"place": place, "expected_wait_s": place * 231}
