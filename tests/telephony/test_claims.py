"""Several processes, one floor: no agent gets two calls, no call two agents, none is forgotten."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.bus import InProcessBus
from models.clock import ManualClock, SystemClock
from models.store import Store
from models.tables import AgentPresenceRow, AgentStateLogRow, Call, Staff
from models.vocabulary import AgentState, CallDirection, CallState, ContactOutcome
from telephony.agents import Agent
from telephony.batch import StateEntry
from telephony.call import LiveCall
from telephony.claims import Claim, Claims
from telephony.neighbours import Neighbours
from telephony.presence import PresenceBoard
from telephony.records import Records
from telephony.shared_floor import SharedFloor
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.unit, pytest.mark.store]

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PROCESSES, AGENTS, CALLS = 4, 6, 60


async def open_floor(url: str, agents: int, calls: int) -> Store:
    """A database with agents who are ready and callers who wait."""
    store = Store(url)
    await store.migrate()
    async with store.transaction() as work:
        for n in range(agents):
            work.session.add(staff(f"agent-{n}"))
        await work.session.flush()
        for n in range(agents):
            work.session.add(present(f"agent-{n}"))
        for n in range(calls):
            work.session.add(waiting(f"call-{n:04d}"))
    return store


def staff(name: str) -> Staff:
    return Staff(
        id=name, username=name, name=name, password_hash="-", roles=[], department="x",
        created_at=START,
    )  # fmt: skip


def present(name: str) -> AgentPresenceRow:
    return AgentPresenceRow(
        agent_id=name, state=AgentState.READY, since=START, idle_since=START, version=0
    )


def waiting(call_id: str) -> Call:
    return Call(
        id=call_id,
        direction=CallDirection.INBOUND,
        state=CallState.QUEUED,
        started_at=START,
        queued_at=START,
        outcome=ContactOutcome.IN_PROGRESS,
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_floor(f"sqlite+aiosqlite:///{tmp_path / 'floor.db'}", 2, 2)
    yield opened
    await opened.close()


def claim(call: int, agent: int, version: int = 0) -> Claim:
    return Claim(call_id=f"call-{call:04d}", agent_id=f"agent-{agent}", version=version)


async def test_who_claims_first_has_the_agent_and_the_call(store: Store) -> None:
    claims = Claims(store, ManualClock(START))
    assert await claims.take(claim(0, 0)) == 1
    assert await claims.take(claim(1, 0)) is None, "the agent rings already"
    assert await claims.take(claim(0, 1)) is None, "the call is given already"
    assert await claims.take(claim(1, 1)) == 1
    async with store.read() as session:
        second = await session.get(AgentPresenceRow, "agent-1")
        lines = list(await session.scalars(select(AgentStateLogRow.call_id)))
    assert second is not None
    assert (second.state, second.call_id, second.version) == (AgentState.RINGING, "call-0001", 1)
    assert sorted(str(line) for line in lines) == ["call-0000", "call-0001"]


async def test_a_lost_claim_leaves_no_trace(store: Store) -> None:
    """The agent was free, the call was not: the agent is as before."""
    claims = Claims(store, ManualClock(START))
    await claims.take(claim(0, 0))
    assert await claims.take(claim(0, 1)) is None
    async with store.read() as session:
        agent = await session.get(AgentPresenceRow, "agent-1")
    assert agent is not None
    assert (agent.state, agent.call_id, agent.version) == (AgentState.READY, None, 0)


async def test_a_call_that_has_ended_is_given_to_nobody(store: Store) -> None:
    async with store.transaction() as work:
        call = await work.session.get(Call, "call-0000")
        assert call is not None
        call.ended_at, call.state = START, CallState.ENDED
    assert await Claims(store, ManualClock(START)).take(claim(0, 0)) is None


async def test_a_leader_takes_a_ring_from_the_agent_who_has_it(store: Store) -> None:
    claims = Claims(store, ManualClock(START))
    await claims.take(claim(0, 0))
    stolen = Claim(call_id="call-0000", agent_id="agent-1", version=0, holder="agent-0")
    assert await claims.take(stolen) == 1


# --- two processes' boards -----------------------------------------------------------------------


class Process:
    """The board, the writer and the claims of one process; no telephony."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, ManualClock(START + timedelta(minutes=1))
        self.records = Records(store, InProcessBus(), self.clock)
        self.records.on_conflict = lambda agent_id: self.conflicts.append(agent_id)
        self.conflicts: list[str] = []
        self.board = PresenceBoard(self.clock, self._changed)
        self.floor = SharedFloor(
            store,
            Claims(store, self.clock),
            self.records,
            self.reread,
            Neighbours(store, "hotline", 5.0),
        )

    async def reread(self, agent_id: str) -> None:
        async with self.store.read() as session:
            row = await session.get(AgentPresenceRow, agent_id)
        assert row is not None
        self.records.knows_version(agent_id, row.version)
        self.board.phone(f"phone {agent_id}", True)
        self.board.restore(
            Agent(
                agent_id=agent_id, agent_name=agent_id, extension=f"phone {agent_id}",
                state=row.state, since=row.since, reason=row.reason, call_id=row.call_id,
                until=row.until, idle_since=row.idle_since or row.since,
            )
        )  # fmt: skip

    def _changed(self, before: Agent | None, agent: Agent) -> None:
        if agent.reserved or (before and before.state is agent.state):
            return
        self.records.enter_state(
            StateEntry(
                agent_id=agent.agent_id, state=agent.state, reason=agent.reason,
                since=agent.since, until=agent.until, call_id=agent.call_id,
                idle_since=agent.idle_since,
            )
        )  # fmt: skip

    def agent(self, n: int) -> Agent:
        return self.board.need(f"agent-{n}")


@pytest.fixture
async def two(store: Store) -> AsyncIterator[tuple[Process, Process]]:
    pair = Process(store), Process(store)
    for one in pair:
        await one.records.start()
        assert await one.floor.learn()
    yield pair
    for one in pair:
        await one.records.stop()


async def test_of_two_boards_that_both_gave_the_agent_a_call_one_wins(
    two: tuple[Process, Process],
) -> None:
    first, second = two
    assert first.board.reserve("agent-0", "call-0000")
    assert second.board.reserve("agent-0", "call-0001")
    won = await asyncio.gather(
        first.floor.claim("call-0000", first.agent(0)),
        second.floor.claim("call-0001", second.agent(0)),
    )
    assert sorted(won) == [False, True]
    boards = {one.agent(0).call_id for one in two}
    assert len(boards) == 1, "the loser knows now who has the agent"


async def test_a_call_that_goes_back_to_the_line_at_once_can_be_given_again(
    two: tuple[Process, Process],
) -> None:
    """The ring that failed and the return to the line are written in one batch."""
    first, _ = two
    async with first.store.read() as session:
        row = await session.get(Call, "call-0000")
    assert row is not None
    first.records.knows_call(row)
    call = LiveCall.from_row(row)
    for n in range(2):
        assert first.board.reserve(f"agent-{n}", call.id)
        assert await first.floor.claim(call.id, first.agent(n))
        call.agent_id, call.state = f"agent-{n}", CallState.RINGING
        first.records.save(call)
        call.agent_id, call.state = None, CallState.QUEUED
        first.records.save(call)
        await first.records.flush()


async def test_a_process_learns_what_another_has_done(two: tuple[Process, Process]) -> None:
    first, second = two
    first.board.choose("agent-0", AgentState.MEAL, "午饭")
    assert not await first.floor.learn(), "one's own doing is no news"
    await first.records.flush()
    assert not await first.floor.learn()
    assert await second.floor.learn()
    assert (second.agent(0).state, second.agent(0).reason) == (AgentState.MEAL, "午饭")
    second.board.choose("agent-0", AgentState.READY)
    await second.records.flush()
    assert await first.floor.learn()
    assert first.agent(0).free


async def test_the_claim_of_an_agent_who_has_just_left_is_lost(
    two: tuple[Process, Process],
) -> None:
    first, second = two
    first.board.choose("agent-0", AgentState.BUSY)
    await first.records.flush()
    assert second.board.reserve("agent-0", "call-0000"), "not heard yet"
    assert not await second.floor.claim("call-0000", second.agent(0))
    assert second.agent(0).state is AgentState.BUSY


async def test_without_a_database_nobody_is_rung(
    two: tuple[Process, Process], store: Store
) -> None:
    first, _ = two
    first.records.forget_version("agent-0")
    assert first.board.reserve("agent-0", "call-0000")
    assert not await first.floor.claim("call-0000", first.agent(0))
    assert first.agent(0).state is AgentState.READY


# --- under load, in processes of their own --------------------------------------------------------


def work(url: str, number: int, report: str) -> None:
    """One process: serves callers until there are none, and writes down whom it served."""
    asyncio.run(_work(url, number, report))


async def _work(url: str, number: int, report: str) -> None:
    store, served = Store(url), []
    claims = Claims(store, SystemClock())
    while True:
        calls, agents = await _look(store)
        if not calls:
            break
        for turn, (agent, version) in enumerate(agents):
            # Everybody wants the same few, as boards of several processes do.
            call = calls[(turn + number) % min(len(calls), 2)]
            won = await claims.take(Claim(call_id=call, agent_id=agent, version=version))
            if won is not None:
                served.append((call, agent))
                await _serve(store, call, agent, won)
    Path(report).write_text(json.dumps(served), encoding="utf-8")
    await store.close()


async def _look(store: Store) -> tuple[list[str], list[tuple[str, int]]]:
    """Who waits and who is free, perhaps no longer so when it is acted on."""
    async with store.read() as session:
        queued = select(Call.id).where(Call.state == CallState.QUEUED).order_by(Call.id)
        calls = list(await session.scalars(queued.limit(4)))
        free = select(AgentPresenceRow.agent_id, AgentPresenceRow.version).where(
            AgentPresenceRow.state == AgentState.READY
        )
        agents = [(agent_id, version) for agent_id, version in await session.execute(free)]
    return calls, agents


async def _serve(store: Store, call_id: str, agent_id: str, version: int) -> None:
    """The talk is short; the agent must still have this very call when it ends."""
    async with store.transaction() as unit:
        agent = await unit.session.get(AgentPresenceRow, agent_id)
        call = await unit.session.get(Call, call_id)
        assert agent is not None and call is not None
        assert (agent.version, agent.call_id) == (version, call_id)
        assert (call.agent_id, call.state) == (agent_id, CallState.RINGING)
        call.state, call.ended_at = CallState.ENDED, SystemClock().now()
        agent.state, agent.call_id, agent.version = AgentState.READY, None, version + 1


async def claim_under_load(url: str, folder: Path) -> None:
    """All calls are served, each once, each by one agent at a time."""
    store = await open_floor(url, AGENTS, CALLS)
    reports = [folder / f"{number}.json" for number in range(PROCESSES)]
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=work, args=(url, number, str(report)))
        for number, report in enumerate(reports)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join, 120)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    served = [tuple(pair) for one in reports for pair in json.loads(one.read_text("utf-8"))]
    assert Counter(call for call, _ in served) == {f"call-{n:04d}": 1 for n in range(CALLS)}
    async with store.read() as session:
        given = {
            (call, agent) for call, agent in await session.execute(select(Call.id, Call.agent_id))
        }
        rung = await session.scalar(select(func.count()).select_from(AgentStateLogRow))
    assert given == set(served)
    assert rung == CALLS, "one ring for each call in the ledger"
    await store.close()


async def test_four_processes_serve_one_floor_on_sqlite(tmp_path: Path) -> None:
    await claim_under_load(f"sqlite+aiosqlite:///{tmp_path / 'load.db'}", tmp_path)


async def test_four_processes_serve_one_floor_on_postgresql(
    postgres: Postgres, tmp_path: Path
) -> None:
    await claim_under_load(postgres.database("claims"), tmp_path)
