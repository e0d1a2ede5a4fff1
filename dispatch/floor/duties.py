"""What the floor does by itself every minute: ends blocks whose date has come, sees a surge."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import structlog

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
Duty = Callable[[], Awaitable[object]]


class FloorDuties:
    """Does each duty in turn. One that fails is tried again the next time, and stops no other."""

    def __init__(self, duties: Sequence[Duty], every_seconds: float = EVERY_SECONDS) -> None:
        self._duties = duties
        self._every = every_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin at once."""
        self._task = asyncio.create_task(self._run(), name="floor-duties")

    async def stop(self) -> None:
        """No more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            for duty in self._duties:
                try:
                    await duty()
                except Exception as error:  # the database may be away for a while
                    log.warning("floor.duty_failed", duty=str(duty), error=str(error))
            await asyncio.sleep(self._every)
