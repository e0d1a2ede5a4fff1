"""The phones' way to Asterisk. Asterisk is stood in for by an echoing websocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestServer

from agent_console.seats import SEAT_TAKEN
from agent_console.sip_proxy import MAX_MESSAGE, upstream_url
from config.settings import AsteriskSettings
from models.ids import new_id
from tests.console.browser import Browser
from tests.console.house import House
from tests.console.test_seats import sits_down

pytestmark = pytest.mark.store

REGISTER = "REGISTER sip:hotline SIP/2.0\r\nTo: <sip:1001@hotline>\r\n\r\n"
PATIENCE_S = 60.0


class EchoExchange:
    """A stand-in for Asterisk's SIP websocket: says back what it is told, hangs up on BYE."""

    def __init__(self) -> None:
        self.protocols: list[str | None] = []
        self.closed = asyncio.Event()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        phone = web.WebSocketResponse(protocols=("sip",))
        await phone.prepare(request)
        self.protocols.append(phone.ws_protocol)
        async for message in phone:
            if message.data.startswith("BYE"):
                break
            await phone.send_str("heard " + message.data)
        await phone.close()
        self.closed.set()
        return phone


@pytest.fixture
async def exchange(house: House) -> AsyncIterator[EchoExchange]:
    echo = EchoExchange()
    app = web.Application()
    app.router.add_get("/ws", echo.serve)
    server = TestServer(app)
    await server.start_server()
    house.services.settings.asterisk.http_port = server.port or 0
    yield echo
    await server.close()


@asynccontextmanager
async def phone_of(
    browser: Browser,
    origin: str | None = "own",
    protocols: tuple[str, ...] = ("sip",),
    path: str = "/sip",
) -> AsyncIterator[ClientWebSocketResponse]:
    """A websocket as JsSIP opens one."""
    own = browser.origin if origin == "own" else origin
    headers = {"Origin": own} if own else {}
    async with (
        browser.session() as session,
        session.ws_connect(path, protocols=protocols, headers=headers) as socket,
    ):
        yield socket


async def refusal(browser: Browser, **kwargs: object) -> int:
    with pytest.raises(WSServerHandshakeError) as refused:
        async with phone_of(browser, **kwargs):  # type: ignore[arg-type]  # as given
            pass
    return refused.value.status


async def test_sip_goes_both_ways(house: House, exchange: EchoExchange) -> None:
    async with phone_of(await house.signed_in("agent")) as phone:
        assert phone.protocol == "sip"
        await phone.send_str(REGISTER)
        assert await phone.receive_str(timeout=PATIENCE_S) == "heard " + REGISTER
    assert exchange.protocols == ["sip"]
    async with asyncio.timeout(PATIENCE_S):
        await exchange.closed.wait()


async def test_when_the_exchange_hangs_up_the_phone_is_told(
    house: House, exchange: EchoExchange
) -> None:
    async with phone_of(await house.signed_in("agent")) as phone:
        await phone.send_str("BYE")
        last = await phone.receive(timeout=PATIENCE_S)
        assert last.type is WSMsgType.CLOSE
        assert phone.close_code == 1001


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_only_our_own_pages_get_through(
    house: House, exchange: EchoExchange, origin: str | None
) -> None:
    assert await refusal(await house.signed_in("agent"), origin=origin) == 403
    assert exchange.protocols == []


async def test_nobody_without_session_or_pass_gets_through(
    house: House, exchange: EchoExchange
) -> None:
    assert await refusal(house.browser()) == 401
    stranger = house.browser()
    for forged in ("1.2", "99999999999.abc", "x.y", "９９.é", ""):
        stranger.cookies["hotline_practice"] = forged
        assert await refusal(stranger) == 401
    assert exchange.protocols == []


async def test_people_without_a_seat_have_no_phone(house: House, exchange: EchoExchange) -> None:
    assert await refusal(await house.signed_in("clerk")) == 403
    assert exchange.protocols == []


async def test_another_subprotocol_is_refused(house: House, exchange: EchoExchange) -> None:
    agent = await house.signed_in("agent")
    assert await refusal(agent, protocols=("chat",)) == 403
    assert await refusal(agent, protocols=()) == 403


async def test_binary_and_oversized_frames_end_the_connection(
    house: House, exchange: EchoExchange
) -> None:
    agent = await house.signed_in("agent")
    async with phone_of(agent) as phone:
        await phone.send_bytes(b"\0\1")
        await phone.receive(timeout=PATIENCE_S)
        assert phone.close_code == 1003
    async with phone_of(agent) as phone:
        await phone.send_str("x" * (MAX_MESSAGE + 1))
        await phone.receive(timeout=PATIENCE_S)
        assert phone.close_code == 1009


async def test_without_an_exchange_the_phone_reads_that_it_is_away(house: House) -> None:
    house.services.settings.asterisk.http_port = 1
    assert await refusal(await house.signed_in("agent")) == 503


async def test_the_server_stops_in_spite_of_open_phones(
    house: House, exchange: EchoExchange
) -> None:
    async with phone_of(await house.signed_in("agent")) as phone:
        await phone.send_str("hello")
        await phone.receive_str(timeout=PATIENCE_S)
        await house.server.app.shutdown()
        last = await phone.receive(timeout=PATIENCE_S)
        assert last.type is WSMsgType.CLOSE and phone.close_code == 1001


async def test_a_practice_phone_opens_the_way_for_a_while(
    house: House, exchange: EchoExchange
) -> None:
    citizen = house.browser()
    phones = (await citizen.get("/api/practice/phones")).body
    assert phones == [{"number": "13800000001"}, {"number": "13800000002"}]
    given = await citizen.post(f"/api/practice/phones/{phones[0]['number']}")
    assert given.body["hotline_number"] == "12345"
    assert given.body["account"]["password"]
    cookie = given.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/sip" in cookie

    async with phone_of(citizen) as phone:
        await phone.send_str("INVITE")
        assert await phone.receive_str(timeout=PATIENCE_S) == "heard INVITE"
    # The pass is for the phone only.
    assert (await citizen.get("/api/floor")).status == 401
    house.clock.advance(timedelta(hours=2))
    assert await refusal(citizen) == 401


async def test_practice_phones_that_are_switched_off_open_nothing(
    house: House, exchange: EchoExchange
) -> None:
    citizen = house.browser()
    await citizen.post("/api/practice/phones/13800000001")
    house.services.settings.telephony.practice_phones.clear()
    assert (await citizen.get("/api/practice/phones")).body == []
    assert (await citizen.post("/api/practice/phones/13800000001")).status == 404
    assert await refusal(citizen) == 401


def test_the_exchange_is_our_own_or_the_one_of_the_settings() -> None:
    assert upstream_url(AsteriskSettings()) == "ws://127.0.0.1:18088/ws"
    theirs = "wss://pbx.example:8089/ws"
    assert upstream_url(AsteriskSettings(sip_ws_url=theirs)) == theirs


async def test_a_later_page_takes_the_telephone(house: House, exchange: EchoExchange) -> None:
    first, second = await house.signed_in("agent"), await house.signed_in("agent")
    _, way = await sits_down(first)
    async with phone_of(first, path=way) as phone:
        await phone.send_str("REGISTER")
        assert await phone.receive_str(timeout=PATIENCE_S) == "heard REGISTER"
        ticket, later_way = await sits_down(second)
        async with phone_of(second, path=later_way) as later:
            last = await phone.receive(timeout=PATIENCE_S)
            assert (last.type, last.data) == (WSMsgType.CLOSE, SEAT_TAKEN)
            assert await refusal(first, path=way) == 409
            assert (await first.get("/api/agent")).body["seat"] == ticket
            await later.send_str("REGISTER")
            assert await later.receive_str(timeout=PATIENCE_S) == "heard REGISTER"


async def test_a_made_up_ticket_opens_no_phone(house: House, exchange: EchoExchange) -> None:
    agent = await house.signed_in("agent")
    for ticket in ("x", "z" * 26):
        assert await refusal(agent, path=f"/sip?seat={ticket}") == 409
    assert await refusal(house.browser(), path=f"/sip?seat={new_id()}") == 401
