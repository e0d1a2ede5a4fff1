"""All orders in one index: read in at the start, each new one as it is opened."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog
from sqlalchemy import Row, select

from models.bus import Bus
from models.events import OrderChanged
from models.ids import new_id
from models.ports import AlikeOrder
from models.store import Store
from models.tables import WorkOrder
from models.vocabulary import Action
from nlp.similar.index import SimilarIndex

log = structlog.get_logger(__name__)

#: Orders read from the database at a time.
_BATCH = 2_000
#: So many new orders are worth writing the index anew.
_WORTH_SAVING = 1_000
_EVERY_SECONDS = 60.0
#: Ids begin with their time; an order may be committed a little after a later one.
_TIME_LETTERS = 10
_TOLERANCE_MS = 3_600_000
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

Ids = npt.NDArray[np.bytes_]


class OrderIndex:
    """Implements :class:`models.ports.AlikePort`. One per process.

    The index on disk only spares reading everything again: whatever is missing in it, or when it
    is damaged, comes from the database.
    """

    def __init__(self, store: Store, bus: Bus, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._index = SimilarIndex()
        self._ids: Ids = np.empty(0, dtype="S26")
        self._count = 0
        self._saved = 0
        self._adding = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.ready = False
        bus.subscribe("similar-orders", self._on_order, OrderChanged)

    async def start(self) -> None:
        """Begin reading in; until it is done fewer orders are found."""
        self._task = asyncio.create_task(self._run(), name="similar-orders")

    async def stop(self) -> None:
        """No more; what is new is written down."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._count - self._saved >= _WORTH_SAVING:
            await self.save()

    async def alike(self, text: str, limit: int = 30) -> list[AlikeOrder]:
        """See :meth:`models.ports.AlikePort.alike`. Compared by the texts as they are now."""
        hits = await asyncio.to_thread(self._index.search, text, 2 * limit)
        ids = list(dict.fromkeys(self._ids[hit.doc].decode() for hit in hits))
        texts = await self._texts(ids[:limit])
        likenesses = self._index.likeness(text, list(texts.values()))
        found = [
            AlikeOrder(order_id=order_id, likeness=likeness)
            for order_id, likeness in zip(texts, likenesses, strict=True)
        ]
        return sorted(found, key=lambda order: -order.likeness)

    # --- inside ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        await self.open()
        while True:
            try:
                await self.read_in()
                self.ready = True
                if self._count - self._saved >= _WORTH_SAVING:
                    await self.save()
            except Exception:  # the database or the disk may be away for a while
                log.exception("similar.read_in_failed")
            await asyncio.sleep(_EVERY_SECONDS)

    async def open(self) -> None:
        """Take up the index on disk, if there is one that fits."""
        current = self._folder / "current"
        if not current.is_file():
            return
        try:
            folder = self._folder / current.read_text(encoding="utf-8").strip()
            index = await asyncio.to_thread(SimilarIndex.load, folder)
            ids = np.load(folder / "ids.npy", allow_pickle=False)
            if len(ids) != len(index):
                raise ValueError("ids and texts do not belong together")
        except (OSError, ValueError, KeyError) as error:
            log.warning("similar.index_made_anew", reason=str(error))
            return
        async with self._adding:
            self._index, self._ids, self._count = index, ids, len(ids)
            self._saved = self._count

    async def read_in(self) -> None:
        """What the database has and the index has not."""
        known = self._ids[: self._count]
        after = _a_little_before(known[np.argmax(known)].decode()) if len(known) else ""
        known = known[known > after.encode()]
        while rows := await self._after(after):
            after = rows[-1].id
            ids = np.asarray([row.id for row in rows], dtype="S26")
            fresh = ~np.isin(ids, known)
            new = [row for row, is_fresh in zip(rows, fresh.tolist(), strict=True) if is_fresh]
            if new:
                await self._add([row.id for row in new], [_text(row) for row in new])

    async def _after(self, order_id: str) -> Sequence[Row[str, str, str, str]]:
        query = _QUERY.where(WorkOrder.id > order_id).order_by(WorkOrder.id).limit(_BATCH)
        async with self._store.read() as session:
            return (await session.execute(query)).all()

    async def _on_order(self, event: OrderChanged) -> None:
        """Opened or corrected: found at once. Told twice it is in twice, and found once."""
        if event.action not in (Action.OPEN.value, Action.AMEND.value):
            return
        texts = await self._texts([event.order_id])
        if texts:
            await self._add(list(texts), list(texts.values()))

    async def _add(self, ids: list[str], texts: list[str]) -> None:
        async with self._adding:
            end = self._count + len(ids)
            if end > len(self._ids):
                larger = np.empty(max(end, len(self._ids) * 5 // 4 + 1024), dtype="S26")
                larger[: self._count] = self._ids[: self._count]
                self._ids = larger
            self._ids[self._count : end] = ids
            self._count = end
            await asyncio.to_thread(self._index.add, texts)

    async def _texts(self, ids: list[str]) -> dict[str, str]:
        """In the order of ``ids``; without those that are gone."""
        async with self._store.read() as session:
            rows = (await session.execute(_QUERY.where(WorkOrder.id.in_(ids)))).all()
        texts = {row.id: _text(row) for row in rows}
        return {order_id: texts[order_id] for order_id in ids if order_id in texts}

    async def save(self) -> None:
        """Write the index down."""
        async with self._adding:
            count, ids = self._count, self._ids[: self._count].copy()
            await asyncio.to_thread(self._write, ids)
        self._saved = count

    def _write(self, ids: Ids) -> None:
        """Beside the former one, which goes when the new one is whole."""
        name = new_id()
        self._index.save(self._folder / name)
        np.save(self._folder / name / "ids.npy", ids, allow_pickle=False)
        pointer = self._folder / "current.new"
        pointer.write_text(name, encoding="utf-8")
        pointer.replace(self._folder / "current")
        for old in self._folder.iterdir():
            if old.is_dir() and old.name != name:
                shutil.rmtree(old, ignore_errors=True)


_QUERY = select(WorkOrder.id, WorkOrder.title, WorkOrder.content, WorkOrder.place)


def _text(row: Row[str, str, str, str]) -> str:
    return "\n".join(part for part in (row.title, row.place, row.content) if part)


def _a_little_before(order_id: str) -> str:
    """The beginning of ids that were made an hour earlier; of ids of another kind, all."""
    if not set(order_id[:_TIME_LETTERS]) <= set(_ALPHABET):
        return ""
    value = 0
    for letter in order_id[:_TIME_LETTERS]:
        value = value * 32 + _ALPHABET.index(letter)
    value = max(0, value - _TOLERANCE_MS)
    shifts = range(5 * (_TIME_LETTERS - 1), -1, -5)
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in shifts)
