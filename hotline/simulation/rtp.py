"""The ear and the mouth of a software phone: G.711 µ-law over RTP on a UDP port.

SIPp sets the call up; this sends what the person says and keeps what they hear, so that one
can measure it.
"""

from __future__ import annotations

import asyncio
import struct
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FRAME_BYTES = 160
_FRAME_SECONDS = 0.02
_HEADER_BYTES = 12
_PCMU = 0
_KEYS = "0123456789*#ABCD"
#: Payload type of keys (RFC 4733) in our scenarios' SDP.
_TELEPHONE_EVENT = 101
#: A key is held down for so many packets; its end is said three times, as any may be lost.
_KEY_PACKETS, _KEY_ENDS = 5, 3
_KEY_PAUSE_SECONDS = 0.08
_SAMPLES_PER_SECOND = 8000
_SILENCE = b"\xff" * _FRAME_BYTES


class Voice(asyncio.DatagramProtocol):
    """One phone's sound. Open with :meth:`open`; give :attr:`port` to the SIPp scenario.

    It answers to where sound comes from, so it speaks once the first packet has been heard.
    """

    def __init__(self) -> None:
        self._heard: list[bytes] = []
        self._spoken: asyncio.Task[None] | None = None
        self._sent = 0
        self._said_all = asyncio.Event()
        self._peer: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls) -> Voice:
        """A voice on a free port of 127.0.0.1."""
        loop = asyncio.get_running_loop()
        transport, voice = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        voice._transport = transport
        return voice

    async def __aenter__(self) -> Voice:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._spoken:
            self._spoken.cancel()
        self._opened.close()

    @property
    def port(self) -> int:
        """The UDP port of this phone's sound."""
        port: int = self._opened.get_extra_info("sockname")[1]
        return port

    @property
    def _opened(self) -> asyncio.DatagramTransport:
        assert self._transport is not None
        return self._transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Keep the sound (not RTCP, whose packet types overlap payload types above 72)."""
        if len(data) > _HEADER_BYTES and data[1] & 0x7F == _PCMU:
            self._heard.append(data[_HEADER_BYTES:])
            if not self._peer.done():
                self._peer.set_result(addr)

    def say(self, ulaw: Path) -> None:
        """Speak a file of raw µ-law once, then stay on the line silently; ends earlier speech."""
        if self._spoken:
            self._spoken.cancel()
        self._said_all.clear()
        self._spoken = asyncio.create_task(self._speak(ulaw.read_bytes()))

    async def press(self, digits: str) -> None:
        """Press keys one after another, as a phone does: RFC 4733 beside the voice."""
        peer = await self._peer
        for digit in digits:
            time = (self._sent + 1) * _FRAME_BYTES
            for step in range(1, _KEY_PACKETS + _KEY_ENDS + 1):
                duration = min(step, _KEY_PACKETS) * _FRAME_BYTES
                ends = 0x80 if step > _KEY_PACKETS else 0
                event = struct.pack("!BBH", _KEYS.index(digit), ends | 10, duration)
                kind = _TELEPHONE_EVENT | (0x80 if step == 1 else 0)
                self._opened.sendto(self._header(kind, time) + event, peer)
                await asyncio.sleep(_FRAME_SECONDS)
            await asyncio.sleep(_KEY_PAUSE_SECONDS)

    def heard(self) -> NDArray[np.float64]:
        """Everything heard so far, 8000 values a second, between -1 and 1."""
        return _decoded(b"".join(self._heard))

    def heard_seconds(self, louder_than: float = 0.02) -> float:
        """For how long something could be heard, counted in pieces of 20 ms."""
        samples = self.heard()
        pieces = samples[: len(samples) // _FRAME_BYTES * _FRAME_BYTES].reshape(-1, _FRAME_BYTES)
        loud = np.sqrt((pieces**2).mean(axis=1)) > louder_than
        return float(loud.sum() * _FRAME_SECONDS)

    async def hears(self, seconds: float, within: float = 10.0) -> bool:
        """Wait until so many seconds of sound have been heard in all."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while self.heard_seconds() < seconds:
            if loop.time() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    async def hears_silence(self, seconds: float, within: float = 10.0) -> bool:
        """Wait until nothing has been heard for so long (after something was)."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        heard, since = self.heard_seconds(), loop.time()
        while loop.time() - since < seconds:
            if loop.time() > deadline:
                return False
            await asyncio.sleep(0.05)
            if self.heard_seconds() > heard:
                heard, since = self.heard_seconds(), loop.time()
        return True

    async def has_spoken(self) -> None:
        """Wait until everything given to :meth:`say` has been said."""
        await self._said_all.wait()

    def forget(self) -> None:
        """Start listening anew."""
        self._heard.clear()

    def save(self, path: Path) -> None:
        """Write what was heard as WAV, to listen to when something sounds wrong."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_SAMPLES_PER_SECOND)
            file.writeframes((self.heard() * 32767).astype("<i2").tobytes())

    async def _speak(self, sound: bytes) -> None:
        peer = await self._peer
        loop = asyncio.get_running_loop()
        start = loop.time()
        number = 0
        while True:
            frame = sound[number * _FRAME_BYTES :][:_FRAME_BYTES].ljust(_FRAME_BYTES, b"\xff")
            self._opened.sendto(self._header() + (frame or _SILENCE), peer)
            number += 1
            if number * _FRAME_BYTES > len(sound):
                self._said_all.set()
            await asyncio.sleep(max(0.0, start + number * _FRAME_SECONDS - loop.time()))

    def _header(self, kind: int = _PCMU, time: int | None = None) -> bytes:
        """The next packet's; one stream from the first word to the last, as a phone sends it."""
        self._sent += 1
        number = self._sent & 0xFFFF
        time = (self._sent * _FRAME_BYTES if time is None else time) & 0xFFFFFFFF
        return struct.pack("!BBHII", 0x80, kind, number, time, id(self) & 0xFFFFFFFF)


def _decoded(ulaw: bytes) -> NDArray[np.float64]:
    """G.711 µ-law to linear, after ITU-T G.711."""
    code = ~np.frombuffer(ulaw, dtype=np.uint8)
    exponent = (code >> 4 & 0x07).astype(np.int32)
    mantissa = (code & 0x0F).astype(np.int32)
    size = ((mantissa << 3) + 0x84 << exponent) - 0x84
    return np.where(code & 0x80, -size, size) / 32768.0
