"""A reader of server-sent events, as a browser's EventSource is one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse

from tests.console.browser import Browser

#: Longer than any event of a test needs; a stream that stays silent must fail, not hang.
PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One event. ``last_id`` is what the browser would send as Last-Event-ID from now on."""

    name: str
    data: Any
    last_id: str


class Stream:
    """An open stream."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        self.last_id = ""

    @property
    def headers(self) -> Any:
        return self._response.headers

    async def next(self, *names: str) -> Heard:
        """The next event; the next of these names, if any are given."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self._read()
                if not names or event.name in names:
                    return event

    async def ended(self) -> bool:
        """Whether the server ends the stream, whatever it says before that."""
        async with asyncio.timeout(PATIENCE_S):
            while await self._response.content.readline():
                pass
        return True

    async def heartbeat(self) -> None:
        """Wait for a sign of life."""
        async with asyncio.timeout(PATIENCE_S):
            while not (await self._line()).startswith(":"):
                pass
            while line := await self._line():
                self._note_id(line)

    async def _read(self) -> Heard:
        name, data = "message", ""
        while True:
            line = await self._line()
            self._note_id(line)
            if line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data += line[5:].strip()
            elif not line and data:
                return Heard(name=name, data=json.loads(data), last_id=self.last_id)

    def _note_id(self, line: str) -> None:
        if line.startswith("id:"):
            self.last_id = line[3:].strip()

    async def _line(self) -> str:
        raw = await self._response.content.readline()
        assert raw, "the stream ended"
        return raw.decode().rstrip("\n")


@asynccontextmanager
async def listening(browser: Browser, last_id: str = "") -> AsyncIterator[Stream]:
    """Open the live stream, up to and not including its hello."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with browser.session() as session, session.get("/api/live", headers=headers) as response:
        assert response.status == 200
        yield Stream(response)
