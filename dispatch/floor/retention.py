"""How long recordings stay: legal holds, deleting what is past its time, checking what is there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.settings import Settings
from dispatch.commands import invalid
from dispatch.floor.recordings import checksum
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import NotFound, TransitionRefused
from models.guards import Actor
from models.ids import new_id
from models.store import Store, UnitOfWork
from models.tables import Call, LegalHold, Recording, Staff, WorkOrder

log = structlog.get_logger(__name__)

OK, CHANGED, MISSING = "ok", "changed", "missing"
#: What an agent's recording was joined from lies beside it.
_JOINED, _SEGMENTS = "agent.wav", "agent-*.wav"


class HoldView(BaseModel):
    """A legal hold as one reads it."""

    id: str
    call_id: str
    reason: str
    placed_by_name: str
    placed_at: datetime
    released_by_name: str | None
    released_at: datetime | None
    release_reason: str


@dataclass(frozen=True, kw_only=True)
class Retained:
    """What a run of the retention did, or would do."""

    deleted: tuple[str, ...]
    #: Past their time, but under a legal hold.
    held: tuple[str, ...]
    #: Found to belong to an order: kept longer.
    prolonged: tuple[str, ...]
    #: Files that no call knows of, older than anything is kept.
    strays: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A recording that is not as it was entered."""

    path: str
    #: ``changed`` or ``missing``.
    what: str


class LegalHolds:
    """Places and releases holds on the recordings of a call."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of_call(self, call_id: str) -> list[HoldView]:
        """All of them, the newest first."""
        query = select(LegalHold).where(LegalHold.call_id == call_id)
        async with self._store.read() as session:
            rows = list(await session.scalars(query.order_by(LegalHold.placed_at.desc())))
            return await _views(session, rows)

    async def place(self, actor: Actor, call_id: str, reason: str) -> HoldView:
        """From now on nothing of this call is deleted, until the last hold is released. A file that
        is being deleted at this moment is waited for: the register says that it is gone.
        """
        async with self._store.transaction() as work:
            if await work.session.get(Call, call_id, with_for_update=True) is None:
                raise NotFound("没有这通电话", call_id=call_id)
            hold = LegalHold(
                id=new_id(),
                call_id=call_id,
                reason=_given(reason),
                placed_by=actor.id,
                placed_at=self._clock.now(),
                release_reason="",
            )
            work.session.add(hold)
            await work.session.flush()
            return (await _views(work.session, [hold]))[0]

    async def release(self, actor: Actor, hold_id: str, reason: str) -> HoldView:
        """The hold ends.

        :raises TransitionRefused: when it was released already.
        """
        async with self._store.transaction() as work:
            query = select(LegalHold).where(LegalHold.id == hold_id).with_for_update()
            hold = await work.session.scalar(query)
            if hold is None:
                raise NotFound("没有这项法定保留", hold_id=hold_id)
            if hold.released_at is not None:
                raise TransitionRefused("这项法定保留已经解除")
            hold.release_reason = _given(reason)
            hold.released_by, hold.released_at = actor.id, self._clock.now()
            await work.session.flush()
            return (await _views(work.session, [hold]))[0]


class Retention:
    """Deletes and verifies."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._folder = settings.recordings_dir
        self._mixes = settings.mixes_dir
        self._rules = rules.retention
        self._zone = rules.zone
        self._next_run: datetime | None = None

    async def daily(self) -> None:
        """Run once a day at the hour of the rules; call it every minute."""
        now = self._clock.now()
        if self._next_run is None:
            self._next_run = next_hour(now, self._zone, self._rules.run_at_hour)
        if now >= self._next_run:
            self._next_run = next_hour(now, self._zone, self._rules.run_at_hour)
            await self.run()

    async def run(self, *, dry: bool = False) -> Retained:
        """Delete what is past its time. ``dry``: only tell."""
        async with self._store.read() as session:
            due = list(await session.scalars(self._due()))
            held = await _held(session)
            orders = await _calls_with_order(session, due)
        longer = {row.id: until for row in due if (until := self._until(row, orders))}
        kept = [row for row in due if held & {row.call_id, row.contact_id}]
        old = [row for row in due if row.id not in longer and row not in kept]
        strays = await self._strays(held)
        if not dry:
            await self._prolong(longer)
            late = [row for row in old if not await self._delete(row)]
            kept += late
            old = [row for row in old if row not in late]
            strays = [path for path in strays if await self._delete_stray(path)]
        return Retained(
            deleted=tuple(row.path for row in old),
            held=tuple(row.path for row in kept),
            prolonged=tuple(row.path for row in due if row.id in longer and row not in kept),
            strays=tuple(str(path.relative_to(self._folder)) for path in strays),
        )

    async def verify(self) -> list[Fault]:
        """Compare every file with its checksum, write down the result, and tell the faults."""
        async with self._store.read() as session:
            query = select(Recording.id).where(Recording.deleted_at.is_(None))
            ids = list(await session.scalars(query.order_by(Recording.started_at)))
        found = [await self._verify(recording_id) for recording_id in ids]
        return [fault for fault in found if fault]

    # --- inside ---------------------------------------------------------------------------------

    def _due(self) -> Select[Recording]:
        past = Recording.keep_until <= self._clock.now()
        query = select(Recording).where(past, Recording.deleted_at.is_(None))
        return query.order_by(Recording.started_at)

    def _until(self, row: Recording, orders: set[str]) -> datetime | None:
        """The later end for what belongs to an order that was opened after the call."""
        until = row.started_at + timedelta(days=self._rules.with_order_days)
        with_order = not orders.isdisjoint({row.call_id, row.contact_id})
        return until if with_order and until > self._clock.now() else None

    async def _prolong(self, longer: dict[str, datetime]) -> None:
        async with self._store.transaction() as work:
            for recording_id, until in longer.items():
                (await _one(work, recording_id)).keep_until = until

    async def _delete(self, row: Recording) -> bool:
        """Unless a hold has come meanwhile; whether it was done. First the file: a process that
        dies here finds the row still there the next day.
        """
        async with self._store.transaction() as work:
            if await _has_become_held(work, {row.call_id, row.contact_id} - {None}):
                return False
            kept = select(Recording.path).where(
                Recording.call_id == row.call_id, Recording.deleted_at.is_(None)
            )
            others = {self._folder / path for path in await work.session.scalars(kept)}
            await asyncio.to_thread(self._remove, self._folder / row.path, others)
            for mix in self._mixes.glob(f"{row.call_id}-*.wav"):
                mix.unlink(missing_ok=True)
            (await _one(work, row.id)).deleted_at = self._clock.now()
        log.info("recording deleted", path=row.path, kept_until=row.keep_until.isoformat())
        return True

    async def _delete_stray(self, path: Path) -> bool:
        """Likewise, of a file that no call knows of."""
        async with self._store.transaction() as work:
            if await _has_become_held(work, {path.parent.name}):
                return False
            await asyncio.to_thread(self._remove, path, set[Path]())
        return True

    async def _strays(self, held: set[str | None]) -> list[Path]:
        """Rings without an answer, recorders that heard nothing: nothing else would end them."""
        last = self._clock.now() - timedelta(days=self._rules.with_order_days)
        old = await asyncio.to_thread(_files_before, self._folder, last)
        async with self._store.read() as session:
            query = select(Recording.path).where(
                Recording.deleted_at.is_(None), Recording.started_at < last
            )
            known = {self._folder / path for path in await session.scalars(query)}
        return [path for path in old if path not in known and path.parent.name not in held]

    def _remove(self, path: Path, others: set[Path]) -> None:
        """The file, and what it was joined from, as far as that has no row of its own."""
        path.unlink(missing_ok=True)
        if path.name == _JOINED:
            for segment in set(path.parent.glob(_SEGMENTS)) - others:
                segment.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self._folder or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()

    async def _verify(self, recording_id: str) -> Fault | None:
        async with self._store.read() as session:
            row = await session.get(Recording, recording_id)
        if row is None or row.deleted_at is not None:
            return None
        result = await asyncio.to_thread(_state, self._folder / row.path, row.sha256)
        async with self._store.transaction() as work:
            current = await _one(work, recording_id)
            current.checked, current.checked_at = result, self._clock.now()
        return None if result == OK else Fault(path=row.path, what=result)


def next_hour(now: datetime, zone: ZoneInfo, hour: int) -> datetime:
    """When that hour of the day comes next."""
    local = now.astimezone(zone)
    at = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return at if at > local else at + timedelta(days=1)


def _files_before(folder: Path, last: datetime) -> list[Path]:
    """Sound of calls (``YYYY/MM/DD/<call>/<file>``) that was last written before this."""
    found = folder.glob("[0-9]*/*/*/*/*.wav")
    return [path for path in found if path.stat().st_mtime < last.timestamp()]


def _state(path: Path, sha256: str) -> str:
    try:
        return OK if checksum(path) == sha256 else CHANGED
    except OSError:
        return MISSING


def _given(reason: str) -> str:
    if not reason.strip():
        raise invalid([{"field": "reason", "message": "请写明理由"}])
    return reason.strip()


async def _one(work: UnitOfWork, recording_id: str) -> Recording:
    row = await work.session.get(Recording, recording_id)
    assert row is not None
    return row


async def _held(session: AsyncSession) -> set[str | None]:
    """Calls under a hold, and their contacts: a message left on the line belongs to the call."""
    standing = select(LegalHold.call_id).where(LegalHold.released_at.is_(None)).distinct()
    calls = set(await session.scalars(standing))
    contacts = select(Call.contact_id).where(Call.id.in_(standing), Call.contact_id.is_not(None))
    return {*calls, *await session.scalars(contacts)}


async def _has_become_held(work: UnitOfWork, ids: set[str | None]) -> bool:
    """Whether a hold stands on a call with such an id, or such a contact."""
    return await held_until_done(work, or_(Call.id.in_(ids), Call.contact_id.in_(ids)))


async def held_until_done(work: UnitOfWork, such: ColumnElement[bool]) -> bool:
    """Whether a hold stands on one of these calls. From here to the end of the transaction none can
    be placed on them: whoever places one takes the same lock on the call.
    """
    query = select(Call.id).where(such).order_by(Call.id).with_for_update()
    calls = list(await work.session.scalars(query))
    standing = select(LegalHold.id).where(
        LegalHold.call_id.in_(calls), LegalHold.released_at.is_(None)
    )
    return await work.session.scalar(standing.limit(1)) is not None


async def _calls_with_order(session: AsyncSession, rows: Sequence[Recording]) -> set[str]:
    """Of these recordings' calls, those that an order came from or that were about one; and their
    contacts: a message left on the line belongs to the call.
    """
    found: set[str] = set()
    ids = sorted({row.call_id or row.contact_id or "" for row in rows})
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        of_order = exists().where(WorkOrder.call_id == Call.id)
        query = select(Call.id, Call.contact_id).where(
            or_(Call.id.in_(some), Call.contact_id.in_(some)),
            or_(Call.order_id.is_not(None), of_order),
        )
        for call_id, contact_id in await session.execute(query):
            found |= {call_id, contact_id or call_id}
    return found


async def _views(session: AsyncSession, holds: Sequence[LegalHold]) -> list[HoldView]:
    ids = {hold.placed_by for hold in holds} | {hold.released_by for hold in holds}
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids - {None})))
    names: dict[str | None, str] = {staff_id: name for staff_id, name in rows}
    return [
        HoldView(
            id=hold.id,
            call_id=hold.call_id,
            reason=hold.reason,
            placed_by_name=names.get(hold.placed_by, ""),
            placed_at=hold.placed_at,
            released_by_name=names.get(hold.released_by),
            released_at=hold.released_at,
            release_reason=hold.release_reason,
        )
        for hold in holds
    ]
