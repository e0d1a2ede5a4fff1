"""Callers on the nuisance list: told so, heard, and never kept from help."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select, text

from config.rules import SHIPPED
from config.settings import load_settings
from models.bus import InProcessBus
from models.clock import ManualClock, SystemClock
from models.events import CallAnswered, CallOffered, CallQueued, NuisanceListChanged, UtteranceHeard
from models.ids import new_id
from models.speech import Utterance
from models.store import Store
from models.tables import BlockedNumber, Callback, CallEventRow, Staff
from models.vocabulary import (
    AgentState,
    BlockState,
    CallEventKind,
    ContactOutcome,
    Leg,
    PriorityReason,
)
from nlp.speech.service import SpeechService
from telephony.block_list import BlockList
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import Phone, calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor, Ear, call_floor
from tests.telephony.line import owed
from tests.telephony.sounds import hears

NUISANCE = "13711112222"


async def block(store: Store, number: str = NUISANCE, days: float = 30) -> str:
    """An approved entry, made by a shift leader."""
    now = SystemClock().now()
    leader = Staff(
        id=new_id(),
        username=new_id(),
        name="陈建国",
        password_hash="-",
        roles=[],
        department="D-HL",
        created_at=now,
    )
    row = BlockedNumber(
        id=new_id(),
        number=number,
        state=BlockState.ACTIVE,
        reason="反复辱骂话务员",
        proposed_by=leader.id,
        proposed_at=now,
        ends_at=now + timedelta(days=days),
    )
    async with store.transaction() as work:
        work.session.add(leader)
        await work.session.flush()
        work.session.add(row)
    return row.id


@asynccontextmanager
async def screening_floor(
    asterisk: RunningAsterisk, folder: Path, seconds: float = 2, **how: Any
) -> AsyncIterator[CallFloor]:
    """Listens for two seconds; one number is on the list."""
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    shipped = yaml.safe_load((SHIPPED / "nuisance.yaml").read_text("utf-8"))
    quick = shipped | {"listen_seconds": seconds}
    (rules / "nuisance.yaml").write_text(yaml.safe_dump(quick, allow_unicode=True), "utf-8")
    async with call_floor(asterisk, folder, rules=rules, **how) as floor:
        await block(floor.store)
        await floor.bus.publish(NuisanceListChanged())
        blocks = floor.calls.exchange.front.blocks
        await floor.until(lambda: blocks.match(NUISANCE) is not None)
        yield floor
        assert await asterisk.is_empty()


@asynccontextmanager
async def nuisance_call(
    floor: CallFloor, number: str = NUISANCE
) -> AsyncIterator[tuple[Voice, Phone]]:
    """The number on the list calls."""
    async with AsyncExitStack() as stack:
        voice = await stack.enter_async_context(await Voice.open())
        call = calling(floor.asterisk, number=number, media_port=voice.port, talks_for=90)
        yield voice, await stack.enter_async_context(call)


def heard(call_id: str, words: str, *, final: bool = True) -> UtteranceHeard:
    """The recogniser has understood this."""
    return UtteranceHeard(
        utterance=Utterance(
            utterance_id=new_id(),
            call_id=call_id,
            leg=Leg.CALLER,
            start=0.0,
            end=1.0,
            text=words,
            raw=words,
            confidence=0.9,
            final=final,
        )
    )


async def notes(floor: CallFloor) -> list[str]:
    """What was noted of the screening."""
    await floor.calls.flush()
    query = select(CallEventRow).where(CallEventRow.kind == CallEventKind.SCREENED)
    async with floor.store.read() as session:
        return [row.reason for row in await session.scalars(query.order_by(CallEventRow.at))]


async def owed_numbers(floor: CallFloor, folder: Path) -> list[str]:
    """Who is to be called back, however short the wait was."""
    rules = folder / "owed"
    rules.mkdir()
    shipped = (SHIPPED / "waiting.yaml").read_text("utf-8")
    patient = shipped.replace("short_abandon_seconds: 5", "short_abandon_seconds: 0")
    (rules / "waiting.yaml").write_text(patient, "utf-8")
    await floor.calls.flush()
    await owed(floor, rules).look()
    async with floor.store.read() as session:
        return list(await session.scalars(select(Callback.citizen_number)))


@pytest.mark.asterisk
async def test_who_says_nothing_urgent_is_turned_away_and_kept_as_such(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with screening_floor(short_asterisk, tmp_path) as floor:
        async with nuisance_call(floor, f"+86{NUISANCE}") as (voice, phone):
            offered = await floor.happened(CallOffered)
            await hears(voice, short_asterisk.prompts.uri("blocked_emergency"), within=30)
            await floor.bus.publish(heard(offered.call_id, "你们都是废物，我要投诉你们。"))
            await hears(voice, short_asterisk.prompts.uri("blocked_goodbye"), within=30)
            await phone.finished()
        call, contact = await floor.ended()
        assert contact is not None
        assert (contact.outcome, contact.reason) == (ContactOutcome.BLOCKED, "骚扰号码名单拦截")
        assert call.queued_at is None and floor.all(CallQueued) == []
    async with floor.store.read() as session:
        (row,) = await session.scalars(select(BlockedNumber))
        assert (row.hits, row.last_hit_at is not None) == (1, True)
    await floor.store.close()


@pytest.mark.asterisk
async def test_an_emergency_word_puts_the_caller_through_before_others(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with screening_floor(short_asterisk, tmp_path) as floor:
        async with calling(floor.asterisk) as first:
            await floor.happened(CallQueued)
            async with nuisance_call(floor) as (_, phone):
                offered = await floor.happened(CallOffered, 2)
                await floor.until(lambda: bool(floor.ear.of(offered.call_id, Leg.CALLER)))
                # Half a sentence, still being said, is enough.
                await floor.bus.publish(heard(offered.call_id, "快来人，我家着火", final=False))
                queued = await floor.happened(CallQueued, 2)
                assert queued.call_id == offered.call_id
                assert queued.priority_reasons == (PriorityReason.EMERGENCY_WORDS,)
                order = [view.call_id for view in floor.calls.floor().waiting]
                assert order[0] == offered.call_id
                await phone.hang_up()
            await first.hang_up()
        await floor.ended(2)
        assert await notes(floor) == ["名单号码来电", "听到紧急用语，放行：起火（着火）"]
        assert NUISANCE in await owed_numbers(floor, tmp_path), "who told of danger is"


@pytest.mark.asterisk
async def test_without_speech_recognition_nobody_is_turned_away_but_waits_last(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    ear = Ear(available=False)
    async with screening_floor(short_asterisk, tmp_path, ear=ear) as floor:
        async with (
            nuisance_call(floor) as (voice, phone),
            floor.agent("李娜", "1901") as (agent, desk),
        ):
            await floor.calls.set_state(agent, AgentState.BUSY)
            await hears(voice, short_asterisk.prompts.uri("blocked_waits"))
            nuisance = await floor.happened(CallQueued)
            assert nuisance.priority_reasons == (PriorityReason.NUISANCE,)
            async with calling(floor.asterisk) as other:
                later = await floor.happened(CallQueued, 2)
                await floor.calls.set_state(agent, AgentState.READY)
                desk.answer(await desk.rung())
                assert (await floor.happened(CallAnswered)).call_id == later.call_id
                await other.hang_up()
            await phone.hang_up()
        await floor.ended(2)
        assert await owed_numbers(floor, tmp_path) == [], "who only waited is not called back"
        assert (await notes(floor))[-1] == "名单号码，未接通即结束，不安排回电"


@pytest.mark.asterisk
async def test_who_speaks_and_is_not_understood_is_not_turned_away(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with screening_floor(short_asterisk, tmp_path) as floor:
        async with nuisance_call(floor) as (voice, phone):
            await floor.happened(CallOffered)
            voice.say(
                spoken_ulaw("屋里起火哒，快滴来人咯。" * 4)
            )  # the ear of this test hears no words
            queued = await floor.happened(CallQueued, within=40)
            assert queued.priority_reasons == (PriorityReason.NUISANCE,)
            await phone.hang_up()
        await floor.ended()
        assert "来电人说了话但没有听懂，放行并排在最后" in await notes(floor)


@pytest.mark.asterisk
async def test_hanging_up_in_the_middle_is_a_blocked_call_too(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with screening_floor(short_asterisk, tmp_path) as floor:
        async with nuisance_call(floor) as (voice, phone):
            await hears(voice, short_asterisk.prompts.uri("blocked_emergency"), within=30)
            await phone.hang_up()
        _, contact = await floor.ended()
        assert contact is not None and contact.outcome is ContactOutcome.BLOCKED


@pytest.mark.asterisk
@pytest.mark.speech
@pytest.mark.timeout(180)
async def test_a_spoken_emergency_is_understood_and_goes_through(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    settings = load_settings(var=tmp_path / "var", speech={"model": "practice", "workers": 1})
    floors: list[CallFloor] = []

    async def understood(utterance: Utterance) -> None:
        await floors[0].bus.publish(UtteranceHeard(utterance=utterance))

    speech = SpeechService(settings, understood)
    await speech.start()
    try:
        async with screening_floor(short_asterisk, tmp_path, 8, ear=speech) as floor:
            floors.append(floor)
            async with nuisance_call(floor) as (voice, phone):
                await floor.happened(CallOffered)
                voice.say(spoken_ulaw("救命啊，我们楼上起火了，有人被困在里面，快点来人。" * 3))
                queued = await floor.happened(CallQueued, within=60)
                assert PriorityReason.EMERGENCY_WORDS in queued.priority_reasons
                await phone.hang_up()
            await floor.ended()
    finally:
        await speech.stop()


@pytest.mark.store
async def test_the_list_stays_as_last_known_while_the_database_is_away(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    await store.migrate()
    clock = ManualClock(SystemClock().now())
    blocks = BlockList(store, InProcessBus(), clock)
    await block(store, days=2)
    await block(store, "anonymous")
    assert await blocks.refresh()
    found = blocks.match(f"0{NUISANCE}")
    assert found is not None and blocks.match("13800000000") is None
    # An entry of an earlier version for all who hide their number meets none of them.
    assert blocks.match("") is blocks.match("anonymous") is blocks.match("Restricted") is None

    async with store.transaction() as work:
        await work.session.execute(text("ALTER TABLE blocked_numbers RENAME TO away"))
    blocks.hit(found)
    assert not await blocks.refresh()
    assert blocks.match(NUISANCE) == found
    async with store.transaction() as work:
        await work.session.execute(text("ALTER TABLE away RENAME TO blocked_numbers"))
    assert await blocks.refresh() and await blocks.refresh()
    async with store.read() as session:
        row = await session.get_one(BlockedNumber, found.id)
    assert row.hits == 1  # kept until it could be written, and written once

    clock.advance(timedelta(days=3))
    assert blocks.match(NUISANCE) is None  # its date has come, though nobody swept
    await store.close()
