"""Sixteen clients lead orders from opening to result; beside it the least that must be written."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog
import uvloop

from bench.figures import Row, percentile
from bench.orders.connecting import plain_url
from bench.orders.demands import Demand, demands
from bench.orders.fill import NOW
from bench.orders.patterns import open_command, result_command
from bench.orders.people import AGENT, DISPATCHER, TOP_UNITS, bench_rules, clerk
from dispatch.commands import Dispatch, SignFor
from dispatch.service import OrderService
from models.clock import ManualClock
from models.ids import new_id
from models.store import Store
from models.vocabulary import OrderState
from tests.support.postgres import Postgres

CLIENTS = 16
_SAID = 5000
#: Until all processes are ready.
_WARM_SECONDS = 120.0
_BARE = "bare_commands"
_TABLES = """
CREATE TABLE orders (id bigserial PRIMARY KEY, state text, department text, title text,
  content text, place text, phone text, answer text, at timestamptz DEFAULT now());
CREATE TABLE tasks (id bigserial PRIMARY KEY, order_id bigint REFERENCES orders, department text,
  state text, signed_at timestamptz, result text);
CREATE INDEX ON tasks (order_id);
CREATE INDEX ON tasks (department, state);
CREATE TABLE events (id bigserial PRIMARY KEY, order_id bigint REFERENCES orders, what text,
  at timestamptz DEFAULT now());
CREATE INDEX ON events (order_id);
"""

#: One order's way; it calls the second argument around each command, with the command's name.
_Timer = Callable[[str], Any]


@dataclass(kw_only=True)
class Pace:
    """How it went. ``spent``: seconds of each command, by name."""

    seconds: float = 0.0
    #: Processor time of this process.
    worked: float = 0.0
    spent: dict[str, list[float]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """All commands."""
        return sum(len(spent) for spent in self.spent.values())

    @property
    def rate(self) -> float:
        """Commands a second."""
        return self.count / self.seconds

    def row(self, beside: Pace, orders: int, processes: int = 1) -> Row:
        """Ours beside the bare one's."""
        worked = 1000 * self.worked / self.count
        name = f"commands a second at {orders:,} orders, {CLIENTS} clients"
        name += f", {processes} processes" if processes > 1 else ""
        note = f"{self.count} commands, {worked:.1f} ms of CPU each in our own code"
        return Row(
            name=name,
            value=self.rate,
            unit="commands/s",
            alternative="bare SQL, a transaction each",
            beside=beside.rate,
            note=f"{note}; aim: a ratio of 0.25",
        )

    def rows_of_each(self, beside: Pace) -> list[Row]:
        """The 95th percentile of each command."""
        return [
            Row(
                name=f"`{name}` with {CLIENTS} at once, p95",
                value=1000 * percentile(spent, 95),
                unit="ms",
                alternative="bare SQL",
                beside=1000 * percentile(beside.spent[name], 95),
                note=f"p50 {1000 * percentile(spent, 50):.0f} ms",
            )
            for name, spent in self.spent.items()
        ]


async def ours(
    url: str, seconds: float, clients: int = CLIENTS, ready: Callable[[], object] = int
) -> Pace:
    """Through the product's own door. ``ready``: called once all is warm; may wait for others."""
    clock = ManualClock(NOW)
    store = Store(url, clock)
    service = OrderService(store, clock, bench_rules())

    async def life(demand: Demand, unit: int, timed: _Timer) -> None:
        who = clerk(unit)
        async with timed("open"):
            command = open_command(demand, idempotency_key=new_id())
            order_id = (await service.open_order(AGENT, command)).order_id
        async with timed("dispatch"):
            given = Dispatch(department=who.department, idempotency_key=new_id())
            await service.act(DISPATCHER, order_id, given)
        async with timed("sign_for"):
            await service.act(who, order_id, SignFor(idempotency_key=new_id()))
        async with timed("submit_result"):
            done = await service.act(who, order_id, result_command(new_id()))
        assert done.state is OrderState.TO_AUDIT

    try:
        return await _many(life, seconds, clients, ready)
    finally:
        await store.close()


def by_processes(url: str, seconds: float, processes: int) -> Pace:
    """The same clients, parted among processes that share the database."""
    spawn = multiprocessing.get_context("spawn")
    share = CLIENTS // processes
    with spawn.Manager() as manager, ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        begin = manager.Barrier(processes)
        paces = [pool.submit(_process, url, seconds, share, begin) for _ in range(processes)]
        return together([pace.result() for pace in paces])


def _process(url: str, seconds: float, clients: int, begin: Any) -> Pace:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return uvloop.run(ours(url, seconds, clients, lambda: begin.wait(_WARM_SECONDS)))


def together(paces: list[Pace]) -> Pace:
    """As if they were one."""
    spent: dict[str, list[float]] = {}
    for pace in paces:
        for name, some in pace.spent.items():
            spent.setdefault(name, []).extend(some)
    worked = sum(pace.worked for pace in paces)
    return Pace(seconds=max(pace.seconds for pace in paces), worked=worked, spent=spent)


async def bare(postgres: Postgres, seconds: float) -> Pace:
    """An order, a task and an event for each step; no rules, no rights, no history."""
    postgres.sql(f'DROP DATABASE IF EXISTS "{_BARE}" WITH (FORCE)')
    address = plain_url(postgres.database(_BARE))
    async with asyncpg.create_pool(address, min_size=CLIENTS, max_size=CLIENTS) as pool:
        await pool.execute(_TABLES)

        async def life(demand: Demand, unit: int, timed: _Timer) -> None:
            async with pool.acquire() as connection:
                await _bare_life(connection, demand, clerk(unit).department, timed)

        found = await _many(life, seconds)
    postgres.drop(_BARE)
    return found


async def _bare_life(connection: Any, demand: Demand, department: str, timed: _Timer) -> None:
    told = "INSERT INTO events (order_id, what) VALUES ($1, $2)"
    async with timed("open"), connection.transaction():
        order_id = await connection.fetchval(
            "INSERT INTO orders (state, title, content, place, phone) "
            "VALUES ('TO_DISPATCH', $1, $2, $3, $4) RETURNING id",
            *(demand.title, demand.content, demand.place, demand.phone),
        )
        await connection.execute(told, order_id, "open")
    async with timed("dispatch"), connection.transaction():
        await connection.execute(
            "UPDATE orders SET state = 'DISPATCHED', department = $2 WHERE id = $1",
            *(order_id, department),
        )
        task_id = await connection.fetchval(
            "INSERT INTO tasks (order_id, department, state) VALUES ($1, $2, 'TO_SIGN') "
            "RETURNING id",
            *(order_id, department),
        )
        await connection.execute(told, order_id, "dispatch")
    async with timed("sign_for"), connection.transaction():
        await connection.execute(
            "UPDATE tasks SET state = 'SIGNED', signed_at = now() WHERE id = $1", task_id
        )
        await connection.execute(told, order_id, "sign_for")
    async with timed("submit_result"), connection.transaction():
        answer = result_command().public_answer
        await connection.execute(
            "UPDATE tasks SET state = 'SUBMITTED', result = $2 WHERE id = $1", task_id, answer
        )
        await connection.execute(
            "UPDATE orders SET state = 'TO_AUDIT', answer = $2 WHERE id = $1", order_id, answer
        )
        await connection.execute(told, order_id, "submit_result")


async def _many(
    life: Callable[[Demand, int, _Timer], Awaitable[None]],
    seconds: float,
    clients: int = CLIENTS,
    ready: Callable[[], object] = int,
) -> Pace:
    """All clients at once, each one order after the other."""
    pace, said = Pace(), list(demands(_SAID, seed=1))
    await asyncio.gather(*(life(said[n], 1 + n % TOP_UNITS, _unmeasured) for n in range(clients)))
    ready()
    until = time.monotonic() + seconds

    @asynccontextmanager
    async def timed(name: str) -> AsyncIterator[None]:
        begun = time.perf_counter()
        yield
        pace.spent.setdefault(name, []).append(time.perf_counter() - begun)

    async def client() -> None:
        chance = random.Random()
        while time.monotonic() < until:
            await life(chance.choice(said), chance.randint(1, TOP_UNITS), timed)

    begun, worked = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    pace.seconds, pace.worked = time.perf_counter() - begun, time.process_time() - worked
    return pace


@asynccontextmanager
async def _unmeasured(_name: str) -> AsyncIterator[None]:
    """While connections are made and statements prepared."""
    yield
