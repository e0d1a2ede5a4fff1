"""Every second of every agent is in the ledger: no hole, no overlap, whatever the day brings."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from config.queues import BREAKS, load_queues
from models.bus import InProcessBus
from models.clock import ManualClock
from models.store import Store
from models.tables import AgentPresenceRow, AgentStateLogRow, Staff
from models.vocabulary import AgentState
from telephony.agents import IN_CALL, Agent
from telephony.presence import PresenceBoard
from telephony.presence_keeper import state_entry
from telephony.records import Records

pytestmark = [pytest.mark.unit, pytest.mark.store]

MORNING = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
AGENTS = ("a", "b", "c")
DAY = timedelta(hours=9)


class Day:
    """Agents at work for a day, written down by the real writer."""

    def __init__(self, store: Store) -> None:
        self.clock = ManualClock(MORNING)
        self.records = Records(store, InProcessBus(), self.clock)
        self.board = PresenceBoard(self.clock, self._changed, load_queues().agents)
        self.dice = random.Random(12345)
        self.calls = 0

    def _changed(self, before: Agent | None, agent: Agent) -> None:
        self.records.enter_state(state_entry(agent, before))

    def something_happens(self, name: str) -> None:
        """One thing of all that can, as the state allows."""
        agent, board = self.board.need(name), self.board
        call_id = agent.call_id or ""
        match agent.state:
            case AgentState.READY:
                if self.dice.random() < 0.3:
                    board.choose(name, self.dice.choice(BREAKS))
                else:
                    self.calls += 1
                    board.reserve(name, f"call-{self.calls}")
            case AgentState.RINGING if self.dice.random() < 0.2:
                board.release(name, call_id, AgentState.BUSY, "未接来电")
            case AgentState.RINGING | AgentState.HOLD:
                board.move(name, call_id, AgentState.TALKING)
            case AgentState.TALKING if self.dice.random() < 0.4:
                board.move(name, call_id, AgentState.HOLD)
            case AgentState.TALKING:
                lasting = timedelta(seconds=60)
                board.release(name, call_id, AgentState.WRAP_UP, lasting=lasting, talked=True)
            case AgentState.WRAP_UP if not agent.extended:
                board.extend_wrap_up(name)
            case state if state not in IN_CALL:
                board.choose(name, AgentState.READY)


async def test_the_ledger_of_a_day_has_no_hole_and_no_overlap(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'day.db'}")
    await store.migrate()
    async with store.transaction() as work:
        work.session.add_all(staff(name) for name in AGENTS)
    day = Day(store)
    await day.records.start()
    for name in AGENTS:
        day.board.phone(f"10{name}", True)
        day.board.sign_in(name, name, f"10{name}")
        day.board.choose(name, AgentState.READY)
    while day.clock.now() < MORNING + DAY:
        day.clock.advance(timedelta(seconds=day.dice.uniform(1, 120)))
        day.board.tick()
        day.something_happens(day.dice.choice(AGENTS))
        if day.dice.random() < 0.05:
            await day.records.flush()
    for name in AGENTS:
        agent = day.board.need(name)
        if agent.state in IN_CALL:
            day.board.release(name, agent.call_id or "", AgentState.READY)
        day.board.sign_out(name)
    evening = day.clock.now()
    await day.records.stop()
    for name in AGENTS:
        await check(store, name, evening)
    await store.close()


async def check(store: Store, name: str, evening: datetime) -> None:
    """Line follows line to the instant; together they are the whole day."""
    async with store.read() as session:
        query = select(AgentStateLogRow).where(AgentStateLogRow.agent_id == name)
        lines = sorted(await session.scalars(query), key=_in_time)
        present = await session.get(AgentPresenceRow, name)
    assert len(lines) > 50
    for before, after in pairwise(lines):
        assert before.until == after.since
    *past, last = lines
    assert (last.state, last.since, last.until) == (AgentState.OFFLINE, evening, None)
    spent = sum((line.until - line.since for line in past if line.until), timedelta())
    assert spent == evening - MORNING
    wrapped = [line for line in past if line.state is AgentState.WRAP_UP]
    assert wrapped and all(line.call_id for line in wrapped)
    assert any(
        line.until and line.until - line.since > timedelta(seconds=60) for line in wrapped
    ), "a lengthened wrap-up is one line"
    assert present is not None and present.state is AgentState.OFFLINE


def _in_time(line: AgentStateLogRow) -> tuple[datetime, datetime]:
    """By when it was, as whoever reads the ledger does: lines of one transaction are written within
    the millisecond that their ids tell.
    """
    return line.since, line.until or datetime.max.replace(tzinfo=UTC)


def staff(name: str) -> Staff:
    return Staff(
        id=name, username=name, name=name, password_hash="-", roles=[], department="x",
        created_at=MORNING,
    )  # fmt: skip
