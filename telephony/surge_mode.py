"""Surge mode as calls see it: the incident greeting, and whether everybody serves every queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from config.surge import SurgeRules
from models.bus import Bus, Reach
from models.events import SurgeChanged
from models.store import Store
from models.tables import Surge

if TYPE_CHECKING:
    from telephony.exchange import Sounds

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 60.0
#: Until a greeting that could not be spoken is tried again.
_RETRY_SECONDS = 10.0
_NOT_MADE = "not made"


class SurgeMode:
    """Read at the start and at each change; a restart in the middle keeps it."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        sounds: Sounds,
        rules: SurgeRules,
    ) -> None:
        self._store = store
        self._sounds = sounds
        self._rules = rules
        #: Told when it begins or ends.
        self.on_change: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.active = False
        #: Media of the incident greeting, ready to be played; empty: none.
        self.greeting = ""
        bus.subscribe("surge-mode", self._heard, SurgeChanged, reach=Reach.ALL)

    @property
    def all_serve_all(self) -> bool:
        """Whether agents of all groups take calls of all queues."""
        return self.active and self._rules.all_groups

    async def start(self) -> None:
        """Read it, and keep it fresh."""
        self._changed.set()
        self._task = asyncio.create_task(self._run(), name="surge-mode")

    async def stop(self) -> None:
        """No more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    # --- inside ---------------------------------------------------------------------------------

    async def _heard(self, _event: SurgeChanged) -> None:
        self._changed.set()

    async def _run(self) -> None:
        pause = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            self._changed.clear()
            try:
                pause = await self._read()
            except Exception as error:  # it stays as it was last known
                log.warning("surge_mode.as_last_known", error=str(error), active=self.active)
                pause = _RETRY_SECONDS

    async def _read(self) -> float:
        """Take over what is written; returns when to look again."""
        query = select(Surge).where(Surge.ended_at.is_(None)).order_by(Surge.started_at).limit(1)
        async with self._store.read() as session:
            row = await session.scalar(query)
        before, self.active = self.active, row is not None
        if before != self.active:
            log.info("surge_mode", active=self.active)
            self.on_change()
        text = row.greeting.strip() if row else ""
        # Asked for again each minute: so it stays among the sounds that are kept.
        media = await self._sounds.spoken(text, _NOT_MADE) if text else ""
        self.greeting = "" if media == _NOT_MADE else media
        return _RETRY_SECONDS if media == _NOT_MADE else REFRESH_SECONDS
