"""The tests' own telephone: what it does before anybody has been heard."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

from tests.support.rtp import Voice
from tests.support.tones import tone_ulaw

pytestmark = pytest.mark.unit


class Exchange(asyncio.DatagramProtocol):
    """The other end: keeps what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.told.put_nowait(data)


async def test_whoever_is_told_something_else_before_hearing_anybody_says_that(
    tmp_path: Path,
) -> None:
    other = tmp_path / "other.ulaw"
    other.write_bytes(b"\x11" * 1600)
    loop = asyncio.get_running_loop()
    async with await Voice.open() as voice:
        voice.say(tone_ulaw(700))
        await asyncio.sleep(0)  # it has begun to wait for the first sound
        voice.say(other)
        line, exchange = await loop.create_datagram_endpoint(
            Exchange, remote_addr=("127.0.0.1", voice.port)
        )
        try:
            line.sendto(struct.pack("!BBHII", 0x80, 0, 1, 160, 7) + b"\xff" * 160)
            async with asyncio.timeout(10):
                packet = await exchange.told.get()
        finally:
            line.close()
    assert packet[12:] == b"\x11" * 160
