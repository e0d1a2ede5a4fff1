"""What is asked for, and how long it takes: ours and bare SQL by turns, one question at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.figures import percentile
from bench.orders.people import UNITS

#: Asked before anything is counted: statements are prepared, caches filled.
_WARMING = 3
#: However slow, so many are asked.
_FEWEST = 8
#: Words that very many orders hold.
COMMON = ("路灯", "噪音", "物业", "停水", "垃圾", "停车")
_PICKED = (
    "SELECT id, order_no, place, caller_phone, content, lead_department FROM orders "
    "WHERE state <> 'TO_DISPATCH' AND lead_department LIKE 'B-U%' ORDER BY md5(id) LIMIT $1"
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One order that somebody looks for, and a unit that looks into its inbox."""

    order_id: str
    order_no: str
    place: str
    phone: str
    #: A clause of its text.
    words: str
    common: str
    #: Number of a unit, and the code of the order's own.
    unit: int
    department: str


async def pick(connection: Any, count: int) -> list[Sample]:
    """Orders from all over the table."""
    chance, found = random.Random(count), []
    for number, row in enumerate(await connection.fetch(_PICKED, count)):
        clauses = row["content"].split("，")
        found.append(
            Sample(
                order_id=row["id"],
                order_no=row["order_no"],
                place=row["place"],
                phone=row["caller_phone"],
                words=clauses[len(clauses) // 2],
                common=COMMON[number % len(COMMON)],
                unit=chance.randint(1, UNITS),
                department=row["lead_department"],
            )
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One kind of question. ``bare``: the least SQL that finds the same, and its values."""

    name: str
    ours: Callable[[Sample], Awaitable[object]]
    bare: Sequence[tuple[str, Callable[[Sample], tuple[object, ...]]]]
    #: Milliseconds that its 95th percentile is to stay within; None: there is no aim.
    aim: float | None = 20.0


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Milliseconds of each question, and when they were asked."""

    ours: list[float]
    bare: list[float]
    since: datetime

    def at(self, percent: float) -> tuple[float, float]:
        """A percentile of both."""
        return percentile(self.ours, percent), percentile(self.bare, percent)


async def ask(
    reading: Reading, samples: Sequence[Sample], connection: Any, seconds: float
) -> Spent:
    """Ask for one sample after the other, for ``seconds`` at most."""
    ours: list[float] = []
    bare: list[float] = []
    for sample in samples[:_WARMING]:
        await _both(reading, sample, connection, [], [])
    begun, since = time.monotonic(), datetime.now().astimezone()
    for number, sample in enumerate(samples):
        if number >= _FEWEST and time.monotonic() - begun > seconds:
            break
        await _both(reading, sample, connection, ours, bare, ours_first=number % 2 == 0)
    return Spent(ours=ours, bare=bare, since=since)


async def _both(
    reading: Reading,
    sample: Sample,
    connection: Any,
    ours: list[float],
    bare: list[float],
    *,
    ours_first: bool = True,
) -> None:
    """By turns, so that neither always finds warm what the other has read."""
    for turn in (ours_first, not ours_first):
        begun = time.perf_counter()
        if turn:
            await reading.ours(sample)
        else:
            for statement, values in reading.bare:
                await connection.fetch(statement, *values(sample))
        (ours if turn else bare).append(1000 * (time.perf_counter() - begun))
