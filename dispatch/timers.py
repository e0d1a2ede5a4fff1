"""Durable timers: what an order owes at a time is a row, fired once whatever happens.

A timer is set and cancelled in the transaction of the step that wants it. It is fired by deleting
its row and doing its work in one transaction: killed before the commit, it fires again; after it,
never. Several processes may fire: the row goes to the one that locks it.

What comes in great numbers is fired many at a time, in one transaction: when one of them fails,
none is fired, and each is tried by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.clock import Clock
from models.errors import HotlineError
from models.ids import new_id
from models.last_rows import LastRows
from models.store import Store, UnitOfWork
from models.tables import TimerRow

log = structlog.get_logger(__name__)

#: Rows looked up at a time.
BATCH = 200
#: Fired beside each other by one process, where the database takes several writers: while one waits
#: for the database, another reckons.
HANDS = 4
#: Fired in one transaction at most: commands on their orders wait until it is over.
AT_ONCE = 25
#: Without a wake-up, so that timers that another process has set are fired.
POLL_SECONDS = 1.0
#: After a failure: doubled each time, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=10)
#: From this failure on it is an error in the log, not a warning.
ALARMING_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class Timer:
    """``due`` is inclusive as all limits are: it fires when that instant has passed."""

    key: str
    kind: str
    subject_id: str
    due: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


#: Does what the timer is for. A :class:`HotlineError` means that it is not wanted any more.
Handler = Callable[[UnitOfWork, Timer], Awaitable[None]]
#: Locks the subject of a timer until the end of the transaction; False when somebody else has it:
#: then the timer waits for the next look instead of holding up others.
Lock = Callable[[AsyncSession, str], Awaitable[bool]]


@dataclass(frozen=True, kw_only=True)
class Together:
    """Timers that may be fired many at a time, each of another subject."""

    kinds: frozenset[str]
    #: Locks subjects until the end of the transaction; returns those that nobody else has.
    lock: Callable[[AsyncSession, Sequence[str]], Awaitable[set[str]]]
    #: Reads all of what the handlers will want of subjects that are locked.
    read: Callable[[AsyncSession, Sequence[str]], Awaitable[None]]


def keep_timers(last: LastRows, rows: Iterable[TimerRow], wanted: Iterable[Timer]) -> None:
    """Make these the only timers of a subject; those that stay as they are are not touched.

    ``rows``: all that it has, read in this transaction.
    """
    found = {row.key: row for row in rows}
    for timer in wanted:
        row = found.pop(timer.key, None)
        if row is None:
            last.add(_row(timer))
        elif row.due_at != timer.due or row.data != dict(timer.data):
            row.due_at, row.data = timer.due, dict(timer.data)
            row.attempts, row.last_error = 0, ""
    for row in found.values():
        last.delete(TimerRow, row.id)


def _row(timer: Timer) -> TimerRow:
    return TimerRow(
        id=new_id(),
        key=timer.key,
        kind=timer.kind,
        subject_id=timer.subject_id,
        due_at=timer.due,
        data=dict(timer.data),
        attempts=0,
        last_error="",
    )


#: What the deleted row still tells, and what a :class:`Timer` calls it.
_TAKEN = (TimerRow.key, TimerRow.kind, TimerRow.subject_id, TimerRow.due_at, TimerRow.data)
_NAMES = ("key", "kind", "subject_id", "due", "data")


class _Found(NamedTuple):
    """A timer that is due."""

    timer_id: str
    subject_id: str
    kind: str


class Timekeeper:
    """Fires what is due. One per process; any number of processes."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        handlers: Mapping[str, Handler],
        lock: Lock | None = None,
        together: Together | None = None,
    ) -> None:
        """``lock`` takes what commands take before they touch their timers, so that both take it
        in the same order. Without ``together`` each timer is fired by itself."""
        self._lock = lock
        self._together = together
        self._store = store
        self._clock = clock
        self._handlers = dict(handlers)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """What came due while nobody looked is fired at once."""
        self._task = asyncio.create_task(self._run(), name="timekeeper")

    async def stop(self) -> None:
        """No more. A timer in hand is taken back, and fired by the next one."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def fire_due(self) -> int:
        """Fire everything that is due now; returns how many were seen to."""
        now, fired = self._clock.now(), 0
        while lanes := await self._lanes(now):
            seen_to = await self._drive(lanes, now)
            fired += seen_to
            if not seen_to:  # all in the hands of other processes
                break
        return fired

    async def _run(self) -> None:
        while True:
            try:
                await self.fire_due()
            except Exception as error:  # the database may be away for a while
                log.warning("timekeeper.failed", error=str(error))
            await asyncio.sleep(POLL_SECONDS)

    async def _lanes(self, now: datetime) -> list[list[_Found]]:
        """What is due, oldest first, parted among as many hands as the database has for us.

        All timers of one subject go into one lane: none overtakes another, or waits for its lock.
        """
        kinds = sorted(self._handlers)
        query = select(TimerRow.id, TimerRow.subject_id, TimerRow.kind).where(
            TimerRow.due_at < now, TimerRow.kind.in_(kinds)
        )
        async with self._store.read() as session:
            ordered = query.order_by(TimerRow.due_at, TimerRow.id).limit(BATCH)
            rows = (await session.execute(ordered)).all()
        hands = HANDS if self._store.many_writers else 1
        lanes: dict[int, list[_Found]] = {}
        for found in (_Found(*row) for row in rows):
            lanes.setdefault(zlib.crc32(found.subject_id.encode()) % hands, []).append(found)
        return list(lanes.values())

    async def _drive(self, lanes: list[list[_Found]], now: datetime) -> int:
        """Fire all lanes beside each other; returns how many were seen to."""
        if len(lanes) == 1:
            return await self._drive_one(lanes[0], now)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._drive_one(lane, now)) for lane in lanes]
        return sum(task.result() for task in tasks)

    async def _drive_one(self, lane: list[_Found], now: datetime) -> int:
        return sum([await self._fire_all(batch, now) for batch in self._batches(lane)])

    def _batches(self, lane: list[_Found]) -> Iterator[list[_Found]]:
        """Parts of a lane that are fired in one transaction each: no subject twice in any."""
        kinds = self._together.kinds if self._together else frozenset()
        batch: dict[str, _Found] = {}
        for found in lane:
            alone = found.kind not in kinds
            if batch and (alone or found.subject_id in batch or len(batch) == AT_ONCE):
                yield list(batch.values())
                batch = {}
            if alone:
                yield [found]
            else:
                batch[found.subject_id] = found
        if batch:
            yield list(batch.values())

    async def _fire_all(self, batch: list[_Found], now: datetime) -> int:
        """Fire them at once, or by themselves after a failure; returns how many were seen to."""
        if len(batch) > 1 and self._together is not None:
            try:
                async with self._store.transaction() as work:
                    return await self._fire_together(work, batch, now, self._together)
            except Exception as error:  # whose it is, is seen when each is fired by itself
                log.info("timers.one_by_one", count=len(batch), error=repr(error))
        return sum([await self._fire(found, now) for found in batch])

    async def _fire_together(
        self, work: UnitOfWork, batch: list[_Found], now: datetime, together: Together
    ) -> int:
        """Fire those whose subject is free; the others wait for the next look."""
        free = await together.lock(work.session, [found.subject_id for found in batch])
        ids = [found.timer_id for found in batch if found.subject_id in free]
        taken = delete(TimerRow).where(TimerRow.id.in_(ids), TimerRow.due_at < now)
        rows = (await work.session.execute(taken.returning(*_TAKEN))).all()
        timers = [Timer(**dict(zip(_NAMES, row, strict=True))) for row in rows]
        await together.read(work.session, [timer.subject_id for timer in timers])
        for timer in sorted(timers, key=lambda one: (one.due, one.key)):
            await self._handlers[timer.kind](work, timer)
        return len(timers)

    async def _fire(self, found: _Found, now: datetime) -> bool:
        try:
            async with self._store.transaction() as work:
                return await self._fire_in(work, found, now)
        except HotlineError as error:
            # The order went on without it: that is no failure, and the timer has served its time.
            log.info("timer.not_wanted", timer_id=found.timer_id, why=str(error))
            await self._drop(found.timer_id, now)
        except Exception as error:
            await self._put_off(found.timer_id, now, error)
        return True

    async def _fire_in(self, work: UnitOfWork, found: _Found, now: datetime) -> bool:
        if self._lock is not None and not await self._lock(work.session, found.subject_id):
            return False
        taken = delete(TimerRow).where(TimerRow.id == found.timer_id, TimerRow.due_at < now)
        row = (await work.session.execute(taken.returning(*_TAKEN))).one_or_none()
        if row is None:  # another process was faster, or it was moved
            return False
        timer = Timer(**dict(zip(_NAMES, row, strict=True)))
        await self._handlers[timer.kind](work, timer)
        return True

    async def _drop(self, timer_id: str, now: datetime) -> None:
        due = delete(TimerRow).where(TimerRow.id == timer_id, TimerRow.due_at < now)
        async with self._store.transaction() as work:
            await work.session.execute(due)

    async def _put_off(self, timer_id: str, now: datetime, error: Exception) -> None:
        """It is tried again later; nothing is given up."""
        async with self._store.transaction() as work:
            row = await work.session.get(TimerRow, timer_id)
            if row is None or row.due_at >= now:  # fired or moved meanwhile
                return
            pause = min(FIRST_PAUSE * 2 ** min(row.attempts, 16), LONGEST_PAUSE)
            row.due_at = now + pause
            row.attempts = attempts = row.attempts + 1
            row.last_error = repr(error)[:1000]
        tell = log.error if attempts >= ALARMING_ATTEMPTS else log.warning
        tell("timer.failed", timer_id=timer_id, attempts=attempts, error=repr(error))
