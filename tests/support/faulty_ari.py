"""An ARI that misbehaves on order: for the faults that a real Asterisk cannot be asked for.

It answers requests like Asterisk and lets a test send any event, cut the socket, fall silent,
answer late or refuse. It plays no sound and knows no phone: everything else is tested on a real
Asterisk.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

START = "2026-11-22T08:00:00.000+0000"


class FaultyARI:
    """The server. ``url`` is what the client is given."""

    def __init__(self) -> None:
        self.url = ""
        #: Channels and bridges that it says it has.
        self.channels: dict[str, dict[str, Any]] = {}
        self.bridges: dict[str, dict[str, Any]] = {}
        self.online = ["1901"]
        #: ``METHOD /path`` of every request, in order.
        self.requests: list[str] = []
        #: Those that were done, as soon as they were.
        self.done: list[str] = []
        #: Part of a request → statuses to answer with, once each.
        self.refusals: dict[str, list[int]] = {}
        #: Seconds before each answer; part of a request → seconds before it is done and answered.
        self.slow = 0.0
        self.late: dict[str, float] = {}
        self.connections = 0
        self._sockets: list[web.WebSocketResponse] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FaultyARI]:
        """Run on a free port."""
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/ari"
        try:
            yield self
        finally:
            await self.cut()
            await runner.cleanup()

    # --- orders ---------------------------------------------------------------------------------

    async def send(self, kind: str, **content: Any) -> None:
        """An event."""
        event = {"type": kind, "application": "hotline", "timestamp": START, **content}
        await self.send_text(json.dumps(event))

    async def send_text(self, text: str) -> None:
        """Anything at all."""
        for socket in self._sockets:
            await socket.send_str(text)

    async def cut(self) -> None:
        """The socket breaks without a word."""
        for socket in self._sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()
        self._sockets.clear()

    async def fall_silent(self) -> None:
        """The socket stays open, but nobody answers a ping any more."""
        for socket in self._sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.pause_reading()  # type: ignore[attr-defined]  # TCP
        self._sockets.clear()

    async def caller(self, channel_id: str = "17000.1", number: str = "13800138000") -> None:
        """A call comes in."""
        self.channels[channel_id] = channel(channel_id, number)
        await self.send("StasisStart", args=["caller"], channel=self.channels[channel_id])

    async def gone(self, channel_id: str, cause: int = 16) -> None:
        """A channel ends."""
        row = self.channels.pop(channel_id, channel(channel_id))
        await self.send("ChannelDestroyed", cause=cause, cause_txt="", channel=row)

    def asked(self, part: str) -> int:
        """How many requests held this."""
        return sum(part in request for request in self.requests)

    # --- the server -----------------------------------------------------------------------------

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        self.connections += 1
        self._sockets.append(socket)
        async for message in socket:
            assert message.type is not WSMsgType.BINARY
        return socket

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        line = f"{request.method} /{path}"
        self.requests.append(line)
        if self.slow:
            await asyncio.sleep(self.slow)
        await asyncio.sleep(max((self.late[part] for part in self.late if part in line), default=0))
        for part, statuses in self.refusals.items():
            if part in line and statuses:
                return web.json_response({"message": "as ordered"}, status=statuses.pop(0))
        self.done.append(line)
        return self._obey(request, path.split("/"))

    def _obey(self, request: web.Request, path: list[str]) -> web.Response:
        match request.method, path:
            case "GET", ["channels"]:
                return web.json_response(list(self.channels.values()))
            case "GET", ["bridges"]:
                return web.json_response(list(self.bridges.values()))
            case "GET", ["endpoints", tech]:
                return web.json_response([endpoint(name, tech) for name in self.online])
            case "GET", ["asterisk", "info"]:
                return web.json_response({"status": {"startup_time": START}})
            case "POST" | "PUT", ["applications", name, _]:
                return web.json_response({"name": name, "channel_ids": []})
            case "DELETE", ["channels", channel_id]:
                found = self.channels.pop(channel_id, None)
                return web.Response(status=204 if found else 404)
            case "POST", ["channels", channel_id, "play", playback_id]:
                row = {"id": playback_id, "target_uri": f"channel:{channel_id}"}
                return web.json_response(row, status=201)
            case "POST", ["channels", "externalMedia"]:
                media_id = request.query["channelId"]
                self.channels[media_id] = channel(media_id)
                return web.json_response(self.channels[media_id])
            case "POST", ["channels", channel_id]:
                self.channels[channel_id] = channel(channel_id)
                return web.json_response(self.channels[channel_id])
            case "POST", ["bridges", bridge_id]:
                self.bridges[bridge_id] = {"id": bridge_id, "channels": []}
                return web.json_response(self.bridges[bridge_id])
            case "DELETE", ["bridges", bridge_id]:
                return web.Response(status=204 if self.bridges.pop(bridge_id, None) else 404)
            case _, ["channels", channel_id, _] if channel_id not in self.channels:
                return web.json_response({"message": "Channel not found"}, status=404)
        return web.Response(status=204)


def channel(channel_id: str, number: str = "") -> dict[str, Any]:
    """A channel as Asterisk tells of it."""
    return {
        "id": channel_id,
        "name": f"PJSIP/trunk-{channel_id}",
        "state": "Ring",
        "caller": {"name": "", "number": number},
        "connected": {"name": "", "number": ""},
        "dialplan": {"context": "incoming", "app_name": "Stasis", "app_data": "hotline,caller"},
        "channelvars": {"RECORDING": "", "DIALLED": "12345"},
        "creationtime": START,
    }


def endpoint(name: str, tech: str = "PJSIP", state: str = "online") -> dict[str, Any]:
    """A phone's account."""
    return {"technology": tech, "resource": name, "state": state, "channel_ids": []}
