"""A simulated phone stays registered for as long as it is held."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.sip_agent import Message, SipAgent
from tests.telephony.floor import until

pytestmark = pytest.mark.unit


class Registrar(asyncio.DatagramProtocol):
    """Registers whoever asks."""

    def __init__(self) -> None:
        #: What each request asked for, in seconds.
        self.asked: list[int] = []
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = Message.read(data)
        self.asked.append(int(request.get("Expires")))
        copied = [
            row for row in request.headers if row[0] in ("Via", "From", "To", "Call-ID", "CSeq")
        ]
        assert self.transport is not None
        self.transport.sendto(Message(first_line="SIP/2.0 200 OK", headers=copied).write(), addr)


async def test_a_phone_renews_its_registration_until_it_takes_it_back() -> None:
    loop = asyncio.get_running_loop()
    registrar = Registrar()
    registrar.transport, _ = await loop.create_datagram_endpoint(
        lambda: registrar, local_addr=("127.0.0.1", 0)
    )
    server = registrar.transport.get_extra_info("sockname")
    async with SipAgent.registered("1901", "secret", server, renew_every=0.05) as phone:
        await until(lambda: len(registrar.asked) >= 3)
        await phone.register(0)
        asked = len(registrar.asked)
        await asyncio.sleep(0.2)
        assert registrar.asked[asked - 1 :] == [0]
    registrar.transport.close()
