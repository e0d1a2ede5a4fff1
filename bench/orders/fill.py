"""A database full of orders: a few open ones, and as many closed ones as wanted."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy.schema import CreateIndex, CreateTable

from bench.orders.connecting import connect, tell
from bench.orders.demands import demands
from bench.orders.indexes import without_indexes
from bench.orders.moulds import TABLES, Ids, Pattern, forget, read_pattern
from bench.orders.patterns import BASE, Lives, Stage
from bench.orders.people import UNITS, accounts, bench_rules
from bench.orders.pieces import check_pieces, copy_pieces
from dispatch.chain import ChainVerifier
from dispatch.numbers import order_no
from dispatch.rules import Rules
from dispatch.service import OrderService
from models.clock import ManualClock
from models.store import Store
from models.tables import Base
from models.text_index import MAKE as TEXT_TABLES
from models.text_index import TABLE as TEXTS
from tests.support.postgres import Postgres

#: What the measurement takes for the present.
NOW = BASE + timedelta(hours=5)
OPEN_SHARE = 0.03
_COPIED = 2000
_TOLD_SECONDS = 10.0
#: Orders whose chain is looked at afterwards.
_CHECKED = 100
#: Of the open orders: how many are in each stage, and how long ago they were taken in, in hours.
_OPEN = {
    Stage.TO_DISPATCH: (0.10, (0.1, 4)),
    Stage.TO_SIGN: (0.15, (1.1, 6)),
    Stage.IN_HAND: (0.55, (3, 120)),
    Stage.TO_AUDIT: (0.10, (24, 100)),
    Stage.TO_FOLLOW_UP: (0.10, (28, 110)),
}
#: Closed ones were taken in up to three years ago, and put away when they are older than this.
_CLOSED_DAYS, _ARCHIVED_AFTER = (3.0, 3 * 365.0), 20.0
_ANSWERED_SHARE = 0.15


class Databases:
    """The same open orders beside few closed ones and beside many."""

    def __init__(self, postgres: Postgres, orders: int) -> None:
        self._postgres = postgres
        self.many, self.few = orders, max(1000, orders // 10)
        self._names = {self.many: f"orders_{orders}", self.few: f"orders_{orders}_few"}

    def url(self, orders: int) -> str:
        """Of the database with so many orders."""
        return self._postgres.url(self._names[orders])

    async def prepare(self) -> None:
        """Fill both, unless they were kept."""
        if await self._filled():
            tell(f"kept databases of {self.few:,} and {self.many:,} orders are used again")
            return
        for name in self._names.values():
            self._postgres.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        few, many = self._names[self.few], self._names[self.many]
        self._postgres.database(few)
        filler = await Filler.of(self.url(self.few), self.many)
        opened = round(self.many * OPEN_SHARE)
        await filler.fill(self.url(self.few), opened, closed=False)
        await filler.fill(self.url(self.few), self.few - opened, closed=True)
        self._postgres.database(many, like=few)
        await filler.fill(self.url(self.many), self.many - self.few, closed=True)
        for orders in (self.few, self.many):
            await _check_chains(self.url(orders))
        for name in (few, many):
            self._postgres.sql(f"COMMENT ON DATABASE \"{name}\" IS '{_made_for()}'")

    async def _filled(self) -> bool:
        connection = await connect(self._postgres.url("postgres"))
        query = (
            "SELECT count(*) FROM pg_database WHERE datname = ANY($1) "
            "AND shobj_description(oid, 'pg_database') = $2"
        )
        try:
            found = await connection.fetchval(query, list(self._names.values()), _made_for())
            return bool(found == 2)
        finally:
            await connection.close()


class Filler:
    """Copies patterns, always the same orders."""

    def __init__(self, patterns: dict[Stage, Pattern], rules: Rules, total: int) -> None:
        self._patterns = patterns
        self._rules = rules
        self._demands = demands(total)
        self._chance = random.Random(total)
        self._ids = Ids(total)
        self._running: Counter[date] = Counter()

    @classmethod
    async def of(cls, url: str, total: int) -> Filler:
        """Makes tables, people and patterns in an empty database. ``total``: all orders to come."""
        clock, rules = ManualClock(BASE), bench_rules()
        store = Store(url, clock)
        try:
            await store.migrate()
            async with store.transaction() as work:
                work.session.add_all(accounts(BASE))
            made = await Lives(OrderService(store, clock, rules), clock).make()
        finally:
            await store.close()
        connection = await connect(url)
        try:
            patterns = {stage: await read_pattern(connection, made[stage]) for stage in Stage}
            await forget(connection, made.values())
        finally:
            await connection.close()
        return cls(patterns, rules, total)

    async def fill(self, url: str, count: int, *, closed: bool) -> None:
        """Add ``count`` orders, the oldest first, and look through all tables for the planner."""
        connection, begun = await connect(url), time.monotonic()
        try:
            # Rows are sound by their making: checking each reference would take half the time.
            await connection.execute("SET session_replication_role = replica")
            await connection.execute("SET synchronous_commit = off")
            async with without_indexes(url, [*TABLES, TEXTS]):
                await self._copy_all(connection, count, closed)
                tell(f"  {count:,} orders written; indexes are made")
            await self._keep_numbers(connection)
            await connection.execute("VACUUM ANALYZE")
            await check_pieces(connection)
        finally:
            await connection.close()
        tell(f"  {count:,} orders, {count / (time.monotonic() - begun):.0f}/s with everything")

    async def _copy_all(self, connection: Any, count: int, closed: bool) -> None:
        begun = told = time.monotonic()
        for start in range(0, count, _COPIED):
            size = min(_COPIED, count - start)
            await self._copy_batch(connection, self._plan(start, size, count, closed))
            if time.monotonic() - told > _TOLD_SECONDS:
                told = time.monotonic()
                rate = (start + size) / (told - begun)
                tell(f"  {start + size:,} of {count:,} orders, {rate:.0f}/s")

    def _plan(
        self, start: int, size: int, count: int, closed: bool
    ) -> Iterator[tuple[Stage, timedelta]]:
        """Stage and age of each order."""
        for number in range(start, start + size):
            if closed:
                first, last = _CLOSED_DAYS
                days = last - (last - first) * (number / count)
                yield self._closed_stage(days), timedelta(seconds=round(days * 86400))
            else:
                stage = self._chance.choices([*_OPEN], [share for share, _ in _OPEN.values()])[0]
                hours = self._chance.uniform(*_OPEN[stage][1])
                yield stage, timedelta(seconds=round(hours * 3600))

    def _closed_stage(self, days: float) -> Stage:
        if days < _ARCHIVED_AFTER:
            return Stage.CLOSED
        return Stage.ANSWERED if self._chance.random() < _ANSWERED_SHARE else Stage.ARCHIVED

    async def _copy_batch(self, connection: Any, plan: Iterator[tuple[Stage, timedelta]]) -> None:
        rows: dict[str, list[list[Any]]] = {table: [] for table in TABLES}
        columns: dict[str, list[str]] = {}
        for stage, age in plan:
            pattern = self._patterns[stage]
            columns |= pattern.columns
            for table, row in self._one(pattern, age):
                rows[table].append(row)
        async with connection.transaction():
            for table, records in rows.items():
                if records:
                    await connection.copy_records_to_table(
                        table, records=records, columns=columns[table]
                    )
            await copy_pieces(connection, columns["orders"], rows["orders"])

    def _one(self, pattern: Pattern, age: timedelta) -> Iterator[tuple[str, list[Any]]]:
        at = NOW - age
        day = self._rules.counter.local(at).date()
        self._running[day] += 1
        number = order_no(self._rules.area_code, day, self._running[day])
        unit = self._chance.randint(1, UNITS)
        for table, row in pattern.copy(next(self._demands), number, unit, at - BASE, self._ids):
            if table != "timers" or row[pattern.columns[table].index("due_at")] > NOW:
                yield table, row  # timers that were due have fired

    async def _keep_numbers(self, connection: Any) -> None:
        """So that the next order of a day gets the next number."""
        await connection.executemany(
            "INSERT INTO day_sequences (day, last) VALUES ($1, $2) "
            "ON CONFLICT (day) DO UPDATE SET last = excluded.last",
            list(self._running.items()),
        )


def _made_for() -> str:
    """What a kept database says of itself: a change of the tables makes it anew."""
    tables = Base.metadata.sorted_tables
    made = [str(CreateTable(table)) for table in tables]
    made += [str(CreateIndex(index)) for table in tables for index in table.indexes]
    made += TEXT_TABLES
    return f"filled for {hashlib.sha256(''.join(sorted(made)).encode()).hexdigest()[:16]}"


async def _check_chains(url: str) -> None:
    """The copies' events hang together as the product would have them."""
    connection, store = await connect(url), Store(url)
    try:
        ids = await connection.fetch("SELECT id FROM orders ORDER BY md5(id) LIMIT $1", _CHECKED)
        verifier = ChainVerifier(store)
        faults = [fault for row in ids for fault in await verifier.verify_chain(row["id"])]
    finally:
        await connection.close()
        await store.close()
    if faults:
        raise AssertionError(f"{len(faults)} broken chains, the first: {faults[0]}")
