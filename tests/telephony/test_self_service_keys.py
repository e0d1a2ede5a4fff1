"""Keys in self-service as people press them: slowly, twice, and before they have heard it all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from config.self_service import load_self_service
from dispatch.floor.progress import PhoneProgress
from models.events import CallAnswered, CallQueued, CallStateChanged
from models.progress import OrderProgress, UrgeAnswer
from models.vocabulary import AgentState, CallState, ContactOutcome
from tests.telephony.sounds import hears
from tests.telephony.test_self_service import Hotline, citizen, hotline, in_self_service

__all__ = ["hotline"]

pytestmark = pytest.mark.asterisk

OTHER = "13911110000"


def back_in_line(hotline: Hotline) -> bool:
    return any(one.state is CallState.QUEUED for one in hotline.floor.all(CallStateChanged))


async def test_who_reads_the_number_off_paper_may_pause(hotline: Hotline) -> None:
    """The floor of these tests waits two seconds after a single 0; the shipped rules wait four."""
    order = await hotline.order()
    number, code = order.order_no, order.query_code or ""
    async with citizen(hotline, number=OTHER, dials="123458") as (voice, phone):
        await hears(voice, hotline.prompt("progress_none_found"))
        for piece in (number[:4], number[4:12], number[12:]):
            await voice.press(piece)
            await asyncio.sleep(3)
        await hears(voice, hotline.prompt("progress_ask_code"))
        await voice.press(code[:3])
        await asyncio.sleep(3)
        await voice.press(code[3:])
        await hears(voice, await hotline.spoken(order))
        await phone.hang_up()
    await hotline.floor.ended()
    assert await hotline.told() == [order.order_no]


async def test_hash_after_the_last_digit_cuts_nothing_off_and_star_begins_again(
    hotline: Hotline,
) -> None:
    order = await hotline.order()
    async with citizen(hotline, number=OTHER, dials="123458") as (voice, phone):
        await hears(voice, hotline.prompt("progress_none_found"))
        await voice.press("1234*" + order.order_no + "#")
        await hears(voice, hotline.prompt("progress_ask_code"))
        await voice.press((order.query_code or "") + "#")
        await hears(voice, await hotline.spoken(order))
        await phone.hang_up()
    await hotline.floor.ended()
    assert await hotline.told() == [order.order_no]


async def test_zero_while_an_order_is_looked_up_leads_to_people(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(_self: PhoneProgress, _number: str) -> Sequence[OrderProgress]:
        await asyncio.sleep(4)
        return []

    monkeypatch.setattr(PhoneProgress, "of_number", slow)
    async with citizen(hotline) as (voice, phone):
        await hotline.floor.happened(CallQueued)
        await voice.press("8")
        await in_self_service(hotline.floor)
        await voice.press("0")
        await hears(voice, hotline.prompt("progress_to_people"))
        await hotline.floor.until(lambda: back_in_line(hotline))
        await phone.hang_up()
    await hotline.floor.ended()
    assert "按来电号码查询" not in await hotline.steps()


async def test_zero_while_an_order_is_urged_leads_to_people_and_it_is_urged(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, urge = await hotline.order(), PhoneProgress.urge

    async def slow(self: PhoneProgress, order_id: str, call_id: str) -> UrgeAnswer:
        await asyncio.sleep(2)
        return await urge(self, order_id, call_id)

    monkeypatch.setattr(PhoneProgress, "urge", slow)
    async with citizen(hotline) as (voice, phone):
        await hotline.floor.happened(CallQueued)
        await voice.press("8")
        await hears(voice, await hotline.spoken(order))
        await voice.press("1")
        await asyncio.sleep(0.5)
        await voice.press("0")
        await hotline.floor.until(lambda: back_in_line(hotline), 30)
        await phone.hang_up()
    await hotline.floor.ended()
    await hotline.floor.calls.flush()
    assert len(await hotline.urges()) == 1 and "催办" in await hotline.steps()


async def test_who_found_nothing_and_hung_up_was_not_served(hotline: Hotline) -> None:
    async with citizen(hotline, number=OTHER, dials="123458") as (voice, phone):
        await hears(voice, hotline.prompt("progress_none_found"))
        await phone.hang_up()
    _, contact = await hotline.floor.ended()
    assert contact is not None
    assert (contact.outcome, contact.reason) == (
        ContactOutcome.ABANDONED_GREETING,
        "市民在自助查询中挂断，未查到工单",
    )


async def test_who_comes_back_after_the_longest_wait_is_not_sent_to_the_message_at_once(
    hotline: Hotline,
) -> None:
    floor, order = hotline.floor, await hotline.order()
    longest = floor.calls.exchange.queues.first_queue.waiting.max_wait
    async with floor.agent("李娜", "1901") as (agent, desk_phone):
        await floor.calls.set_state(agent, AgentState.BUSY)
        async with citizen(hotline) as (voice, phone):
            queued = await floor.happened(CallQueued)
            await voice.press("8")
            await hears(voice, await hotline.spoken(order))
            call = floor.calls.exchange.sessions[queued.call_id].call
            assert call.queued_at is not None
            call.queued_at -= timedelta(seconds=longest)
            await voice.press("0")
            await hears(voice, hotline.prompt("progress_to_people"))
            await floor.until(lambda: call.state is CallState.QUEUED)
            voice.forget()
            assert await voice.hears(3.0), "music"
            assert call.state is CallState.QUEUED
            await floor.calls.set_state(agent, AgentState.READY)
            desk_phone.answer(await desk_phone.rung())
            await floor.happened(CallAnswered)
            await phone.hang_up()
        await floor.ended()


def test_the_shipped_pause_within_a_long_number_is_long() -> None:
    rules = load_self_service()
    assert rules.long_entry_seconds >= 10 > rules.digit_seconds
