"""Files of orders: taken in piece by piece, kept with a checksum, given out to who may see them.

A file is uploaded first and lies ready; it belongs to the order when a step names it
(``dispatch.evidence``), and the step's event tells so. What nobody names is thrown away.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import BaseModel
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.attachments import ENOUGH, AttachmentRules
from dispatch.commands import invalid
from dispatch.kept_files import GONE
from dispatch.rules import Rules
from dispatch.scope import can_see, own_units, sees_all
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Attachment, Task, WorkOrder
from models.vocabulary import AttachmentKind, OrderState

log = structlog.get_logger(__name__)

_SWEPT_AT_ONCE = 50
_NOT_HERE = "没有这份材料，或您无权查看"
#: States in which nothing is added any more.
_OVER = (OrderState.ARCHIVED, OrderState.WITHDRAWN)


class AttachmentView(BaseModel):
    """One file as shown."""

    id: str
    kind: AttachmentKind
    name: str
    media_type: str
    bytes: int
    sha256: str
    uploaded_at: datetime
    uploaded_by_name: str
    department_name: str
    task_id: str | None
    #: None: not handed in yet.
    attached_at: datetime | None
    #: Deleted when the time it is kept for was over.
    gone: bool


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file to be given out."""

    path: Path
    name: str
    media_type: str
    order_id: str


@dataclass(frozen=True, kw_only=True)
class _Stored:
    path: str
    size: int
    sha256: str


class _Gauge:
    """Measures a file while it comes in.

    :raises InvalidInput: as soon as it cannot be taken.
    """

    def __init__(self, rules: AttachmentRules, name: str) -> None:
        self._rules = rules
        self._name = name
        self._beginning = b""
        self.size = 0
        self.digest = hashlib.sha256()

    def take(self, piece: bytes) -> None:
        """One more piece."""
        self.size += len(piece)
        if self.size > self._rules.most_bytes:
            raise _fault(f"文件超过{self._rules.most_mb}MB，请压缩后再上传")
        if len(self._beginning) < ENOUGH:
            self._beginning = (self._beginning + piece)[:ENOUGH]
        self.digest.update(piece)

    def end(self) -> None:
        """That was all of it."""
        if not self.size:
            raise _fault("文件是空的")
        if not self._rules.begins_well(self._name, self._beginning):
            raise _fault("文件内容与扩展名不符，请上传原文件")


class AttachmentStore:
    """The files under one folder, and their rows."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, folder: Path) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._folder = folder

    async def upload(
        self,
        actor: Actor,
        order_id: str,
        name: str,
        kind: AttachmentKind,
        pieces: AsyncIterator[bytes],
    ) -> AttachmentView:
        """Take a file in for an order that the actor may see.

        :raises NotFound: no such order.
        :raises InvalidInput: too large, too many, or not of a kind that is taken.
        """
        name = Path(name.replace("\\", "/")).name.strip()[:255]
        media_type = self._rules.attachments.media_type(name)
        if media_type is None:
            raise _fault(f"不能上传这种文件，可以上传：{self._rules.attachments.endings}")
        await self._check_order(actor, order_id)
        await self._sweep()
        stored = await self._receive(order_id, name, pieces)
        row = Attachment(
            id=new_id(),
            order_id=order_id,
            kind=kind,
            name=name,
            media_type=media_type,
            bytes=stored.size,
            sha256=stored.sha256,
            path=stored.path,
            uploaded_at=self._clock.now(),
            uploaded_by=actor.id,
            uploaded_by_name=actor.name,
            department=actor.department,
        )
        async with self._store.transaction() as work:
            work.session.add(row)
        return attachment_view(row, self._rules)

    async def download(self, actor: Actor, attachment_id: str) -> Download:
        """A file that the actor may see.

        :raises NotFound: there is none, or it is not for them.
        """
        async with self._store.read() as session:
            row = await session.get(Attachment, attachment_id)
            order = await session.get(WorkOrder, row.order_id) if row else None
            if row is None or order is None:
                raise NotFound(_NOT_HERE)
            tasks = await _tasks_of(session, order.id)
        if not can_see(actor, tasks, self._rules) or not may_read(row, order, actor, self._rules):
            raise NotFound(_NOT_HERE)
        if row.path == GONE:
            raise NotFound("材料已过保存期限，文件已删除", attachment_id=row.id)
        path = (self._folder / row.path).resolve()
        if not path.is_relative_to(self._folder.resolve()) or not path.is_file():
            log.error("attachment.missing", attachment_id=row.id, path=row.path)
            raise NotFound("材料文件不在原处，请报告系统管理员", attachment_id=row.id)
        return Download(path=path, name=row.name, media_type=row.media_type, order_id=order.id)

    async def _check_order(self, actor: Actor, order_id: str) -> None:
        async with self._store.read() as session:
            order = await session.get(WorkOrder, order_id)
            if order is None or not can_see(actor, await _tasks_of(session, order_id), self._rules):
                raise NotFound("没有这个工单，或您无权查看", order_id=order_id)
            query = select(func.count()).where(Attachment.order_id == order_id)
            count = await session.scalar(query) or 0
        if order.state in _OVER:
            raise _fault(f"工单已{order.state.label}，不能再补充材料")
        if count >= self._rules.attachments.most_files:
            raise _fault(f"一个工单最多保存{self._rules.attachments.most_files}份材料")

    async def _receive(self, order_id: str, name: str, pieces: AsyncIterator[bytes]) -> _Stored:
        """Nothing stays of a file that is broken off, too large or not what its name says."""
        target = self._folder / order_id[-2:] / new_id()
        await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
        handle, part = await asyncio.to_thread(tempfile.mkstemp, dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                gauge = _Gauge(self._rules.attachments, name)
                async for piece in pieces:
                    gauge.take(piece)
                    await asyncio.to_thread(file.write, piece)
                gauge.end()
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            await asyncio.to_thread(Path(part).replace, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        path = str(target.relative_to(self._folder))
        return _Stored(path=path, size=gauge.size, sha256=gauge.digest.hexdigest())

    async def _sweep(self) -> None:
        """Throw away some of what was uploaded long ago and never handed in."""
        before = self._clock.now() - self._rules.attachments.unused
        old = select(Attachment).where(
            Attachment.attached_at.is_(None), Attachment.uploaded_at < before
        )
        async with self._store.transaction() as work:
            locked = old.limit(_SWEPT_AT_ONCE).with_for_update(skip_locked=True)
            rows = list(await work.session.scalars(locked))
            if rows:
                ids = [row.id for row in rows]
                await work.session.execute(delete(Attachment).where(Attachment.id.in_(ids)))
        for row in rows:
            await asyncio.to_thread((self._folder / row.path).unlink, missing_ok=True)


def may_read(row: Attachment, order: WorkOrder, actor: Actor, rules: Rules) -> bool:
    """The hotline reads all; a unit what it and those below gave, and, of what the hotline and
    other units gave, what does not show who asked for a confidential order."""
    if row.attached_at is None:
        return row.uploaded_by in actor.selves
    if sees_all(actor, rules) or row.department in own_units(actor, rules):
        return True
    shows_citizen = row.kind in (AttachmentKind.IDENTITY, AttachmentKind.CONSENT)
    return not (order.confidential or shows_citizen)


def attachment_view(row: Attachment, rules: Rules) -> AttachmentView:
    """One row in words."""
    plain = (
        *("id", "kind", "name", "media_type", "bytes", "sha256", "uploaded_at"),
        *("uploaded_by_name", "task_id", "attached_at"),
    )
    return AttachmentView(
        **{name: getattr(row, name) for name in plain},
        department_name=rules.unit_name(row.department) if row.department else "",
        gone=row.path == GONE,
    )


async def attachments_of(
    session: AsyncSession, order: WorkOrder, actor: Actor, rules: Rules
) -> list[AttachmentView]:
    """The order's files that the reader may open, and what the reader has lying ready."""
    ready: ColumnElement[bool] = Attachment.uploaded_by.in_(sorted(actor.selves))
    query = select(Attachment).where(
        Attachment.order_id == order.id, or_(Attachment.attached_at.is_not(None), ready)
    )
    rows = await session.scalars(query.order_by(Attachment.uploaded_at, Attachment.id))
    return [attachment_view(row, rules) for row in rows if may_read(row, order, actor, rules)]


async def _tasks_of(session: AsyncSession, order_id: str) -> Sequence[Task]:
    return (await session.scalars(select(Task).where(Task.order_id == order_id))).all()


def _fault(message: str) -> Exception:
    return invalid([{"field": "file", "label": "材料", "message": message}])
