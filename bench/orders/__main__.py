"""``python -m bench.orders``: commands, lists, searches and timers among very many orders.

python -m bench.orders                          a million orders; filling alone takes long
python -m bench.orders --orders 20000           in small
python -m bench.orders --keep /var/tmp/orders   fills once, and uses it again the next time
python -m bench.orders readings                 some parts: commands, readings, timers

Everything is measured twice, with the same open orders beside a tenth of the closed ones and beside
all of them: what grows from one to the other grows with the past.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvloop

from bench.figures import Row, load_average, machine, table
from bench.orders import commands, timers
from bench.orders.cluster import cluster
from bench.orders.connecting import connect, tell
from bench.orders.fill import NOW, Databases
from bench.orders.people import UNITS, bench_rules
from bench.orders.readings import readings
from bench.orders.samples import Reading, Sample, Spent, ask, pick
from dispatch.order_timers import OrderTimers
from dispatch.service import OrderService
from dispatch.timers import BATCH, Timekeeper
from models.clock import ManualClock
from models.store import Store
from tests.support.postgres import Postgres

#: That share a database, as a city with much to do may run them.
PROCESSES = 2
PARTS = ("commands", "readings", "timers")
_DUE = "SELECT id, subject_id FROM timers WHERE due_at < $1 ORDER BY due_at, id LIMIT $2"


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much is measured."""

    orders: int
    seconds: float
    samples: int
    timers: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures at the full size, and how they have grown up to it."""

    full: list[Row]
    growth: list[Row]


async def measure(postgres: Postgres, parts: Sequence[str], extent: Extent) -> Report:
    """Fill, then measure one part after the other."""
    report, databases = Report(full=[], growth=[]), Databases(postgres, extent.orders)
    if {"readings", "commands"} & set(parts):
        await databases.prepare()
    if "readings" in parts:
        await _read(databases, extent, report)
    if "commands" in parts:
        await _command(postgres, databases, extent, report)
    if "timers" in parts:
        report.full.extend(await timers.measure(extent.timers))
    return report


# --- reading --------------------------------------------------------------------------------------


async def _read(databases: Databases, extent: Extent, report: Report) -> None:
    few = await _read_all(databases.url(databases.few), extent)
    many = await _read_all(databases.url(databases.many), extent)
    for (reading, now), (_, before) in zip(many, few, strict=True):
        report.full.extend(_rows(reading, now))
        at = f"at {databases.few:,} orders"
        value, beside = now.at(95)[0], before.at(95)[0]
        name = f"{reading.name}, p95"
        row = Row(name=name, value=value, unit="ms", alternative=at, beside=beside)
        report.growth.append(row)


def _rows(reading: Reading, spent: Spent) -> list[Row]:
    rows = []
    for percent in (50, 95):
        value, beside = spent.at(percent)
        aim = f"; aim {reading.aim:.0f} ms" if reading.aim and percent == 95 else ""
        rows.append(
            Row(
                name=f"{reading.name}, p{percent}",
                value=value,
                unit="ms",
                alternative="bare SQL",
                beside=beside,
                note=f"{len(spent.ours)} asked{aim}",
            )
        )
    return rows


async def _read_all(url: str, extent: Extent) -> list[tuple[Reading, Spent]]:
    clock = ManualClock(NOW)
    store, connection = Store(url, clock), await connect(url)
    try:
        samples = await pick(connection, extent.samples)
        found = []
        for reading in [*readings(store, clock, bench_rules()), _tick(store, clock)]:
            spent = await _tell_of(reading, samples, connection, extent.seconds)
            found.append((reading, spent))
        return found
    finally:
        await connection.close()
        await store.close()


async def _tell_of(
    reading: Reading, samples: Sequence[Sample], connection: object, seconds: float
) -> Spent:
    spent = await ask(reading, samples, connection, seconds)
    p50, p95 = spent.at(50)[0], spent.at(95)[0]
    tell(f"  {reading.name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms; {load_average()}")
    return spent


def _tick(store: Store, clock: ManualClock) -> Reading:
    """The look that every process has once a second, when nothing is due."""
    handling = OrderTimers(OrderService(store, clock, bench_rules()))
    keeper = Timekeeper(store, clock, handling.handlers, handling.lock)
    return Reading(
        name="a tick of the timers with nothing due",
        ours=lambda _: keeper.fire_due(),
        bare=[(_DUE, lambda _: (clock.now(), BATCH))],
    )


# --- writing --------------------------------------------------------------------------------------


async def _command(
    postgres: Postgres, databases: Databases, extent: Extent, report: Report
) -> None:
    few = await commands.ours(databases.url(databases.few), extent.seconds)
    many = await commands.ours(databases.url(databases.many), extent.seconds)
    bare = await commands.bare(postgres, extent.seconds)
    two = await asyncio.to_thread(
        commands.by_processes, databases.url(databases.many), extent.seconds, PROCESSES
    )
    rates = f"{many.rate:.0f}/s, by {PROCESSES} processes {two.rate:.0f}/s, bare {bare.rate:.0f}/s"
    tell(f"  commands: {rates}; {load_average()}")
    report.full.append(many.row(bare, databases.many))
    report.full.append(two.row(bare, databases.many, PROCESSES))
    report.full.extend(many.rows_of_each(bare))
    at = f"at {databases.few:,} orders"
    grown = Row(
        name="commands", value=many.rate, unit="commands/s", alternative=at, beside=few.rate
    )
    report.growth.append(grown)


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m bench.orders")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="folder for a database that outlives the run")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each thing measured")
    parser.add_argument("--samples", type=int, default=300, help="questions of each kind")
    parser.add_argument("--timers", type=int, default=10_000, help="due in one hour; 100000: all")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return given, given.parts or list(PARTS)


def main() -> None:
    """Print the machine and the tables."""
    given, parts = _arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    described = machine()
    extent = Extent(
        orders=given.orders, seconds=given.seconds, samples=given.samples, timers=given.timers
    )
    with cluster(given.keep) as postgres:
        report = uvloop.run(measure(postgres, parts, extent))
    print(f"{described}; {given.orders:,} orders, {UNITS} units\n\n{table(report.full)}")
    if report.growth:
        print(f"\nAgainst a tenth of the orders, the open ones alike:\n\n{table(report.growth)}")


if __name__ == "__main__":
    main()
