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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import structlog
from sqlalchemy import func, select

from bench.figures import Row, machine, percentile, table
from bench.orders.connecting import connect
from bench.orders.demands import demands
from bench.orders.moulds import Ids, Pattern, forget, read_pattern
from bench.orders.patterns import BASE, Lives, Stage
from bench.orders.people import UNITS, accounts, bench_rules
from dispatch.order_timers import OrderTimers
from dispatch.service import OrderService
from dispatch.timers import HANDS, Timekeeper
from dispatch.timetable import SIGN
from models.clock import ManualClock
from models.store import Store
from models.tables import OrderEvent, TimerRow
from tests.support.postgres import Postgres, running_postgres

HOUR = timedelta(hours=1)
MINUTES = 60
_COPIED = 2000


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
    clock = ManualClock(BASE)
    store = Store(postgres.database("ours"), clock)
    try:
        service = OrderService(store, clock, bench_rules())
        await _fill(store, clock, service, count)
        timers = OrderTimers(service)
        signing = {SIGN: timers.handlers[SIGN]}
        keeper = Timekeeper(store, clock, signing, timers.lock, timers.together)
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


async def _fill(store: Store, clock: ManualClock, service: OrderService, count: int) -> None:
    """One order through the product's own door; the others are copies of its rows."""
    await store.migrate()
    async with store.transaction() as work:
        work.session.add_all(accounts(BASE))
    order_id = await Lives(service, clock).lead_to(Stage.TO_SIGN)
    connection = await connect(store.url)
    try:
        pattern = await read_pattern(connection, order_id)
        await forget(connection, [order_id])
        await connection.execute("SET session_replication_role = replica")  # nobody searches here
        ids = Ids(count)
        for part in _parts(count, _COPIED):
            await _copy(connection, pattern, ids, part, count)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    _tell(f"{count} orders that nobody signs for")


def _parts(count: int, size: int) -> Iterator[range]:
    for start in range(0, count, size):
        yield range(start, min(start + size, count))


async def _copy(connection: Any, pattern: Pattern, ids: Ids, part: range, count: int) -> None:
    """Orders of one hour, each a little later than the one before."""
    rows: dict[str, list[Sequence[Any]]] = {}
    for number, demand in zip(part, demands(len(part), seed=part.start), strict=True):
        later, unit = HOUR * number / count, 1 + number % UNITS
        for name, row in pattern.copy(demand, f"T{number:010d}", unit, later, ids):
            rows.setdefault(name, []).append(row)
    for name, records in rows.items():
        await connection.copy_records_to_table(name, records=records, columns=pattern.columns[name])


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
