"""The live stream as server-sent events."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from agent_console.identity import person_of, token_of
from agent_console.live import Connection
from agent_console.routing import Ask, Routes

routes = Routes("实时")

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    # nginx would else collect the stream before passing it on.
    "X-Accel-Buffering": "no",
}
#: How long a browser waits before it reconnects, milliseconds.
RETRY = "retry: 2000\n"


@routes.route("GET", "/api/live", summary="实时事件流（SSE）", produces="text/event-stream")
async def listen(ask: Ask) -> web.StreamResponse:
    """Begins with ``hello {resumed}``. Event names are those of the domain events.

    With ``Last-Event-ID`` missed events follow; ``resumed: false`` says that they are not known any
    more and everything must be read anew. ``resync`` says the same in mid-stream.
    """
    token = token_of(ask.request)
    resumption = ask.console.live.connect(
        ask.person, token, ask.request.headers.get("Last-Event-ID", "")
    )
    response = web.StreamResponse(headers=HEADERS)
    try:
        await response.prepare(ask.request)
        hello = json.dumps({"resumed": resumption.resumed})
        await _write(response, f"{RETRY}event: hello\ndata: {hello}\n\n")
        await _stream(ask, resumption.connection, response)
    except ConnectionError:
        pass
    finally:
        ask.console.live.disconnect(resumption.connection)
    return response


async def _stream(ask: Ask, connection: Connection, response: web.StreamResponse) -> None:
    loop, seconds = asyncio.get_running_loop(), ask.console.services.heartbeat_seconds
    checked = loop.time()
    while not connection.closed:
        texts = await connection.next(seconds)
        if loop.time() - checked >= seconds:
            if not await _still_signed_in(ask, connection):
                return
            checked = loop.time()
        if connection.lost:
            await _write(response, "event: resync\ndata: {}\n\n")
            return
        if texts:
            await _write(response, "".join(texts))
        elif connection.idle:
            await _write(response, f": heartbeat\nid: {ask.console.live.latest_id}\n\n")


async def _still_signed_in(ask: Ask, connection: Connection) -> bool:
    return await person_of(ask.console, connection.token, ask.address) is not None


async def _write(response: web.StreamResponse, text: str) -> None:
    await response.write(text.encode())
