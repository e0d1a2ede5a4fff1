"""Today's figures of each queue, for the live picture of the floor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, or_, select

from dispatch.floor.sql_time import micros_of
from models.clock import Clock
from models.store import Store
from models.tables import Call
from models.vocabulary import CallDirection, ContactOutcome


@dataclass(frozen=True, kw_only=True)
class QueueCount:
    """Citizens' calls of one queue since midnight, counted as in the table of figures."""

    offered: int = 0
    answered: int = 0
    #: Answered within the time.
    in_time: int = 0

    @property
    def service_level(self) -> float | None:
        """Share of the answered; None before the first."""
        return round(self.in_time / self.answered, 4) if self.answered else None


class QueueCounts:
    """Counts in the database."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, service_seconds: float) -> None:
        """``service_seconds``: within this time of queueing a call should be answered."""
        self._service_seconds = service_seconds
        self._store = store
        self._clock = clock
        self._zone = zone

    async def today(self) -> dict[str, QueueCount]:
        """By queue; none for a queue without calls."""
        now = self._clock.now().astimezone(self._zone)
        midnight = datetime.combine(now.date(), time(), self._zone)
        waited = micros_of(Call.answered_at) - micros_of(Call.queued_at)
        # Who was picked up before queueing did not wait at all.
        no_wait = or_(waited.is_(None), waited <= int(self._service_seconds * 1_000_000))
        soon = and_(Call.answered_at.is_not(None), no_wait)
        query = (
            select(
                Call.queue,
                func.count(),
                func.count(Call.answered_at),
                func.sum(case((soon, 1), else_=0)),
            )
            .where(
                Call.started_at >= midnight,
                Call.direction == CallDirection.INBOUND,
                Call.outcome != ContactOutcome.BLOCKED,
            )
            .group_by(Call.queue)
        )
        async with self._store.read() as session:
            rows = await session.execute(query)
            return {
                queue: QueueCount(offered=offered, answered=answered, in_time=in_time or 0)
                for queue, offered, answered, in_time in rows
            }
