"""The nuisance list as calls see it: in memory, so that no call ever waits for the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select, update

from models.bus import Bus, Reach
from models.clock import Clock
from models.events import NuisanceListChanged
from models.phone_numbers import WITHHELD, normal_number
from models.store import Store
from models.tables import BlockedNumber
from models.vocabulary import BlockState

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Block:
    """A blocked number."""

    id: str
    ends_at: datetime


class BlockList:
    """Known from the last successful reading. With the database away it stays as it was."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._blocks: dict[str, Block] = {}
        self._hits: Counter[str] = Counter()
        self._last_hit: dict[str, datetime] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        bus.subscribe("block-list", self._on_change, NuisanceListChanged, reach=Reach.ALL)

    def match(self, number: str) -> Block | None:
        """The block that a caller meets; None when there is none, or its date has come. An older
        entry for hidden numbers meets nobody: it would meet all who hide theirs.
        """
        plain = normal_number(number)
        block = None if plain == WITHHELD else self._blocks.get(plain)
        return block if block is not None and block.ends_at > self._clock.now() else None

    def hit(self, block: Block) -> None:
        """A call has met it; written down soon."""
        self._hits[block.id] += 1
        self._last_hit[block.id] = self._clock.now()
        self._changed.set()

    async def start(self) -> None:
        """Read it, and keep it fresh."""
        await self.refresh()
        self._task = asyncio.create_task(self._run(), name="block-list")

    async def stop(self) -> None:
        """Write what is left, then stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.refresh()

    async def refresh(self) -> bool:
        """Write the hits and read the list anew; False when the database did not answer."""
        try:
            await self._write_hits()
            await self._read()
        except Exception as error:  # the list stays as it was last known
            log.warning("block_list.as_last_known", error=str(error), blocks=len(self._blocks))
            return False
        return True

    # --- inside ---------------------------------------------------------------------------------

    async def _on_change(self, _event: NuisanceListChanged) -> None:
        self._changed.set()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            if not await self.refresh():
                await asyncio.sleep(1)

    async def _read(self) -> None:
        query = select(BlockedNumber).where(BlockedNumber.state == BlockState.ACTIVE)
        async with self._store.read() as session:
            rows = list(await session.scalars(query))
        self._blocks = {row.number: Block(id=row.id, ends_at=row.ends_at) for row in rows}

    async def _write_hits(self) -> None:
        hits = dict(self._hits)
        if not hits:
            return
        async with self._store.transaction() as work:
            for block_id, count in hits.items():
                table = BlockedNumber
                await work.session.execute(
                    update(table)
                    .where(table.id == block_id)
                    .values(hits=table.hits + count, last_hit_at=self._last_hit[block_id])
                )
        self._hits.subtract(hits)
        self._hits = +self._hits
