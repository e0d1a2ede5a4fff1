"""Events from Asterisk: one websocket, found again by itself after every break.

The reader only enqueues. Events are handed on in order by a second task, which first calls
``on_connect`` after each connect: what happened meanwhile was told to nobody, so the present state
must be asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import aiohttp
import structlog

from telephony.ari.errors import ARIError
from telephony.ari.events import ApplicationReplaced, Event, parse_event
from telephony.ari.rest import HttpRequests

log = structlog.get_logger(__name__)

#: Seconds between pings; a socket without an answer for half of it again is given up.
HEARTBEAT_SECONDS = 10.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
#: Another process took our events: do not fight over them in a tight loop.
_REPLACED_PAUSE = 5.0

#: A websocket whose text messages are decoded.
ClientSocket = aiohttp.ClientWebSocketResponse[bool]
EventHandler = Callable[[Event], None]
Hook = Callable[[], Awaitable[None]]


class EventStream:
    """The events of one application.

    ``on_event`` is called in order and must not block; ``on_connect`` is awaited after each
    (re)connect, before the first event of the new socket; ``on_disconnect`` after each break.
    """

    def __init__(
        self,
        requests: HttpRequests,
        app: str,
        *,
        on_event: EventHandler,
        on_connect: Hook,
        on_disconnect: Callable[[], None],
    ) -> None:
        self._requests = requests
        self._app = app
        self._on_event = on_event
        self._on_connect = on_connect
        self._on_disconnect = on_disconnect
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether events arrive now."""
        return self._connected.is_set()

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._task = asyncio.create_task(self._run(), name="ari-events")

    async def wait_connected(self) -> None:
        """Until connected and ``on_connect`` is through."""
        await self._connected.wait()

    async def stop(self) -> None:
        """Close the socket."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            replaced = False
            try:
                async with self._connect() as socket:
                    pause = _FIRST_PAUSE
                    replaced = await self._serve(socket)
            except (aiohttp.ClientError, TimeoutError, ARIError, OSError) as error:
                log.warning("ari.connection_failed", error=str(error) or repr(error))
            finally:
                self._lost()
            pause = _REPLACED_PAUSE if replaced else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))

    def _connect(self) -> aiohttp.client._WSRequestContextManager:
        return self._requests.session.ws_connect(
            f"{self._requests.url}/events",
            params={"app": self._app, "subscribeAll": "false"},
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=0,
        )

    async def _serve(self, socket: ClientSocket) -> bool:
        """Until the socket breaks. True when another process has taken our place."""
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        reader = asyncio.create_task(_read(socket, events), name="ari-reader")
        try:
            await self._on_connect()
            self._connected.set()
            log.info("ari.connected", app=self._app)
            while (event := await events.get()) is not None:
                self._hand_on(event)
                if isinstance(event, ApplicationReplaced):
                    return True
            return False
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    def _hand_on(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("ari.event_failed", event_type=event.type)

    def _lost(self) -> None:
        if self._connected.is_set():
            self._connected.clear()
            log.warning("ari.disconnected", app=self._app)
            self._on_disconnect()


async def _read(socket: ClientSocket, events: asyncio.Queue[Event | None]) -> None:
    try:
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                events.put_nowait(parse_event(message.data))
    finally:
        events.put_nowait(None)
