"""Fifty calls that end at any moment leave nothing behind, and every contact says how it ended."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import select

from models.events import CallEnded, CallOffered
from models.tables import Contact
from models.vocabulary import AgentState, ContactOutcome
from tests.support.sip_agent import SipAgent
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor

pytestmark = pytest.mark.asterisk

CALLS = 50
AT_ONCE = 8


async def picks_up_sometimes(phone: SipAgent, chance: random.Random) -> None:
    """An agent who answers, declines, ignores and hangs up as it comes."""
    while True:
        ring = await phone.rung(within=600)
        await asyncio.sleep(chance.uniform(0, 0.3))
        if ring.over.is_set():
            continue
        if chance.random() < 0.2:
            phone.decline(ring)
            continue
        phone.answer(ring)
        if chance.random() < 0.3:
            await asyncio.sleep(chance.uniform(0, 0.5))
            if not ring.over.is_set():
                await phone.hang_up(ring)


async def ready_again(floor: CallFloor, agents: list[str]) -> None:
    """Agents who were set busy come back."""
    while True:
        for agent in agents:
            if floor.calls.presence(agent).state in (AgentState.BUSY, AgentState.WRAP_UP):
                await floor.calls.set_state(agent, AgentState.READY)
        await asyncio.sleep(0.1)


async def one_call(floor: CallFloor, number: int, seconds: float, gate: asyncio.Semaphore) -> None:
    """A citizen who hangs up after a while, wherever the call is then."""
    async with gate, calling(floor.asterisk, number=f"139{number:08}") as citizen:
        await asyncio.sleep(seconds)
        await citizen.hang_up()


@pytest.mark.timeout(240)
async def test_fifty_calls_that_end_at_any_moment(floor: CallFloor) -> None:
    chance = random.Random(20261122)
    gate = asyncio.Semaphore(AT_ONCE)
    async with (
        floor.agent("王芳", "1901") as (first, one),
        floor.agent("李娜", "1902") as (second, two),
        floor.agent("赵敏", "1903") as (third, three),
    ):
        phones = [picks_up_sometimes(phone, chance) for phone in (one, two, three)]
        others = [asyncio.create_task(work) for work in phones]
        others.append(asyncio.create_task(ready_again(floor, [first, second, third])))
        await asyncio.gather(
            *(one_call(floor, number, chance.uniform(0, 2.5), gate) for number in range(CALLS))
        )
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        assert await floor.asterisk.is_empty(within=10)
        await floor.until(lambda: len(floor.all(CallEnded)) == len(floor.all(CallOffered)))
        assert not floor.calls.floor().calls
    await floor.calls.flush()
    async with floor.store.read() as session:
        contacts = list(await session.scalars(select(Contact)))
    assert len(contacts) == len(floor.all(CallEnded)) > CALLS // 2
    for contact in contacts:
        assert contact.outcome is not ContactOutcome.IN_PROGRESS
        assert contact.ended_at is not None
        assert contact.reason
    outcomes = {contact.outcome for contact in contacts}
    assert len(outcomes) >= 3, outcomes
