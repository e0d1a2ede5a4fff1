"""What happens on the floor is written down, whatever the database does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from models.bus import InProcessBus
from models.events import CallOffered, DomainEvent
from models.ids import new_id
from models.store import Store
from models.tables import AgentPresenceRow, AgentStateLogRow, Call, CallEventRow, Contact, Staff
from models.vocabulary import (
    AgentState,
    CallDirection,
    CallEventKind,
    CallState,
    ContactOutcome,
)
from telephony.batch import StateEntry
from telephony.call import LiveCall
from telephony.records import Records
from tests.support.postgres import Postgres
from tests.telephony.floor import until

pytestmark = [pytest.mark.unit, pytest.mark.store]

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Office:
    """A writer, its database and what it told."""

    def __init__(self, url: str) -> None:
        self.store = Store(url)
        self.bus = InProcessBus()
        self.records = Records(self.store, self.bus)
        self.told: list[DomainEvent] = []
        self.conflicts: list[str] = []
        self.records.on_conflict = self.conflicts.append

    async def note(self, event: DomainEvent) -> None:
        self.told.append(event)

    async def broken(self, table: str) -> None:
        async with self.store.transaction() as work:
            await work.session.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))

    async def repaired(self, table: str) -> None:
        async with self.store.transaction() as work:
            await work.session.execute(text(f"ALTER TABLE {table}_away RENAME TO {table}"))

    async def all(self, table: type[Call] | type[Contact] | type[AgentStateLogRow]) -> list[object]:
        async with self.store.read() as session:
            return list(await session.scalars(select(table)))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(f"sqlite+aiosqlite:///{tmp_path / 'records.db'}") as made:
        yield made


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Office]:
    """An office with two people."""
    made = Office(url)
    await made.store.migrate()
    for name in ("a", "b"):
        async with made.store.transaction() as work:
            work.session.add(
                Staff(
                    id=name,
                    username=name,
                    name=name,
                    password_hash="-",
                    roles=[],
                    department="x",
                    created_at=START,
                )
            )
    made.bus.subscribe("test", made.note, DomainEvent)
    await made.bus.start()
    await made.records.start()
    yield made
    await made.records.stop()
    await made.bus.stop()
    await made.store.close()


def a_call(**changes: object) -> LiveCall:
    call = LiveCall(
        id=new_id(),
        contact_id=new_id(),
        direction=CallDirection.INBOUND,
        state=CallState.GREETING,
        citizen_number="13800138000",
        access_number="12345",
        started_at=START,
    )
    for name, value in changes.items():
        setattr(call, name, value)
    return call


def entry(agent: str, state: AgentState, minute: int) -> StateEntry:
    return StateEntry(
        agent_id=agent,
        state=state,
        reason="",
        since=START + timedelta(minutes=minute),
        until=None,
        call_id=None,
        idle_since=START,
    )


async def test_an_event_is_told_after_its_row_is_stored(office: Office) -> None:
    call = a_call()
    stored: list[bool] = []

    async def look(event: CallOffered) -> None:
        async with office.store.read() as session:
            stored.append(await session.get(Call, event.call_id) is not None)

    office.bus.subscribe("looker", look, CallOffered)
    office.records.save(call, CallOffered(call_id=call.id))
    await until(lambda: stored == [True])


async def test_what_others_write_into_the_same_row_stays(office: Office) -> None:
    call = a_call()
    office.records.save(call)
    await office.records.flush()
    async with office.store.transaction() as work:
        await work.session.execute(update(Call).values(order_id="order", speech_model="m"))
    call.state = CallState.QUEUED
    office.records.save(call)
    await office.records.flush()
    async with office.store.read() as session:
        row = await session.get(Call, call.id)
    assert row is not None
    assert (row.state, row.order_id, row.speech_model) == (CallState.QUEUED, "order", "m")


async def test_a_database_that_is_away_is_made_good_later(office: Office) -> None:
    call = a_call()
    await office.broken("calls")
    office.records.save(call, CallOffered(call_id=call.id))
    office.records.enter_state(entry("a", AgentState.READY, 1))
    await until(lambda: len(office.told) == 1)  # told all the same
    call.state, call.outcome = CallState.ENDED, ContactOutcome.SERVED
    office.records.save(call)
    office.records.enter_state(entry("a", AgentState.BUSY, 2))
    await office.records.flush()
    await office.repaired("calls")
    async with office.store.read() as session:
        assert not list(await session.scalars(select(Contact)))
    while not await office.all(Call):
        await office.records.flush()
    (row,) = await office.all(Call)
    assert isinstance(row, Call)
    assert row.state is CallState.ENDED
    lines = await office.all(AgentStateLogRow)
    assert [line.state for line in lines] == [AgentState.READY, AgentState.BUSY]  # type: ignore[attr-defined]
    assert len(office.told) == 1


async def test_a_row_that_can_never_be_stored_holds_up_nobody(office: Office) -> None:
    bad = a_call(agent_id="nobody")  # a foreign key to nowhere
    good = a_call()
    office.records.save(bad)
    office.records.save(good)
    office.records.enter_state(entry("nobody", AgentState.READY, 0))
    office.records.enter_state(entry("a", AgentState.READY, 0))
    await office.records.flush()
    assert [row.id for row in await office.all(Call)] == [good.id]  # type: ignore[attr-defined]
    assert len(await office.all(AgentStateLogRow)) == 1


async def test_the_ledger_has_no_gap_and_no_overlap(office: Office) -> None:
    states = [AgentState.BUSY, AgentState.READY, AgentState.RINGING, AgentState.TALKING]
    for minute, state in enumerate(states):
        office.records.enter_state(entry("a", state, minute))
        office.records.enter_state(entry("b", state, minute))
        if minute % 2:
            await office.records.flush()
    await office.records.flush()
    async with office.store.read() as session:
        lines = list(
            await session.scalars(
                select(AgentStateLogRow)
                .where(AgentStateLogRow.agent_id == "a")
                .order_by(AgentStateLogRow.since)
            )
        )
        row = await session.get(AgentPresenceRow, "a")
    assert [line.state for line in lines] == states
    assert [line.until for line in lines] == [line.since for line in lines[1:]] + [None]
    assert row is not None
    assert row.state is AgentState.TALKING


async def test_two_writers_of_one_agent_are_noticed(office: Office) -> None:
    office.records.enter_state(entry("a", AgentState.READY, 0))
    await office.records.flush()
    async with office.store.transaction() as work:
        await work.session.execute(
            update(AgentPresenceRow).values(state=AgentState.TALKING, version=7)
        )
    office.records.enter_state(entry("a", AgentState.RINGING, 1))
    office.records.enter_state(entry("b", AgentState.RINGING, 1))
    await office.records.flush()
    assert office.conflicts == ["a"]
    async with office.store.read() as session:
        row = await session.get(AgentPresenceRow, "a")
    assert row is not None
    assert (row.state, row.version) == (AgentState.TALKING, 7)
    office.records.knows_version("a", 7)
    office.records.enter_state(entry("a", AgentState.BUSY, 2))
    await office.records.flush()
    assert office.conflicts == ["a"]


async def test_a_calls_history_outlives_a_broken_database(office: Office) -> None:
    """Lines are written in their order when the table is there again; none is written twice."""
    call = a_call()
    office.records.save(call)
    office.records.note(call.id, CallEventKind.OFFERED, actor="citizen")
    await office.records.flush()
    await office.broken("call_events")
    office.records.note(call.id, CallEventKind.QUEUED)
    await office.records.flush()
    office.records.note(
        call.id, CallEventKind.RINGING, actor="a", actor_name="王芳", detail={"position": 1}
    )
    await office.repaired("call_events")
    await office.records.stop()
    async with office.store.read() as session:
        lines = list(await session.scalars(select(CallEventRow).order_by(CallEventRow.at)))
    assert [line.kind for line in lines] == ["OFFERED", "QUEUED", "RINGING"]
    assert (lines[2].actor, lines[2].actor_name, lines[2].detail) == ("a", "王芳", {"position": 1})


async def test_a_text_that_postgresql_cannot_keep_holds_up_nothing_else(
    postgres: Postgres,
) -> None:
    """One reason too long for its column, among the calls of the same moment and after it."""
    async with opened(postgres.database(f"records-{new_id()}")) as office:
        calls = [a_call() for _ in range(3)]
        office.records.save(calls[0])
        office.records.enter_state(
            StateEntry(
                agent_id="a",
                state=AgentState.BUSY,
                reason="长" * 300,
                since=START,
                until=None,
                call_id=None,
                idle_since=None,
            )
        )
        office.records.save(calls[1])
        await office.records.flush()
        office.records.save(calls[2])
        await office.records.flush()
        stored = {one.id for one in await office.all(Call) if isinstance(one, Call)}
        assert stored == {call.id for call in calls}
        assert await office.all(AgentStateLogRow) == []
