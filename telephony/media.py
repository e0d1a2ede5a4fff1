"""Sound from Asterisk: RTP of all tapped legs on one UDP socket, put in order, as PCM.

Asterisk sends signed linear 16 bit, 8 kHz, big endian, 160 samples a packet. Each tapped leg comes
from a port of its own, by which the legs are told apart.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog

log = structlog.get_logger(__name__)

SAMPLES_PER_SECOND = 8000
_BYTES_PER_SAMPLE = 2
_RECEIVE_BUFFER = 8 * 1024 * 1024
#: Packets read at one go, so that other tasks get their turn.
_READ_AT_ONCE = 500
_HEADER = struct.Struct("!BBHII")
#: How many packets may overtake a late one before it counts as lost.
REORDER_PACKETS = 4
#: So many late packets one after the other are not late: the stream has begun anew.
RESTART_PACKETS = 10
#: A longer jump is a new beginning of the stream, not a loss.
_LONGEST_GAP_SAMPLES = 60 * SAMPLES_PER_SECOND

Sink = Callable[[bytes], None]


@dataclass(frozen=True, kw_only=True)
class Packet:
    """One RTP packet. ``pcm`` is little endian already."""

    sequence: int
    timestamp: int
    pcm: bytes


def parse_rtp(data: bytes) -> Packet | None:
    """Read a packet; None for what is no RTP of version 2 with sound in it."""
    if len(data) <= _HEADER.size or data[0] >> 6 != 2:
        return None
    first, _, sequence, timestamp, _ = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:  # header extension
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - (data[-1] if first & 0x20 else 0)  # padding
    samples = (end - start) // _BYTES_PER_SAMPLE
    if samples <= 0:
        return None
    pcm = array.array("h", data[start : start + samples * _BYTES_PER_SAMPLE])
    if sys.byteorder == "little":
        pcm.byteswap()
    return Packet(sequence=sequence, timestamp=timestamp, pcm=pcm.tobytes())


@dataclass(kw_only=True)
class LegSound:
    """One leg's stream: packets in any order in, whole PCM out."""

    sink: Sink
    #: Packets that never came (silence took their place).
    lost: int = 0
    received: int = 0
    #: Packets that were not mere zeros.
    sounding: int = 0
    late: int = 0
    #: Samples handed on, silence for lost ones among them.
    samples: int = 0
    _next_sequence: int | None = None
    _late_in_a_row: int = 0
    _next_timestamp: int = 0
    _early: dict[int, Packet] = field(default_factory=dict)

    def take(self, packet: Packet) -> None:
        """A packet arrived."""
        self.received += 1
        self.sounding += bool(packet.pcm.strip(b"\0"))
        if self._next_sequence is None:
            self._next_sequence, self._next_timestamp = packet.sequence, packet.timestamp
        ahead = (packet.sequence - self._next_sequence) & 0xFFFF
        if ahead == 0:
            self._give(packet)
            self._give_early()
        elif ahead < 0x8000:
            self._early[packet.sequence] = packet
            if len(self._early) > REORDER_PACKETS:
                self._skip_gap()
        else:
            self._take_late(packet)

    def _take_late(self, packet: Packet) -> None:
        """It came twice, or after silence has taken its place; or the numbers begin anew."""
        self.late += 1
        self._late_in_a_row += 1
        if self._late_in_a_row > RESTART_PACKETS:
            self.finish()
            self._next_sequence, self._next_timestamp = packet.sequence, packet.timestamp
            self._give(packet)

    def counted(self) -> dict[str, float]:
        """Seconds handed on, and packets that came, never came, or came too late or twice."""
        return {
            "seconds": self.samples / SAMPLES_PER_SECOND,
            "received": self.received,
            "lost": self.lost,
            "late": self.late,
        }

    def finish(self) -> None:
        """No more will come: give what still waits for a lost one."""
        while self._early:
            self._skip_gap()

    def _skip_gap(self) -> None:
        assert self._next_sequence is not None
        start = self._next_sequence
        first = min(self._early, key=lambda number: (number - start) & 0xFFFF)
        self.lost += (first - start) & 0xFFFF
        self._next_sequence = first
        self._give_early()

    def _give_early(self) -> None:
        while (packet := self._early.pop(self._next_sequence or 0, None)) is not None:
            self._give(packet)

    def _give(self, packet: Packet) -> None:
        """Hand on; where time has passed without packets, silence keeps the place."""
        gap = (packet.timestamp - self._next_timestamp) & 0xFFFFFFFF
        if 0 < gap <= _LONGEST_GAP_SAMPLES:
            self.sink(bytes(gap * _BYTES_PER_SAMPLE))
            self.samples += gap
        self.sink(packet.pcm)
        self._next_sequence = (packet.sequence + 1) & 0xFFFF
        self._late_in_a_row = 0
        samples = len(packet.pcm) // _BYTES_PER_SAMPLE
        self.samples += samples
        self._next_timestamp = (packet.timestamp + samples) & 0xFFFFFFFF


class MediaReceiver:
    """The UDP socket. Start inside the event loop."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._socket: socket.socket | None = None
        self._legs: dict[int, LegSound] = {}
        #: Packets that belong to no leg (of a tap that was just closed, or a stranger's).
        self.strays = 0

    @property
    def address(self) -> str:
        """``host:port`` that Asterisk sends to."""
        assert self._socket is not None
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    async def start(self) -> None:
        """Open the socket."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        _enlarge_buffer(self._socket)
        self._socket.bind((self._host, 0))
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    async def stop(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def attach(self, port: int, sink: Sink) -> LegSound:
        """Give the sound that comes from ``port`` to ``sink``."""
        leg = LegSound(sink=sink)
        self._legs[port] = leg
        return leg

    @property
    def attached(self) -> tuple[int, ...]:
        """Source ports of the legs that are taken now."""
        return tuple(self._legs)

    def detach(self, port: int) -> None:
        """No more from this port."""
        leg = self._legs.pop(port, None)
        if leg is not None:
            leg.finish()

    def _read(self) -> None:
        assert self._socket is not None
        for _ in range(_READ_AT_ONCE):
            try:
                data, (_, port) = self._socket.recvfrom(2048)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                log.warning("media.receive_failed", error=str(error))
                return
            self._receive(port, data)

    def _receive(self, port: int, data: bytes) -> None:
        leg = self._legs.get(port)
        packet = parse_rtp(data)
        if leg is None or packet is None:
            self.strays += 1
            return
        leg.take(packet)


def local_address_towards(url: str) -> str:
    """Our own address as the Asterisk at ``url`` can reach it."""
    host = urlsplit(url).hostname or "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))  # sends nothing; only asks for the way
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def _enlarge_buffer(receiver: socket.socket) -> None:
    """Bursts overflow the default buffer. FORCE goes beyond the machine's limit, for root only."""
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    force = getattr(socket, "SO_RCVBUFFORCE", 33)  # Linux
    with contextlib.suppress(OSError):
        receiver.setsockopt(socket.SOL_SOCKET, force, _RECEIVE_BUFFER)
