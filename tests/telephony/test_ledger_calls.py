"""An agent's hour with real calls: the ledger covers every moment, as the calls' own times tell."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from models.events import CallAnswered, CallRinging
from models.tables import AgentStateLogRow
from models.vocabulary import AgentState, CallEventKind
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor
from tests.telephony.three import EXPERT, lines, outsider

pytestmark = pytest.mark.asterisk

#: Line and call are written one after the other in the same step.
_SOON = timedelta(seconds=0.3)


async def ledger(floor: CallFloor, agent: str) -> list[AgentStateLogRow]:
    """The agent's lines, in order of time."""
    await floor.calls.flush()
    query = select(AgentStateLogRow).where(AgentStateLogRow.agent_id == agent)
    last = datetime.max.replace(tzinfo=UTC)
    async with floor.store.read() as session:
        rows = await session.scalars(query)
        return sorted(rows, key=lambda line: (line.since, line.until or last))


def close(one: datetime | None, other: datetime | None) -> bool:
    """Whether both were the same step."""
    return one is not None and other is not None and abs(one - other) <= _SOON


async def test_the_lines_follow_each_other_and_agree_with_the_call(floor: CallFloor) -> None:
    desk = floor.calls.desk
    agent = await floor.hire("王芳", "1901")
    async with floor.at_work(agent, "1901") as phone, outsider(floor) as (_, _):
        async with calling(floor.asterisk, talks_for=90) as citizen:
            ring = await phone.rung()
            await asyncio.sleep(0.5)
            phone.answer(ring)
            call_id = (await floor.happened(CallAnswered)).call_id
            await desk.hold(call_id, agent)
            await asyncio.sleep(0.5)
            await desk.resume(call_id, agent)
            await desk.consult(call_id, agent, EXPERT)
            await floor.state(agent, AgentState.CONSULT)
            await asyncio.sleep(0.5)
            await desk.end_consultation(call_id, agent)
            await floor.state(agent, AgentState.TALKING)
            await citizen.hang_up()
        call, _ = await floor.ended()
        await floor.state(agent, AgentState.WRAP_UP)
        await floor.state(agent, AgentState.READY)  # the countdown is through
        await floor.calls.set_state(agent, AgentState.REST)
        await asyncio.sleep(0.5)
        await floor.calls.sign_out(agent)
    found = await ledger(floor, agent)
    assert [line.state for line in found] == [
        AgentState.BUSY,  # signed in
        AgentState.READY,
        AgentState.RINGING,
        AgentState.TALKING,
        AgentState.HOLD,
        AgentState.TALKING,
        AgentState.CONSULT,
        AgentState.TALKING,
        AgentState.WRAP_UP,
        AgentState.READY,
        AgentState.REST,
        AgentState.OFFLINE,
    ]
    assert all(before.until == after.since for before, after in pairwise(found)), "a hole"
    assert found[-1].until is None
    _, _, ringing, talking, held, _, asking, _, wrap_up, *_ = found
    in_call = found[2:9]
    assert {line.call_id for line in in_call} == {call_id}
    assert {line.call_id for line in (*found[:2], *found[9:])} == {None}

    rung = await floor.happened(CallRinging)
    assert close(ringing.since, rung.at) and close(ringing.since, call.ringing_at)
    assert close(talking.since, call.answered_at) and close(wrap_up.since, call.ended_at)
    assert wrap_up.until is not None
    seconds = floor.asterisk.settings.telephony.wrap_up_seconds
    assert timedelta(0) <= wrap_up.until - wrap_up.since - timedelta(seconds=seconds) < 2 * _SOON
    for kind, line in ((CallEventKind.HELD, held), (CallEventKind.CONSULT_BEGUN, asking)):
        (noted, *_) = await lines(floor, call_id, kind)
        assert close(line.since, noted.at), kind
    music = [line.until - line.since for line in (held, asking) if line.until]
    assert abs(sum(music, timedelta()).total_seconds() - call.hold_seconds) < 1
