"""How many people call now, beside how many were to be expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from dispatch.floor.expected import expected_offered
from dispatch.rules import Rules
from models.clock import Clock
from models.store import Store
from models.tables import Call
from models.vocabulary import CallDirection, ContactOutcome

_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Calls of the last minutes. ``forecast`` None: not known, or not asked for."""

    offered: int
    forecast: float | None

    @property
    def ratio(self) -> float | None:
        """The one by the other. Nothing foreseen and somebody calls: taken as if one was."""
        return None if self.forecast is None else self.offered / max(self.forecast, 1.0)


class CallVolume:
    """Counts the last minutes. The forecast of a quarter hour is made once."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, minutes: int) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._span = timedelta(minutes=minutes)
        self._foreseen: dict[datetime, float | None] = {}

    async def now(self, at_least: int = 0) -> Volume:
        """The present. Below ``at_least`` calls no forecast is made: it would not matter."""
        end = self._clock.now()
        start = end - self._span
        offered = await self._offered(start, end)
        if offered < at_least:
            return Volume(offered=offered, forecast=None)
        return Volume(offered=offered, forecast=await self._forecast(start, end))

    async def _offered(self, start: datetime, end: datetime) -> int:
        query = select(func.count()).where(
            Call.direction == CallDirection.INBOUND,
            Call.outcome != ContactOutcome.BLOCKED,
            Call.started_at > start,
            Call.started_at <= end,
        )
        async with self._store.read() as session:
            return await session.scalar(query) or 0

    async def _forecast(self, start: datetime, end: datetime) -> float | None:
        """The quarters that the span touches, each by its share."""
        total, at = 0.0, _quarter_of(start)
        while at < end:
            foreseen = await self._quarter(at)
            if foreseen is None:
                return None
            inside = min(end, at + _QUARTER) - max(start, at)
            total += foreseen * (inside / _QUARTER)
            at += _QUARTER
        self._foreseen = {at: n for at, n in self._foreseen.items() if at >= start - _QUARTER}
        return total

    async def _quarter(self, at: datetime) -> float | None:
        if at not in self._foreseen:
            self._foreseen[at] = await expected_offered(self._store, self._rules, at, at + _QUARTER)
        return self._foreseen[at]


def _quarter_of(at: datetime) -> datetime:
    seconds = _QUARTER.total_seconds()
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, UTC)
