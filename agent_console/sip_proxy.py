"""The phones' way to Asterisk: a websocket here, a websocket there, text frames between.

Browsers never reach Asterisk itself. Only our own pages get through (Origin), and only for people
who are signed in or hold a practice phone's pass. Of several pages of one person only the one that
took the seat last (see :mod:`agent_console.seats`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from aiohttp import (
    ClientSession,
    ClientWebSocketResponse,
    TCPConnector,
    WSMsgType,
    client_exceptions,
    web,
)

from agent_console.identity import PERSON
from agent_console.practice_pass import has_pass
from agent_console.security import origin_allowed
from agent_console.services import CONSOLE
from config.settings import AsteriskSettings
from models.errors import Forbidden, NotSignedIn, TelephonyUnavailable

log = structlog.get_logger(__name__)

#: A SIP message with SDP and ICE candidates has some 6 kB.
MAX_MESSAGE = 64 * 1024
PROTOCOL = "sip"
#: Of the address: the page's ticket. Phones that are no page's have none.
SEAT = "seat"
#: Pings keep middle boxes from closing a quiet phone, and find out who is gone.
HEARTBEAT_S = 20.0
CONNECT_S = 5.0
GOING_AWAY = 1001
WRONG_DATA = 1003

Phone = web.WebSocketResponse
OPEN_PHONES: web.AppKey[set[Phone]] = web.AppKey("open_phones", set[Phone])
UPSTREAM: web.AppKey[ClientSession] = web.AppKey("sip_upstream", ClientSession)

Socket = web.WebSocketResponse | ClientWebSocketResponse


def upstream_url(asterisk: AsteriskSettings) -> str:
    """Asterisk's websocket for SIP."""
    return asterisk.sip_ws_url or f"ws://127.0.0.1:{asterisk.http_port}/ws"


async def sip(request: web.Request) -> web.WebSocketResponse:
    """Carry one phone's SIP, until either side ends."""
    _admit(request)
    services = request.app[CONSOLE].services
    async with contextlib.AsyncExitStack() as stack:
        there = await stack.enter_async_context(_Upstream(request, services.settings.asterisk))
        here = web.WebSocketResponse(
            protocols=(PROTOCOL,), max_msg_size=MAX_MESSAGE, heartbeat=HEARTBEAT_S
        )
        await here.prepare(request)
        phones = request.app[OPEN_PHONES]
        phones.add(here)
        stack.callback(phones.discard, here)
        _seat_phone(request, here, stack)
        await _carry(here, there)
    return here


def _admit(request: web.Request) -> None:
    allowed = request.app[CONSOLE].services.settings.web.allowed_origins
    if not origin_allowed(request, allowed):
        raise Forbidden("不接受来自其他网站的电话连接", origin=request.headers.get("Origin", ""))
    if request.query.get(SEAT) or not has_pass(request):
        _admit_person(request)
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if PROTOCOL not in [name.strip().lower() for name in offered.split(",")]:
        raise Forbidden(f"此地址只接受 {PROTOCOL} 子协议的 WebSocket 连接")


def _admit_person(request: web.Request) -> None:
    if PERSON not in request:
        raise NotSignedIn
    person = request[PERSON]
    person.require("call.seat")
    if ticket := request.query.get(SEAT):
        request.app[CONSOLE].seats.refuse_phone(person.staff_id, ticket)


def _seat_phone(request: web.Request, phone: Phone, stack: contextlib.AsyncExitStack) -> None:
    """A page's phone lasts as long as its page has the seat."""
    ticket = request.query.get(SEAT)
    if ticket and PERSON in request:
        agent_id, seats = request[PERSON].staff_id, request.app[CONSOLE].seats
        stack.callback(seats.remove_phone, agent_id, phone)
        seats.add_phone(agent_id, ticket, phone)


class _Upstream:
    """The connection to Asterisk, as a context."""

    def __init__(self, request: web.Request, asterisk: AsteriskSettings) -> None:
        self._client = request.app[UPSTREAM]
        self._url = upstream_url(asterisk)
        self._socket: ClientWebSocketResponse | None = None

    async def __aenter__(self) -> ClientWebSocketResponse:
        try:
            async with asyncio.timeout(CONNECT_S):
                self._socket = await self._client.ws_connect(
                    self._url, protocols=(PROTOCOL,), max_msg_size=MAX_MESSAGE
                )
        except (client_exceptions.ClientError, OSError, TimeoutError) as error:
            log.warning("asterisk's sip websocket does not answer", reason=str(error))
            raise TelephonyUnavailable("电话交换机没有响应，请稍后再试") from error
        return self._socket

    async def __aexit__(self, *_exc: object) -> None:
        if self._socket is not None:
            await self._socket.close()


async def _carry(here: web.WebSocketResponse, there: ClientWebSocketResponse) -> None:
    """Both ways at once; the end of one way is the end of both."""
    ways = [asyncio.create_task(_pump(here, there)), asyncio.create_task(_pump(there, here))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    if not there.closed:
        await there.close()
    if not here.closed:
        await here.close(code=GOING_AWAY, message=b"exchange closed")


async def _pump(source: Socket, target: Socket) -> None:
    async for message in source:
        if message.type is not WSMsgType.TEXT:
            await source.close(code=WRONG_DATA, message=b"text only")
            return
        try:
            await target.send_str(message.data)
        except (ConnectionError, client_exceptions.ClientError):
            return


async def sip_context(app: web.Application) -> AsyncIterator[None]:
    """Hold the client to Asterisk while the app runs."""
    connector = None
    if not app[CONSOLE].services.settings.asterisk.sip_ws_url:
        # The practice trunk is known by 127.0.0.1: browsers must come from elsewhere, or one with
        # an unknown name would pass for it.
        connector = TCPConnector(local_addr=("127.0.0.2", 0))
    async with ClientSession(connector=connector) as client:
        app[UPSTREAM] = client
        yield


async def close_phones(app: web.Application) -> None:
    """The server stops: tell the phones to go, so that they come back to the next one."""
    phones = app[OPEN_PHONES]
    for phone in list(phones):
        await phone.close(code=GOING_AWAY, message=b"server stops")
