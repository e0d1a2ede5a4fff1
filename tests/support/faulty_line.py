"""A faulty line to a real Asterisk: between us and its ARI, for what only a bad network does.

Requests pass through as they are. Events pass through too, but on order each one comes twice, in a
storm of others, among unknown ones and rubbish, or the socket breaks and stays broken for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import WSMsgType, web

_RUBBISH = ("{", "[]", '"words"', '{"type": 7}', '{"no": "type"}')
_UNKNOWN = json.dumps({"type": "ChannelLevitated", "application": "hotline", "height": 3})


class FaultyLine:
    """The line. ``url`` is what the hotline is given in place of the exchange's."""

    def __init__(self, ari_url: str) -> None:
        self._ari_url = ari_url
        self.url = ""
        #: How often each event is sent.
        self.copies = 1
        #: Unknown events and rubbish before each event.
        self.strange = False
        #: Unknown events in a row before each event.
        self.storm = 0
        self.connections = 0
        self._open = asyncio.Event()
        self._open.set()
        self._sockets: list[web.WebSocketResponse] = []

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[FaultyLine]:
        """Until the end of the block."""
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._request)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/ari"
        try:
            async with aiohttp.ClientSession() as self._http:
                yield self
                self._break_off()
        finally:
            await runner.cleanup()

    def cut(self) -> None:
        """The cable is out: nothing passes until :meth:`mend`."""
        self._open.clear()
        self._break_off()

    def mend(self) -> None:
        """The cable is in again."""
        self._open.set()

    def _break_off(self) -> None:
        for socket in self._sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()
        self._sockets.clear()

    async def _request(self, request: web.Request) -> web.StreamResponse:
        self._refuse_when_cut(request)
        async with self._http.request(
            request.method,
            f"{self._ari_url}/{request.match_info['path']}",
            params=request.query,
            data=await request.read(),
            headers=_own_headers(request),
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k in ("Content-Type",)}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    def _refuse_when_cut(self, request: web.Request) -> None:
        if not self._open.is_set():
            assert request.transport is not None
            request.transport.abort()
            raise web.HTTPBadGateway

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self._refuse_when_cut(request)
        near = web.WebSocketResponse()
        async with self._http.ws_connect(
            f"{self._ari_url}/events", params=request.query, headers=_own_headers(request)
        ) as far:
            await near.prepare(request)
            self.connections += 1
            self._sockets.append(near)
            watch = asyncio.create_task(_drain(near, far))
            async for message in far:
                if message.type is not WSMsgType.TEXT or near.closed:
                    break
                with contextlib.suppress(ConnectionError):
                    await self._pass_on(near, message.data)
            watch.cancel()
        return near

    async def _pass_on(self, near: web.WebSocketResponse, event: str) -> None:
        for _ in range(self.storm):
            await near.send_str(_UNKNOWN)
        if self.strange:
            for rubbish in (*_RUBBISH, _UNKNOWN):
                await near.send_str(rubbish)
        for _ in range(self.copies):
            await near.send_str(event)


async def _drain(near: web.WebSocketResponse, far: aiohttp.ClientWebSocketResponse) -> None:
    """The hotline sends nothing; when it is gone, Asterisk must notice."""
    async for _ in near:
        pass
    await far.close()


def _own_headers(request: web.Request) -> dict[str, str]:
    return {k: v for k, v in request.headers.items() if k in ("Authorization", "Content-Type")}
