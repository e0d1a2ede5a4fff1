"""Calls the shift leader when too few calls of a queue are answered in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from config.floor import ServiceLevelRule
from models.clock import Clock
from models.ports import AlertPort
from models.store import Store
from models.tables import Call, FloorAlert
from models.vocabulary import AlertKind, CallDirection


@dataclass(kw_only=True)
class _Tally:
    """Of one queue."""

    offered: int = 0
    in_time: int = 0

    @property
    def share(self) -> float:
        return self.in_time / self.offered


class ServiceLevelWatch:
    """Counts the calls that reached a queue lately. Run :meth:`look` again and again."""

    def __init__(
        self, store: Store, clock: Clock, alerts: AlertPort, rule: ServiceLevelRule
    ) -> None:
        self._store = store
        self._clock = clock
        self._alerts = alerts
        self._rule = rule
        #: Queues with an open alert; None until the database was asked.
        self._open: set[str] | None = None

    async def look(self) -> None:
        """Raise for queues that fell below, settle for those that recovered or went quiet."""
        rule, tallies = self._rule, await self._count()
        still_open = await self._told() if self._open is None else self._open
        low = {
            queue: tally
            for queue, tally in tallies.items()
            if tally.offered >= rule.at_least and tally.share < rule.share
        }
        for queue in still_open - low.keys():
            await self._alerts.settle(_matter(queue))
        for queue in low.keys() - still_open:
            await self._raise(queue, low[queue])
        self._open = set(low)

    async def _told(self) -> set[str]:
        """What an earlier process has raised."""
        lasting = (FloorAlert.kind == AlertKind.SERVICE_LEVEL, FloorAlert.ended_at.is_(None))
        async with self._store.read() as session:
            return set(await session.scalars(select(FloorAlert.queue).where(*lasting)))

    async def _count(self) -> dict[str, _Tally]:
        now, rule = self._clock.now(), self._rule
        since = now - timedelta(minutes=rule.minutes)
        query = select(Call.queue, Call.queued_at, Call.answered_at, Call.ended_at).where(
            Call.direction == CallDirection.INBOUND, Call.queued_at >= since
        )
        async with self._store.read() as session:
            rows = list(await session.execute(query))
        limit = timedelta(seconds=rule.answered_within_seconds)
        tallies: dict[str, _Tally] = {}
        for queue, queued_at, answered_at, ended_at in rows:
            verdict = _in_time(queued_at, answered_at, ended_at, now, limit)
            if verdict is not None:
                tally = tallies.setdefault(queue, _Tally())
                tally.offered += 1
                tally.in_time += verdict
        return tallies

    async def _raise(self, queue: str, tally: _Tally) -> None:
        rule, limit = self._rule, f"{self._rule.answered_within_seconds}秒"
        await self._alerts.raise_alert(
            AlertKind.SERVICE_LEVEL,
            _matter(queue),
            # Of those who were lost, too; the share in the table of queues is of today's answered.
            f"近{rule.minutes}分钟排队来电{tally.offered}通（含未接通的，不计{limit}内自行挂断的），"
            f"{limit}内接通{tally.in_time}通，占排队来电的{tally.share:.0%}，低于{rule.share:.0%}",
            queue=queue,
            detail={"offered": tally.offered, "in_time": tally.in_time},
        )


def _in_time(
    queued_at: datetime | None,
    answered_at: datetime | None,
    ended_at: datetime | None,
    now: datetime,
    limit: timedelta,
) -> bool | None:
    """None: it cannot be told yet, or the caller gave up before the limit was over."""
    if queued_at is None:
        return None
    if answered_at is not None:
        return answered_at - queued_at <= limit
    waited = (ended_at or now) - queued_at
    return False if waited > limit else None


def _matter(queue: str) -> str:
    return f"service-level:{queue}"
