"""The relay: events from the outbox table to the bus, in order, at least once."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import structlog
from sqlalchemy import delete, select, update

from models.bus import Bus
from models.clock import Clock, SystemClock
from models.events import event_from_dict
from models.store import Store
from models.tables import OutboxRow

log = structlog.get_logger(__name__)

#: How long told events are kept for looking back.
KEEP = timedelta(days=7)
BATCH = 200
#: Also without a wake-up, so that another process's events are told.
POLL_SECONDS = 1.0


class OutboxRelay:
    """Publishes what transactions recorded. One per process; the bus's handlers are idempotent."""

    def __init__(self, store: Store, bus: Bus, clock: Clock | None = None) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock or SystemClock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; what an earlier process left is told first."""
        self._store.on_commit = self._wake.set
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def stop(self) -> None:
        """Tell what is left, then stop."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.flush()

    async def flush(self) -> int:
        """Publish everything that waits; returns how many."""
        count = 0
        while batch := await self._pending():
            for row in batch:
                await self._publish(row)
            await self._mark([row.id for row in batch])
            count += len(batch)
        return count

    async def _run(self) -> None:
        while True:
            try:
                await self.flush()
                await self._forget_old()
            except Exception:
                log.exception("outbox relay failed, trying again")
                await asyncio.sleep(POLL_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            self._wake.clear()

    async def _pending(self) -> list[OutboxRow]:
        query = (
            select(OutboxRow)
            .where(OutboxRow.published_at.is_(None))
            .order_by(OutboxRow.id)
            .limit(BATCH)
        )
        async with self._store.read() as session:
            return list(await session.scalars(query))

    async def _publish(self, row: OutboxRow) -> None:
        try:
            event = event_from_dict(row.payload)
        except (KeyError, ValueError):
            log.error("unreadable event in the outbox, left aside", event_id=row.event_id)
            return
        await self._bus.publish(event)

    async def _mark(self, ids: list[int]) -> None:
        async with self._store.transaction() as work:
            await work.session.execute(
                update(OutboxRow)
                .where(OutboxRow.id.in_(ids))
                .values(published_at=self._clock.now())
            )

    async def _forget_old(self) -> None:
        limit = self._clock.now() - KEEP
        query = select(OutboxRow.id).where(OutboxRow.published_at < limit).limit(1)
        async with self._store.read() as session:
            if await session.scalar(query) is None:
                return
        async with self._store.transaction() as work:
            await work.session.execute(delete(OutboxRow).where(OutboxRow.published_at < limit))
