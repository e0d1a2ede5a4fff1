"""Who has been taken by an agent, for citizens who wait and a run that wants to end."""

from __future__ import annotations

import asyncio


class TakenCalls:
    """Lets a citizen know that an agent is on the line, and the run that all is written down."""

    def __init__(self) -> None:
        self._taken: dict[str, asyncio.Event] = {}
        self._open: set[str] = set()
        self._changed = asyncio.Condition()

    async def of(self, number: str) -> None:
        """Wait until an agent has answered this caller."""
        await self._taken.setdefault(number, asyncio.Event()).wait()

    async def begin(self, number: str) -> None:
        """An agent answered."""
        self._open.add(number)
        self._taken.setdefault(number, asyncio.Event()).set()

    async def end(self, number: str) -> None:
        """The agent has written everything down."""
        async with self._changed:
            self._open.discard(number)
            self._changed.notify_all()

    async def all_written(self) -> None:
        """Wait until no agent has anything left to write."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._open)
