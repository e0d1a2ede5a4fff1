"""A network cable between a browser and the hotline, which can be pulled out and put in again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

_PIECE = 64 * 1024


class Cable:
    """Carries every TCP connection to ``far``: pages, live events, the telephone's websocket."""

    def __init__(self, far: str) -> None:
        self._far = urlsplit(far)
        self._in = True
        self._ends: set[asyncio.StreamWriter] = set()
        #: What the browser is given in place of the hotline's address.
        self.url = ""

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[Cable]:
        """Until the end of the block."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self.pull()

    def pull(self) -> None:
        """Everything breaks off, and nothing connects until :meth:`put_in`."""
        self._in = False
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def put_in(self) -> None:
        """The way is free again."""
        self._in = True

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._in:
            writer.transport.abort()
            return
        there = await asyncio.open_connection(self._far.hostname, self._far.port)
        ends = {writer, there[1]}
        self._ends |= ends
        await asyncio.gather(_carry(reader, there[1]), _carry(there[0], writer))
        self._ends -= ends


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(_PIECE):
            target.write(piece)
            await target.drain()
    target.close()
