"""``python -m bench.orders.timers``: very many timers due in an hour, fired without falling behind.

Orders that nobody signs for, spread over an hour of a clock moved by hand, minute by minute; the
timekeeper of one process signs for each, as it does in the product. Beside it, in the same run:
the least that must be written, in bare SQL with as many connections.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from sqlalchemy import func, insert, select

from bench.figures import Row, machine, percentile, table
from config.settings import Settings
from dispatch.commands import Dispatch, OpenOrder
from dispatch.order_timers import OrderTimers
from dispatch.rules import load_rules
from dispatch.service import OrderService
from dispatch.timers import HANDS, Timekeeper
from dispatch.timetable import SIGN
from models.clock import ManualClock
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Base, OrderEvent, Staff, Task, TimerRow, WorkOrder
from models.vocabulary import Role
from tests.support.postgres import Postgres, running_postgres

HOUR = timedelta(hours=1)
MINUTES = 60
_BEGINNING = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
_COPIED = 2000
_OFFICE = Actor(
    id="bench",
    name="测量",
    roles=frozenset({Role.AGENT, Role.DISPATCHER}),
    department="D-HL",
)
_DEMAND = OpenOrder.model_validate(
    {
        "title": "蒸湘北路路灯不亮",
        "content": "市民反映蒸湘北路与解放大道交叉口的路灯已经三天不亮，晚上出行不安全。",
        "request_type": "HELP",
        "category": "C010102",
        "place": "蒸湘北路与解放大道交叉口",
        "caller_phone": "13800001234",
    }
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a run came to. Seconds; ``minutes``: how long each minute's timers took."""

    count: int
    minutes: list[float]

    @property
    def seconds(self) -> float:
        """All of it."""
        return sum(self.minutes)

    @property
    def rate(self) -> float:
        """Timers a second."""
        return self.count / self.seconds


async def measure(count: int) -> list[Row]:
    """Fire ``count`` timers of one hour, and bare SQL for as many."""
    with running_postgres() as postgres:
        ours = await _ours(postgres, count)
        bare = await _bare(postgres, count)
    share = ours.seconds / HOUR.total_seconds() * 100
    note = f"{count} timers of one hour took {share:.1f} % of it; 1 process, {HANDS} connections"
    return [
        Row(
            name="timers fired",
            value=ours.rate,
            unit="timers/s",
            alternative="bare SQL: take, sign, write down",
            beside=bare.rate,
            note=note,
        ),
        Row(
            name="timers of one minute, slowest minute",
            value=max(ours.minutes),
            unit="s",
            alternative="bare SQL",
            beside=max(bare.minutes),
            note=f"p50 {percentile(ours.minutes, 50):.2f} s; behind when over 60 s",
        ),
        Row(
            name="timers, what 100,000 in an hour leave of it",
            value=100 - 100_000 / ours.rate / HOUR.total_seconds() * 100,
            unit="%",
            note="of one process's hour; below 0 it would fall behind",
        ),
    ]


# --- ours -----------------------------------------------------------------------------------------


async def _ours(postgres: Postgres, count: int) -> Measured:
    clock = ManualClock(_BEGINNING)
    store = Store(postgres.database("ours"), clock)
    try:
        service = OrderService(store, clock, load_rules(Settings(var=Path("/nonexistent"))))
        await _fill(store, service, count)
        timers = OrderTimers(service)
        signing = {SIGN: timers.handlers[SIGN]}
        keeper = Timekeeper(store, clock, signing, timers.lock)
        first = await _first_due(store)
        minutes = []
        for minute in range(1, MINUTES + 1):
            clock.set(first + HOUR * minute / MINUTES)
            begun = time.perf_counter()
            await keeper.fire_due()
            minutes.append(time.perf_counter() - begun)
            _tell(f"minute {minute}: {minutes[-1]:.1f} s")
        await _check(store, count)
    finally:
        await store.close()
    return Measured(count=count, minutes=minutes)


async def _fill(store: Store, service: OrderService, count: int) -> None:
    """One order through the product's own door; the others are copies of its rows."""
    await store.migrate()
    async with store.transaction() as work:
        work.session.add(_staff())
    order_id = (await service.open_order(_OFFICE, _DEMAND)).order_id
    await service.act(_OFFICE, order_id, Dispatch(department="D-CG"))
    pattern = await _pattern(store, order_id)
    for part in _parts(count - 1, _COPIED):
        rows: dict[Any, list[dict[str, Any]]] = {}
        for number in part:
            for kind, row in _copy(pattern, f"T{number:010d}", HOUR * number / count):
                rows.setdefault(kind, []).append(row)
        async with store.transaction() as work:
            for kind in (WorkOrder, Task, OrderEvent, TimerRow):
                await work.session.execute(insert(kind), rows[kind])
    _tell(f"{count} orders that nobody signs for")


def _staff() -> Staff:
    return Staff(
        id=_OFFICE.id,
        username=_OFFICE.id,
        name=_OFFICE.name,
        password_hash="",
        roles=[role.value for role in _OFFICE.roles],
        department=_OFFICE.department,
        created_at=_BEGINNING,
    )


def _parts(count: int, size: int) -> Iterator[range]:
    for start in range(1, count + 1, size):
        yield range(start, min(start + size, count + 1))


async def _pattern(store: Store, order_id: str) -> list[Base]:
    """The rows of the order, each before those that refer to it."""
    async with store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
        tasks = await session.scalars(select(Task).where(Task.order_id == order_id))
        events = await session.scalars(select(OrderEvent).where(OrderEvent.order_id == order_id))
        timers = await session.scalars(select(TimerRow).where(TimerRow.subject_id == order_id))
        return [order, *tasks, *events, *timers]


def _copy(
    pattern: list[Base], order_no: str, later: timedelta
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    """The same rows of another order. Their chain is not sound; nothing here looks at it."""
    fresh = {row.id: new_id() for row in pattern if isinstance(row, WorkOrder | Task)}
    for row in pattern:
        values = {
            column.key: _renamed(getattr(row, column.key), fresh)
            for column in type(row).__mapper__.column_attrs
        }
        if values["id"] not in fresh.values():
            values["id"] = new_id()
        match row:
            case WorkOrder():
                values["order_no"] = order_no
            case Task():
                values["sign_due"] = row.sign_due + later
            case TimerRow():
                values["due_at"] = row.due_at + later
        yield type(row), values


def _renamed(value: Any, fresh: dict[str, str]) -> Any:
    """The value with the ids of the copy in place of the pattern's."""
    if isinstance(value, dict):
        return {name: _renamed(item, fresh) for name, item in value.items()}
    if isinstance(value, str):
        for before, after in fresh.items():
            value = value.replace(before, after)
    return value


async def _first_due(store: Store) -> datetime:
    async with store.read() as session:
        first = await session.scalar(select(func.min(TimerRow.due_at)).where(TimerRow.kind == SIGN))
    assert first is not None
    return first


async def _check(store: Store, count: int) -> None:
    """Each was signed for once."""
    async with store.read() as session:
        left = await session.scalar(
            select(func.count()).select_from(TimerRow).where(TimerRow.kind == SIGN)
        )
        signed = select(func.count()).select_from(OrderEvent).where(OrderEvent.action == "sign_for")
        assert (left, await session.scalar(signed)) == (0, count)


# --- the least that must be written ---------------------------------------------------------------

_TABLES = """
CREATE TABLE timer (id bigint PRIMARY KEY, due_at timestamptz, task bigint);
CREATE INDEX ON timer (due_at);
CREATE TABLE task (id bigint PRIMARY KEY, state text, signed_at timestamptz);
CREATE TABLE event (id bigserial PRIMARY KEY, task bigint, at timestamptz, what text);
INSERT INTO task SELECT n, 'TO_SIGN', NULL FROM generate_series(1, {count}) n;
INSERT INTO timer SELECT n, now() + n * interval '1 hour' / {count}, n
  FROM generate_series(1, {count}) n;
"""
_TAKE = """
DELETE FROM timer WHERE id =
  (SELECT id FROM timer WHERE due_at <= $1 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING task
"""


async def _bare(postgres: Postgres, count: int) -> Measured:
    address = postgres.database("bare").replace("+asyncpg", "")
    async with asyncpg.create_pool(address, min_size=HANDS, max_size=HANDS) as pool:
        await pool.execute(_TABLES.format(count=count))
        first = await pool.fetchval("SELECT min(due_at) FROM timer")
        minutes = []
        for minute in range(1, MINUTES + 1):
            until = first + HOUR * minute / MINUTES
            begun = time.perf_counter()
            await asyncio.gather(*(_take_all(pool, until) for _ in range(HANDS)))
            minutes.append(time.perf_counter() - begun)
        assert await pool.fetchval("SELECT count(*) FROM event") == count
    return Measured(count=count, minutes=minutes)


async def _take_all(pool: asyncpg.Pool[asyncpg.Record], until: datetime) -> None:
    async with pool.acquire() as connection:
        while await _take(connection, until):
            pass


async def _take(connection: Any, until: datetime) -> bool:
    async with connection.transaction():
        task = await connection.fetchval(_TAKE, until)
        if task is None:
            return False
        await connection.execute(
            "UPDATE task SET state = 'SIGNED', signed_at = $2 WHERE id = $1", task, until
        )
        await connection.execute(
            "INSERT INTO event (task, at, what) VALUES ($1, $2, 'sign_for')", task, until
        )
    return True


def _tell(text: str) -> None:
    """How it goes, apart from the result."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.orders.timers")
    parser.add_argument("--count", type=int, default=100_000, help="timers due in the hour")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    described = machine()
    rows = asyncio.run(measure(arguments.count))
    print(f"{described}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
