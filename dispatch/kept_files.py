"""How long files of orders stay, and whether they are whole.

A file goes when its order has been over for as long as ``retention.yaml`` says, unless a call of
the order is under a legal hold. Its row stays, with name and checksum, and says that it is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from config.settings import Settings
from dispatch.floor.recordings import checksum
from dispatch.floor.retention import held_until_done, next_hour
from dispatch.rules import Rules
from models.clock import Clock
from models.store import Store
from models.tables import Attachment, Call, LegalHold, WorkOrder
from models.vocabulary import OrderState

log = structlog.get_logger(__name__)

#: Path of a file that was deleted when its time was over.
GONE = ""
_OVER = (OrderState.CLOSED, OrderState.ARCHIVED, OrderState.WITHDRAWN, OrderState.REFUSED)
_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class FileFault:
    """A file that is not as it was taken in."""

    order_no: str
    name: str
    message: str


@dataclass(frozen=True, kw_only=True)
class KeptFilesRun:
    """What a run deleted, or would delete: order number and name of each."""

    deleted: tuple[str, ...]
    #: Past their time, but a call of the order is under a legal hold.
    held: tuple[str, ...]


class KeptFiles:
    """Deletes and verifies the files of orders."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._folder = settings.attachments_dir
        self._rules = rules.retention
        self._zone = rules.zone
        self._next_run: datetime | None = None

    async def daily(self) -> None:
        """Run once a day at the hour of the rules; call it every minute."""
        now = self._clock.now()
        due = self._next_run or next_hour(now, self._zone, self._rules.run_at_hour)
        if now >= due:
            due = next_hour(now, self._zone, self._rules.run_at_hour)
            await self.run()
        self._next_run = due

    async def run(self, *, dry: bool = False) -> KeptFilesRun:
        """Delete what is past its time. ``dry``: only tell."""
        before = self._clock.now() - timedelta(days=self._rules.order_days)
        async with self._store.read() as session:
            held = list(await session.execute(_past(before).where(_held())))
            old = list(await session.execute(_past(before).where(~_held())))
        if not dry:
            late = [one for one in old if not await self._delete(one[0])]
            held += late
            old = [one for one in old if one not in late]
        return KeptFilesRun(
            deleted=tuple(f"{number} {row.name}" for row, number in old),
            held=tuple(f"{number} {row.name}" for row, number in held),
        )

    async def _delete(self, row: Attachment) -> bool:
        """Unless a hold has come meanwhile; whether it was done. First the file: a process that
        dies here finds the row still there the next day.
        """
        async with self._store.transaction() as work:
            order = await work.session.get_one(WorkOrder, row.order_id)
            of_order = or_(Call.id == order.call_id, Call.order_id == order.id)
            if await held_until_done(work, of_order):
                return False
            await asyncio.to_thread((self._folder / row.path).unlink, missing_ok=True)
            (await work.session.get_one(Attachment, row.id)).path = GONE
        log.info("attachment deleted", attachment_id=row.id, order_id=row.order_id)
        return True

    async def verify(self) -> list[FileFault]:
        """Compare every file with the size and checksum that it was taken in with."""
        found: list[FileFault] = []
        async for rows in self._all():
            for row, number in rows:
                if message := await asyncio.to_thread(_fault, self._folder / row.path, row):
                    found.append(FileFault(order_no=number, name=row.name, message=message))
        return found

    async def _all(self) -> AsyncIterator[Sequence[tuple[Attachment, str]]]:
        last = ""
        while True:
            query = _rows().where(Attachment.id > last).order_by(Attachment.id).limit(_AT_ONCE)
            async with self._store.read() as session:
                rows = [(row, number) for row, number in await session.execute(query)]
            if not rows:
                return
            yield rows
            last = rows[-1][0].id


def _rows() -> Select[Attachment, str]:
    return (
        select(Attachment, WorkOrder.order_no)
        .join(WorkOrder, WorkOrder.id == Attachment.order_id)
        .where(Attachment.path != GONE)
    )


def _past(before: datetime) -> Select[Attachment, str]:
    """Of orders that have been over since, by their end or, without one, by their beginning."""
    ended = func.coalesce(WorkOrder.closed_at, WorkOrder.accepted_at)
    query = _rows().where(Attachment.uploaded_at < before, WorkOrder.state.in_(_OVER))
    return query.where(ended < before).order_by(Attachment.id)


def _held() -> ColumnElement[bool]:
    """Whether a call that the order came from, or that was about it, is under a legal hold."""
    of_order = or_(Call.id == WorkOrder.call_id, Call.order_id == WorkOrder.id)
    standing = select(LegalHold.call_id).where(LegalHold.released_at.is_(None))
    return exists().where(of_order, Call.id.in_(standing))


def _fault(path: Path, row: Attachment) -> str:
    """What is wrong with a file; empty: nothing."""
    try:
        size = path.stat().st_size
        if size != row.bytes:
            return f"文件大小应为{row.bytes}字节，现为{size}字节"
        return "" if checksum(path) == row.sha256 else "文件内容被改动，与校验和不符"
    except OSError:
        return "文件不在原处"
