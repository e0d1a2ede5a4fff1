"""The ear and the mouth of a software phone: G.711 µ-law over RTP on a UDP port.

SIPp sets the call up; this sends what the person says and keeps what they hear, so that one
can measure it.
"""

from __future__ import annotations

import asyncio
import struct
import wave
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FRAME_BYTES = 160
_FRAME_SECONDS = 0.02
#: A phone that is later than this (a busy machine) goes on later: what it owes, sent at once, is
#: more than Asterisk's small queues hold.
_LATE_SECONDS = 0.06
_HEADER_BYTES = 12
_PCMU = 0
_COMFORT_NOISE = 13
#: Loudness of the noise in a comfort noise packet: 60 dB below the loudest.
_NOISE_LEVEL = b"\x3c"
_KEYS = "0123456789*#ABCD"
#: Payload type of keys (RFC 4733) in our scenarios' SDP.
_TELEPHONE_EVENT = 101
#: A key is held down for so many packets; its end is said three times, as any may be lost.
_KEY_PACKETS, _KEY_ENDS = 5, 3
_KEY_PAUSE_SECONDS = 0.08
_SAMPLES_PER_SECOND = 8000
#: Softer than this, between 0 and 1, voice activity detection takes for silence.
_QUIET = 0.005
_SILENCE = b"\xff" * _FRAME_BYTES


@dataclass(kw_only=True)
class Numbering:
    """What a phone writes into its packets' headers; changed when it starts anew."""

    sequence: int = 1
    timestamp: int = _FRAME_BYTES
    source: int = 0
    #: Payload type of what is said. 8: the same bytes are taken for A-law, and heard distorted.
    speech: int = _PCMU

    def header(self, payload: int | None = None, began: int | None = None) -> bytes:
        """Of the next packet. ``began``: the time of what it goes on with."""
        kind = self.speech if payload is None else payload
        time = self.timestamp if began is None else began
        return struct.pack("!BBHII", 0x80, kind, self.sequence, time, self.source)

    def sent(self) -> None:
        """One packet more."""
        self.sequence = self.sequence + 1 & 0xFFFF

    def passed(self) -> None:
        """Twenty milliseconds more."""
        self.timestamp = self.timestamp + _FRAME_BYTES & 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a phone sends what is said, in packets of 20 ms counted from 0."""

    #: Done before the packet of this number is made.
    before: Mapping[int, Callable[[Numbering], None]] = field(default_factory=dict)
    #: Packets that get lost on the way.
    lost: Collection[int] = ()
    #: Packets that the next one overtakes.
    overtaken: Collection[int] = ()
    #: Packets that the network holds back, and delivers at once with the next one that is not.
    held_up: Collection[int] = ()
    #: In silence, one packet of comfort noise and then nothing, as voice activity detection does.
    silence_suppression: bool = False


class Voice(asyncio.DatagramProtocol):
    """One phone's sound. Open with :meth:`open`; give :attr:`port` to the SIPp scenario.

    It answers to where sound comes from, so it speaks once the first packet has been heard.
    """

    def __init__(self) -> None:
        self._heard: list[bytes] = []
        self._spoken: asyncio.Task[None] | None = None
        self._numbering = Numbering(source=id(self) & 0xFFFFFFFF)
        self._held_back: list[bytes] = []
        self._silent = False
        #: Keys that the other side has pressed.
        self.keys_heard = ""
        self._last_key: int | None = None
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
        elif len(data) > _HEADER_BYTES and data[1] & 0x7F == _TELEPHONE_EVENT:
            self._key_heard(data)

    def _key_heard(self, data: bytes) -> None:
        """A key is told in many packets of one timestamp."""
        timestamp = int.from_bytes(data[4:8], "big")
        if timestamp != self._last_key:
            self._last_key = timestamp
            self.keys_heard += _KEYS[data[_HEADER_BYTES] & 0x0F]

    def say(self, ulaw: Path, manner: Manner | None = None) -> None:
        """Speak a file of raw µ-law once, then stay on the line silently; ends earlier speech."""
        if self._spoken:
            self._spoken.cancel()
        self._said_all.clear()
        speech = self._speak(ulaw.read_bytes(), manner or Manner())
        self._spoken = asyncio.create_task(speech)

    async def press(self, digits: str) -> None:
        """Press keys one after another, as a phone does: RFC 4733 beside the voice."""
        peer = await asyncio.shield(self._peer)  # who stops waiting does not end it for others
        for digit in digits:
            began = self._numbering.timestamp
            for step in range(1, _KEY_PACKETS + _KEY_ENDS + 1):
                held = min(step, _KEY_PACKETS) * _FRAME_BYTES
                end_and_volume = (0x80 if step > _KEY_PACKETS else 0) | 10
                event = struct.pack("!BBH", _KEYS.index(digit), end_and_volume, held)
                kind = _TELEPHONE_EVENT | (0x80 if step == 1 else 0)
                self._opened.sendto(self._numbering.header(kind, began) + event, peer)
                self._numbering.sent()
                if self._spoken is None:
                    self._numbering.passed()
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

    async def hears_keys(self, digits: str, within: float = 10.0) -> bool:
        """Wait until these keys, and no others, have been pressed at the other side."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while self.keys_heard != digits:
            if loop.time() > deadline:
                return False
            await asyncio.sleep(0.05)
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

    async def _speak(self, sound: bytes, manner: Manner) -> None:
        peer = await asyncio.shield(self._peer)  # who stops waiting does not end it for others
        loop = asyncio.get_running_loop()
        start = loop.time()
        number = 0
        while True:
            at = number * _FRAME_BYTES
            frame = sound[at : at + _FRAME_BYTES].ljust(_FRAME_BYTES, b"\xff")
            manner.before.get(number, _nothing)(self._numbering)
            self._send(frame, number, manner, peer)
            self._numbering.passed()
            number += 1
            if number * _FRAME_BYTES > len(sound):
                self._said_all.set()
            late = loop.time() - start - number * _FRAME_SECONDS
            if late > _LATE_SECONDS:
                start += late
            await asyncio.sleep(max(0.0, -late))

    def _send(self, frame: bytes, number: int, manner: Manner, peer: tuple[str, int]) -> None:
        packet = self._packet(frame, manner.silence_suppression)
        if packet is None:
            return
        self._numbering.sent()
        if number in manner.lost:
            return
        if number in manner.held_up or number in manner.overtaken:
            self._held_back.append(packet)
            return
        overtakes = number - 1 in manner.overtaken
        ready = [packet, *self._held_back] if overtakes else [*self._held_back, packet]
        self._held_back.clear()
        for one in ready:
            self._opened.sendto(one, peer)

    def _packet(self, frame: bytes, silence_suppression: bool) -> bytes | None:
        """None where a phone that saves silence sends nothing."""
        was_silent, self._silent = self._silent, silence_suppression and _quiet(frame)
        if not self._silent:
            return self._numbering.header() + frame
        return None if was_silent else self._numbering.header(_COMFORT_NOISE) + _NOISE_LEVEL


def _nothing(_: Numbering) -> None:
    """The ordinary packet."""


def _quiet(frame: bytes) -> bool:
    return bool(np.abs(_decoded(frame)).max() < _QUIET)


def _decoded(ulaw: bytes) -> NDArray[np.float64]:
    """G.711 µ-law to linear, after ITU-T G.711."""
    code = ~np.frombuffer(ulaw, dtype=np.uint8)
    exponent = (code >> 4 & 0x07).astype(np.int32)
    mantissa = (code & 0x0F).astype(np.int32)
    size = ((mantissa << 3) + 0x84 << exponent) - 0x84
    return np.where(code & 0x80, -size, size) / 32768.0
