"""Citizens who are owed a call are called: reached, the task is done; else it comes again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.waiting import load_waiting
from dispatch.floor.callback_views import CallbackView
from dispatch.floor.callbacks import CallbackBook
from dispatch.floor.owed_calls import OwedCalls
from models.clock import SystemClock
from models.events import CallAnswered, CallQueued
from models.guards import Actor
from models.ports import NoAlerts
from models.store import Store
from models.vocabulary import CallbackState, ContactOutcome, PriorityReason, Role
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling, citizen
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.line import rules_with
from tests.telephony.sounds import hears

pytestmark = pytest.mark.asterisk

NUMBER = "13812345678"


@dataclass(kw_only=True)
class Desk:
    """A floor with call-back tasks."""

    floor: CallFloor
    book: CallbackBook
    owed: OwedCalls

    async def lost(self) -> CallbackView:
        """Somebody hangs up in the queue."""
        async with calling(self.floor.asterisk, number=NUMBER) as lost:
            await self.floor.happened(CallQueued)
            await lost.hang_up()
        await self.floor.ended()
        await self.owed.look()
        return (await self.tasks())[0]

    async def tasks(self) -> list[CallbackView]:
        return (await self.book.page(actor("nobody"), "all", clear=True)).items

    async def call(self, agent: str, task: CallbackView) -> str:
        """As the console does."""
        number = await self.book.begin_for(agent, task.id)
        call_id = await self.floor.calls.call_out(agent, number, None, task.id)
        await self.book.called(task.id, call_id)
        return call_id

    async def state(self, state: CallbackState) -> CallbackView:
        """Wait until the task is in a state."""
        while (task := (await self.tasks())[0]).state is not state:
            await self.floor.calls.flush()
        return task


def actor(agent: str) -> Actor:
    return Actor(id=agent, name="王芳", roles=frozenset({Role.AGENT}))


@asynccontextmanager
async def desk_at(asterisk: RunningAsterisk, folder: Path, auto: bool) -> AsyncIterator[Desk]:
    """A floor with call-back tasks, taken by agents or called by themselves."""
    callers = {
        "callbacks": {"short_abandon_seconds": 0, "auto": auto},
        "message": {"nobody_seconds": 600},
    }
    rules = rules_with(folder / "rules", {"callback_from": 1, "announce_every": 600}, callers)
    limits, zone, clock = load_waiting(rules).callbacks, ZoneInfo("Asia/Shanghai"), SystemClock()

    def book(store: Store) -> CallbackBook:
        return CallbackBook(store, clock, limits, asterisk.settings.telephony)

    async with call_floor(asterisk, folder, rules=rules, callbacks=book) as floor:
        owed = OwedCalls(floor.store, floor.bus, clock, limits, NoAlerts(), zone)
        yield Desk(floor=floor, book=book(floor.store), owed=owed)
        assert await asterisk.is_empty()


@pytest.fixture
async def desk(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[Desk]:
    """Agents take the tasks."""
    async with desk_at(short_asterisk, tmp_path, auto=False) as opened:
        yield opened


@pytest.fixture
async def auto_desk(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[Desk]:
    """Booked places are called when their turn comes."""
    async with desk_at(short_asterisk, tmp_path, auto=True) as opened:
        yield opened


async def test_who_is_reached_hears_why_and_the_task_is_done(desk: Desk) -> None:
    task, floor = await desk.lost(), desk.floor
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        citizen(floor.asterisk, media_port=voice.port) as called,
    ):
        call_id = await desk.call(agent, task)
        phone.answer(await phone.rung())
        answered = await floor.happened(CallAnswered)
        assert answered.call_id == call_id
        assert (await desk.tasks())[0].state is CallbackState.CALLING
        await hears(voice, floor.asterisk.prompts.uri("callback"))
        await floor.calls.hang_up(call_id, agent, survey=False)
        await called.finished()
        call, _ = await floor.ended(2)
        assert (call.outcome, call.callback_id) == (ContactOutcome.SERVED, task.id)
        done = await desk.state(CallbackState.DONE)
        assert (done.attempts, done.outbound_call_id) == (1, call_id)


async def test_who_is_busy_is_tried_again(desk: Desk) -> None:
    task, floor = await desk.lost(), desk.floor
    async with floor.agent("王芳", "1901") as (agent, phone), citizen(floor.asterisk, "busy"):
        await desk.call(agent, task)
        phone.answer(await phone.rung())
        call, _ = await floor.ended(2)
        assert call.outcome is ContactOutcome.NOT_REACHED
        tried = await desk.state(CallbackState.OPEN)
        assert (tried.attempts, tried.taken_by) == (1, None)


async def test_a_ring_that_the_agent_misses_is_no_attempt(desk: Desk) -> None:
    task, floor = await desk.lost(), desk.floor
    async with floor.agent("王芳", "1901") as (agent, phone):
        await desk.call(agent, task)
        phone.decline(await phone.rung())
        await floor.ended(2)
        again = await desk.state(CallbackState.OPEN)
        assert again.attempts == 0


async def books(desk: Desk) -> None:
    """Somebody waits, and books a call-back."""
    floor, prompts = desk.floor, desk.floor.asterisk.prompts
    async with (
        await Voice.open() as voice,
        calling(floor.asterisk, number=NUMBER, media_port=voice.port) as booking,
    ):
        await hears(voice, await prompts.say("callback_offer", key="一"))
        await voice.press("1")
        await hears(voice, await prompts.say("callback_confirm", key="一"))
        await voice.press("1")
        await booking.finished()
    await floor.ended()
    await desk.owed.look()
    await desk.state(CallbackState.OPEN)


async def test_a_booked_place_has_its_turn_before_later_callers(auto_desk: Desk) -> None:
    floor, line = auto_desk.floor, auto_desk.floor.calls.exchange.line
    await books(auto_desk)
    async with (
        calling(floor.asterisk, number="13800000102", gives_up_after=60) as later,
        citizen(floor.asterisk) as called,
    ):
        await floor.happened(CallQueued, 2)
        await floor.until(lambda: len(line) == 2)
        lost, _ = await floor.ended()
        assert line.in_order()[0].since == lost.queued_at, "the place of the first call is kept"
        async with floor.agent("王芳", "1901") as (agent, phone):
            first = await phone.rung()
            assert first.invite.get("X-Call-Direction") == "OUTBOUND"
            phone.answer(first)
            await called.reaches("answered")
            task = await auto_desk.state(CallbackState.CALLING)
            assert task.taken_by == agent
            await phone.hang_up(first)
            await auto_desk.state(CallbackState.DONE)
            second = await phone.rung()
            assert second.number == "13800000102"
            await later.hang_up()
        await floor.ended(3)


async def test_who_has_booked_and_calls_again_has_the_own_place(auto_desk: Desk) -> None:
    """Ahead of who came between; the booking rests for so long, and comes back when in vain."""
    floor = auto_desk.floor
    await books(auto_desk)
    line = floor.calls.exchange.line
    await floor.until(lambda: len(line) == 1)
    (booked,) = line
    async with calling(floor.asterisk, number="13800000102", gives_up_after=60) as between:
        other = await floor.happened(CallQueued, 2)
        async with calling(floor.asterisk, number=NUMBER, gives_up_after=60) as again:
            own = await floor.happened(CallQueued, 3)
            await floor.until(lambda: list(line) == [own.call_id, other.call_id])
            assert own.priority_reasons == (PriorityReason.CALLBACK,)
            await floor.calls.flush()
            await floor.calls._booked.look()
            assert list(line) == [own.call_id, other.call_id]
            await again.hang_up()
            await floor.ended(2)
        await floor.until(lambda: list(line) == [booked, other.call_id])
        await between.hang_up()
        await floor.ended(3)


async def test_a_booked_place_that_somebody_takes_leaves_the_line(auto_desk: Desk) -> None:
    floor = auto_desk.floor
    await books(auto_desk)
    line = floor.calls.exchange.line
    await floor.until(lambda: len(line) == 1)
    await auto_desk.book.next(actor(await floor.hire("李娜")))
    await floor.until(lambda: len(line) == 0)
