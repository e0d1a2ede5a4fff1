"""A process that shares its floor with others claims an agent in the database before it rings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from models.clock import SystemClock
from models.events import CallAnswered, CallQueued, CallRinging
from models.tables import AgentPresenceRow, AgentStateLogRow, Call
from models.vocabulary import AgentState, CallState
from tests.support.asterisk import RunningAsterisk
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor, call_floor

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def shared(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[CallFloor]:
    """A call center that is not alone."""
    settings = short_asterisk.settings
    telephony = settings.telephony.model_copy(update={"shared_floor": True})
    asterisk = replace(
        short_asterisk, settings=settings.model_copy(update={"telephony": telephony})
    )
    async with call_floor(asterisk, tmp_path) as opened:
        yield opened
        assert await short_asterisk.is_empty()


async def another_process_sets(floor: CallFloor, agent: str, **values: Any) -> None:
    """What a process elsewhere writes into the agent's row."""
    table = AgentPresenceRow
    await floor.calls.flush()
    async with floor.store.transaction() as work:
        change = update(table).where(table.agent_id == agent)
        now = SystemClock().now()
        await work.session.execute(change.values(version=table.version + 1, since=now, **values))


async def test_a_claimed_call_is_answered_and_its_ring_is_in_the_ledger_once(
    shared: CallFloor,
) -> None:
    async with shared.agent("王芳", "1901") as (agent, phone):
        async with calling(shared.asterisk) as citizen:
            phone.answer(await phone.rung())
            await shared.happened(CallAnswered)
            await citizen.hang_up()
            call, _ = await shared.ended()
        await shared.state(agent, AgentState.READY)
    await shared.calls.flush()
    async with shared.store.read() as session:
        query = select(AgentStateLogRow).where(AgentStateLogRow.agent_id == agent)
        lines = list(await session.scalars(query.order_by(AgentStateLogRow.since)))
    states = [line.state for line in lines]
    assert states == ["BUSY", "READY", "RINGING", "TALKING", "WRAP_UP", "READY"]
    assert [line.call_id for line in lines if line.state is AgentState.RINGING] == [call.id]
    gaps = [after.since - before.until for before, after in pairwise(lines) if before.until]
    assert all(gap == timedelta() for gap in gaps)


async def test_an_agent_whom_another_process_rings_is_not_rung_by_us(shared: CallFloor) -> None:
    async with shared.agent("王芳", "1901") as (agent, phone):
        await another_process_sets(shared, agent, state=AgentState.RINGING, call_id="elsewhere")
        async with calling(shared.asterisk) as citizen:
            queued = await shared.happened(CallQueued)
            await shared.until(lambda: shared.calls.presence(agent).call_id == "elsewhere")
            assert not phone.rings and not shared.all(CallRinging)
            assert [one.call_id for one in shared.calls.floor().waiting] == [queued.call_id]
            await another_process_sets(shared, agent, state=AgentState.READY, call_id=None)
            ring = await phone.rung()
            assert ring.invite.get("X-Call-Id") == queued.call_id
            async with shared.store.read() as session:
                row = await session.get(Call, queued.call_id)
            assert row is not None
            assert (row.state, row.agent_id) == (CallState.RINGING, agent)
            await citizen.hang_up()
        await shared.ended()
