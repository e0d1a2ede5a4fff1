"""How long the floor's figures of a month take, beside reading every row and counting in Python."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnDefault, select

from bench.figures import Row
from config.settings import load_settings
from dispatch.floor.figures import FloorFigures
from dispatch.rules import Rules, load_rules
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import AgentStateLogRow, Call
from models.vocabulary import AgentState, CallDirection, ContactOutcome, Role
from tests.support.floor_past import Maker, Past

_FIRST = date(2026, 10, 1)
_AGENTS = tuple(f"agent{n:03d}" for n in range(60))
_READER = Actor(id="bench", name="bench", roles=frozenset({Role.MANAGER}))


async def measure(days: int, calls_a_day: int) -> list[Row]:
    """A table by day of so many days, once in a database that holds nothing else."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        path = Path(folder) / "hotline.db"
        store = Store(f"sqlite+aiosqlite:///{path}")
        await store.migrate()
        past = _past(days, calls_a_day)
        _load(path, past)
        try:
            return await _rows(store, days, len(past.calls))
        finally:
            await store.close()


async def _rows(store: Store, days: int, calls: int) -> list[Row]:
    rules = load_rules(load_settings())
    last = _FIRST + timedelta(days=days - 1)
    clock = ManualClock(datetime(2026, 12, 31, tzinfo=UTC))
    figures = FloorFigures(store, clock, rules)
    began = time.perf_counter()
    table = await figures.table(_READER, _FIRST, last, "day")
    ours = time.perf_counter() - began
    began = time.perf_counter()
    counted = await _naive(store, rules)
    naive = time.perf_counter() - began
    totals = table.total.values
    assert (totals["offered"].value, totals["answered"].value) == counted[:2]
    return [
        Row(
            name=f"floor figures of {days} days by day, all of them",
            value=ours,
            unit="s",
            alternative="every row read, four figures counted in Python",
            beside=naive,
            note=f"{calls} calls",
        )
    ]


async def _naive(store: Store, rules: Rules) -> tuple[int, int, int, float]:
    """Offered, answered, in time, handle time, in the plainest way."""
    async with store.read() as session:
        calls = list(await session.scalars(select(Call)))
        lines = list(await session.scalars(select(AgentStateLogRow)))
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
    for offset in range(days):
        maker.day(_FIRST + timedelta(days=offset), calls_a_day)
    return maker.finish()


def _load(path: Path, past: Past) -> None:
    """Straight into the file: how fast rows are written is not the question here."""
    with sqlite3.connect(path) as database:
        staff = [(agent, agent, agent, "", "[]", "", "{}", 1, _text(_FIRST)) for agent in _AGENTS]
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
    return (tuple(_text(row.get(name, empty[name])) for name in empty) for row in rows)


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return f"{value} 00:00:00.000000" if isinstance(value, date) else value


def _insert(database: sqlite3.Connection, table: str, names: Sequence[str], rows: Any) -> None:
    marks = ",".join("?" * len(names))
    database.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})", rows)
