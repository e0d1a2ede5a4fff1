"""How long the floor's figures of a month and of a day take, beside counting in plainer ways.

The month stands at the end of three: a city's database is full of what nobody asks for.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnDefault, func, select
from sqlalchemy.dialects import sqlite

from bench.figures import Row
from config.settings import load_settings
from dispatch.floor.figures import FloorFigures
from dispatch.floor.now import FloorWall
from dispatch.rules import Rules, load_rules
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import AgentStateLogRow, Call
from models.tables.base import UtcDateTime
from models.vocabulary import AgentState, CallDirection, ContactOutcome, Role
from tests.support.floor_past import Maker, Past

T = TypeVar("T")

_FIRST = date(2026, 10, 1)
_AGENTS = tuple(f"agent{n:03d}" for n in range(60))
_BEAT_SECONDS = 0.002
_TIMES, _SQLITE = UtcDateTime(), sqlite.dialect()
_READER = Actor(id="bench", name="bench", roles=frozenset({Role.MANAGER}))


async def measure(days: int, calls_a_day: int) -> list[Row]:
    """All figures of so many days and of the last of them."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        path = Path(folder) / "hotline.db"
        store = Store(f"sqlite+aiosqlite:///{path}")
        await store.migrate()
        past = _past(days, calls_a_day)
        await asyncio.to_thread(_load, path, past)
        try:
            return await _rows(store, days, len(past.calls))
        finally:
            await store.close()


async def _rows(store: Store, days: int, calls: int) -> list[Row]:
    rules = load_rules(load_settings())
    last = _FIRST + timedelta(days=days - 1)
    end = datetime.combine(last, datetime.max.time(), rules.zone)
    figures = FloorFigures(store, ManualClock(end), rules)
    wall = FloorWall(store, ManualClock(end), rules)
    note = f"{calls} calls in the database"
    async with _heartbeat() as pauses:
        month = await _timed(lambda: figures.table(_READER, _FIRST, last, "day"))
        agents = await _timed(lambda: figures.table(_READER, _FIRST, last, "agent"))
        day = await _timed(lambda: figures.table(_READER, last, last, "half_hour"))
        again = await _timed(lambda: figures.table(_READER, last, last, "half_hour"))
        now = await _timed(lambda: wall.now(_READER))
    plain = await _timed(lambda: _naive(store, rules, last))
    counted = await _timed(lambda: _plain_count(store, rules, last))
    totals = month.result.total.values
    assert (totals["offered"].value, totals["answered"].value) == plain.result[:2]
    assert day.result.total.values["offered"].value == counted.result
    whole = ("every row read, four figures counted in Python", plain)
    one = ("SELECT count(*) of the day's calls", counted)
    return [
        _row(f"floor figures of {days} days by day, all of them", month, whole, note),
        _row(f"floor figures of {days} days by agent", agents, whole, note),
        _row("floor figures of one day by half hour", day, one, note),
        _row("the same again: the past is known now", again, one, note),
        _row("the floor now, with the figures of today", now, one, note),
        Row(name="longest pause of the event loop meanwhile", value=max(pauses), unit="ms"),
    ]


@asynccontextmanager
async def _heartbeat() -> AsyncIterator[list[float]]:
    """How late the event loop came back each time, in milliseconds."""
    pauses: list[float] = [0.0]

    async def beat() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_BEAT_SECONDS)
            pauses.append((time.perf_counter() - began - _BEAT_SECONDS) * 1000)

    task = asyncio.create_task(beat())
    yield pauses
    task.cancel()


@dataclass(frozen=True, kw_only=True)
class _Timed(Generic[T]):
    result: T
    seconds: float
    #: Of all threads; on a busy machine this tells more.
    cpu_seconds: float


async def _timed(work: Callable[[], Awaitable[T]]) -> _Timed[T]:
    began, spent = time.perf_counter(), time.process_time()
    result = await work()
    return _Timed(
        result=result,
        seconds=time.perf_counter() - began,
        cpu_seconds=time.process_time() - spent,
    )


def _row(name: str, ours: _Timed[Any], beside: tuple[str, _Timed[Any]], note: str) -> Row:
    alternative, plain = beside
    return Row(
        name=name,
        value=ours.seconds,
        unit="s",
        alternative=alternative,
        beside=plain.seconds,
        note=f"{note}; CPU {ours.cpu_seconds:.2g} s, of the alternative {plain.cpu_seconds:.2g} s",
    )


async def _plain_count(store: Store, rules: Rules, day: date) -> int:
    """One figure of one day."""
    start = datetime.combine(day, datetime.min.time(), rules.zone)
    offered = (Call.direction == CallDirection.INBOUND, Call.outcome != ContactOutcome.BLOCKED)
    query = select(func.count()).where(
        *offered, Call.started_at >= start, Call.started_at < start + timedelta(days=1)
    )
    async with store.read() as session:
        return await session.scalar(query) or 0


async def _naive(store: Store, rules: Rules, last: date) -> tuple[int, int, int, float]:
    """Offered, answered, in time, handle time of the month, in the plainest way."""
    start = datetime.combine(_FIRST, datetime.min.time(), rules.zone)
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), rules.zone)
    line = AgentStateLogRow
    async with store.read() as session:
        began = (Call.started_at >= start, Call.started_at < end)
        calls = list(await session.scalars(select(Call).where(*began)))
        lines = list(await session.scalars(select(line).where(line.since >= start)))
    inbound = [call for call in calls if call.direction is CallDirection.INBOUND]
    offered = [call for call in inbound if call.outcome is not ContactOutcome.BLOCKED]
    answered = {call.id: call for call in offered if call.answered_at is not None}
    limit = timedelta(seconds=rules.figures.service_seconds)
    in_time = sum(
        call.answered_at - call.queued_at <= limit
        for call in answered.values()
        if call.answered_at and call.queued_at
    )
    handling = (AgentState.TALKING, AgentState.HOLD, AgentState.WRAP_UP)
    spent = sum(
        (line.until - line.since).total_seconds()
        for line in lines
        if line.state in handling and line.call_id in answered and line.until
    )
    return len(offered), len(answered), in_time, spent / max(1, len(answered))


def _past(days: int, calls_a_day: int) -> Past:
    maker = Maker(_AGENTS, 1, ("general", "elderly", "enterprise"))
    for offset in range(-2 * days, days):
        maker.day(_FIRST + timedelta(days=offset), calls_a_day)
    return maker.finish()


def _load(path: Path, past: Past) -> None:
    """Straight into the file: how fast rows are written is not the question here."""
    with sqlite3.connect(path) as database:
        staff = [(agent, agent, agent, "", "[]", "", "{}", 1, 0) for agent in _AGENTS]
        names = "id,username,name,password_hash,roles,department,skills,active,created_at"
        _insert(database, "staff", names.split(","), staff)
        tables: tuple[tuple[type[Call] | type[AgentStateLogRow], list[dict[str, Any]]], ...] = (
            (Call, past.calls),
            (AgentStateLogRow, past.ledger),
        )
        for table, rows in tables:
            filled = _defaults(table) | dict.fromkeys(rows[0])
            _insert(database, table.__tablename__, list(filled), _values(rows, filled))


def _defaults(table: type[Call] | type[AgentStateLogRow]) -> dict[str, Any]:
    """What the columns hold that the rows do not name; empty lists as JSON."""
    return {
        column.name: "[]" if column.default.is_callable else column.default.arg
        for column in table.__table__.columns
        if isinstance(column.default, ColumnDefault) and not column.primary_key
    }


def _values(rows: Sequence[dict[str, Any]], empty: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    return (tuple(_kept(row.get(name, empty[name])) for name in empty) for row in rows)


def _kept(value: Any) -> Any:
    return _TIMES.process_bind_param(value, _SQLITE) if isinstance(value, datetime) else value


def _insert(database: sqlite3.Connection, table: str, names: Sequence[str], rows: Any) -> None:
    marks = ",".join("?" * len(names))
    database.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})", rows)
