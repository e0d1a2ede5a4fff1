"""Forecasts from the calls in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.floor.forecast import QUARTERS, Counts, Forecaster
from dispatch.floor.sql_time import QUARTER_SECONDS, quarter_of
from dispatch.rules import Rules
from models.store import Store
from models.tables import Call
from models.vocabulary import CallDirection, ContactOutcome

_QUARTER = timedelta(seconds=QUARTER_SECONDS)


async def expected_offered(
    store: Store, rules: Rules, start: datetime, end: datetime
) -> float | None:
    """Calls to be expected from ``start`` (included) to ``end`` (not), as known before the day of
    ``start``. None: there is no past to go by.
    """
    async with store.read() as session:
        forecaster = await read_forecaster(session, rules, start.astimezone(rules.zone).date())
    total = 0.0
    days: dict[date, Counts | None] = {}
    for quarter, share in _quarters(start, end):
        local = quarter.astimezone(rules.zone)
        if local.date() not in days:
            days[local.date()] = forecaster.day(local.date())
        counts = days[local.date()]
        if counts is None:
            return None
        total += share * float(counts[slot_of(local)])
    return total


async def read_forecaster(session: AsyncSession, rules: Rules, before: date) -> Forecaster:
    """A forecaster that knows all complete days before this one that its rules look at, and those
    its back-test needs.
    """
    settings = rules.figures.forecast
    first = before - timedelta(weeks=settings.weeks + settings.back_test_weeks + 1)
    history = await offered_by_day(session, rules.zone, first, before)
    return Forecaster(history, rules.calendar, settings)


class OfferedPast:
    """Offered calls of past days; those of days that are long over are read once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._known: dict[date, Counts] = {}

    async def days(
        self, session: AsyncSession, first: date, before: date, today: date
    ) -> Mapping[date, Counts]:
        """As :func:`offered_by_day`. ``before`` is not after ``today``."""
        wanted = [first + timedelta(days=n) for n in range((before - first).days)]
        found = {day: self._known[day] for day in wanted if day in self._known}
        for begin, end in _runs([day for day in wanted if day not in found]):
            read = await offered_by_day(session, self._zone, begin, end)
            found |= {day: counts for day, counts in read.items() if counts.any()}
        # The calls of yesterday may still be written: the database may have been away.
        settled = today - timedelta(days=1)
        self._known |= {day: counts for day, counts in found.items() if day < settled}
        return _without_holes(found, before)


def _runs(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Days that follow each other, as first and the one after the last."""
    begin: date | None = None
    for n, day in enumerate(days):
        begin = begin or day
        after = day + timedelta(days=1)
        if n + 1 == len(days) or days[n + 1] != after:
            yield begin, after
            begin = None


async def offered_by_day(
    session: AsyncSession, zone: ZoneInfo, first: date, before: date
) -> Mapping[date, Counts]:
    """Offered calls of local days, from the first with a call on; a day without any is zeros."""
    quarter = quarter_of(Call.started_at)
    query = (
        select(quarter, func.count())
        .where(
            Call.direction == CallDirection.INBOUND,
            Call.outcome != ContactOutcome.BLOCKED,
            Call.started_at >= midnight(first, zone),
            Call.started_at < midnight(before, zone),
        )
        .group_by(quarter)
    )
    rows = [(number, count) for number, count in await session.execute(query)]
    return await asyncio.to_thread(_by_day, rows, zone, before)


def _by_day(rows: Iterable[tuple[int, int]], zone: ZoneInfo, before: date) -> Mapping[date, Counts]:
    found: dict[date, Counts] = {}
    for number, count in rows:
        local = datetime.fromtimestamp(number * QUARTER_SECONDS, zone)
        counts = found.setdefault(local.date(), np.zeros(QUARTERS))
        counts[slot_of(local)] += count
    return _without_holes(found, before)


def _without_holes(found: dict[date, Counts], before: date) -> Mapping[date, Counts]:
    day = min(found, default=before)
    while day < before:
        found.setdefault(day, np.zeros(QUARTERS))
        day += timedelta(days=1)
    return found


def slot_of(local: datetime) -> int:
    """Which quarter of the day."""
    return local.hour * 4 + local.minute // 15


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _quarters(start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """The quarter hours that a span touches, and how much of each."""
    step = int(start.timestamp()) // QUARTER_SECONDS * QUARTER_SECONDS
    at, found = datetime.fromtimestamp(step, UTC), []
    while at < end:
        inside = min(end, at + _QUARTER) - max(start, at)
        found.append((at, inside / _QUARTER))
        at += _QUARTER
    return found
