"""RTP in any order becomes whole sound, with silence where something never came."""

from __future__ import annotations

import random
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media import (
    RESTART_PACKETS,
    LegSound,
    MediaReceiver,
    Packet,
    local_address_towards,
    parse_rtp,
)
from tests.telephony.floor import until

pytestmark = pytest.mark.unit

SAMPLES = 160


def packet(number: int, *, start: int = 65500, timestamp: int = 4294960000) -> Packet:
    """The nth packet of a stream; its samples hold its number. Both counters overflow soon."""
    return Packet(
        sequence=(start + number) & 0xFFFF,
        timestamp=(timestamp + number * SAMPLES) & 0xFFFFFFFF,
        pcm=struct.pack("<h", number + 1) * SAMPLES,
    )


def heard(pcm: bytes) -> list[int]:
    """Number of each packet in the sound, from 1; 0 is silence."""
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    assert all(samples[i] == samples[i - i % SAMPLES] for i in range(len(samples)))
    return list(samples[::SAMPLES])


def play(numbers: list[int]) -> tuple[list[int], LegSound]:
    sound = bytearray()
    leg = LegSound(sink=sound.extend)
    for number in numbers:
        leg.take(packet(number))
    leg.finish()
    return heard(bytes(sound)), leg


def test_in_order() -> None:
    sound, leg = play(list(range(100)))
    assert sound == list(range(1, 101))
    assert (leg.received, leg.lost, leg.late) == (100, 0, 0)


@given(st.integers(0, 2**31), st.integers(2, 80))
def test_a_few_that_overtake_change_nothing(seed: int, count: int) -> None:
    chance = random.Random(seed)
    numbers = list(range(count))
    for place in range(1, count - 2, 3):  # neighbours swap, the first stays the first
        if chance.random() < 0.5:
            numbers[place], numbers[place + 1] = numbers[place + 1], numbers[place]
    sound, leg = play(numbers)
    assert sound == list(range(1, count + 1))
    assert leg.lost == 0


@given(st.sets(st.integers(1, 58), max_size=20))
def test_what_never_came_is_silence_of_the_same_length(missing: set[int]) -> None:
    sound, leg = play([number for number in range(60) if number not in missing])
    assert sound == [0 if number in missing else number + 1 for number in range(60)]
    assert leg.lost == len(missing)


def test_what_comes_twice_or_too_late_is_counted_and_left_out() -> None:
    sound, leg = play([0, 1, 1, 2, 9, 10, 11, 12, 13, 3, 14])
    assert sound == [1, 2, 3, 0, 0, 0, 0, 0, 0, 10, 11, 12, 13, 14, 15]
    assert (leg.lost, leg.late) == (6, 2)


def test_a_stream_that_begins_anew_is_taken_up_after_a_fifth_of_a_second() -> None:
    sound = bytearray()
    leg = LegSound(sink=sound.extend)
    for number in [*range(100), *range(50)]:
        leg.take(packet(number, start=40000) if leg.received < 100 else packet(number, start=30000))
    assert heard(bytes(sound)) == [*range(1, 101), *range(1 + RESTART_PACKETS, 51)]
    assert (leg.received, leg.lost, leg.late) == (150, 0, RESTART_PACKETS + 1)


def test_zeros_are_no_sound() -> None:
    leg = LegSound(sink=bytearray().extend)
    leg.take(Packet(sequence=1, timestamp=160, pcm=bytes(320)))
    leg.take(Packet(sequence=2, timestamp=320, pcm=bytes(318) + b"\1\0"))
    assert (leg.received, leg.sounding) == (2, 1)


def test_time_without_packets_is_silence() -> None:
    sound = bytearray()
    leg = LegSound(sink=sound.extend)
    leg.take(Packet(sequence=1, timestamp=0, pcm=packet(0).pcm))
    leg.take(Packet(sequence=2, timestamp=5 * SAMPLES, pcm=packet(1).pcm))
    assert heard(bytes(sound)) == [1, 0, 0, 0, 0, 2]
    assert leg.lost == 0


def test_reading_a_packet_with_all_that_may_be_in_it() -> None:
    voice = struct.pack(">3h", 1, -2, 300)
    plain = struct.pack("!BBHII", 0x80, 10, 7, 99, 1) + voice
    read = parse_rtp(plain)
    assert read == Packet(sequence=7, timestamp=99, pcm=struct.pack("<3h", 1, -2, 300))
    extended = struct.pack("!BBHII", 0x80 | 0x10 | 0x20 | 1, 10, 7, 99, 1)
    extended += b"CSRC" + b"\xbe\xde\x00\x01EXTN" + voice + b"\0\0\0\x04"
    assert parse_rtp(extended) == read


@given(st.binary(max_size=64))
def test_rubbish_is_no_packet(data: bytes) -> None:
    read = parse_rtp(data)
    assert read is None or len(read.pcm) % 2 == 0


async def test_legs_are_told_apart_by_the_port_they_come_from() -> None:
    receiver = MediaReceiver()
    await receiver.start()
    host, _, port = receiver.address.partition(":")
    sound: dict[str, bytearray] = {"one": bytearray(), "two": bytearray()}
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        for sender, name in ((one, "one"), (two, "two")):
            sender.bind(("127.0.0.1", 0))
            receiver.attach(sender.getsockname()[1], sound[name].extend)
        header = struct.pack("!BBHII", 0x80, 10, 1, 0, 1)
        one.sendto(header + struct.pack(">h", 1), (host, int(port)))
        two.sendto(header + struct.pack(">h", 2), (host, int(port)))
        await until(lambda: bool(sound["one"] and sound["two"]))
        receiver.detach(one.getsockname()[1])
        one.sendto(header + b"\0\1", (host, int(port)))
        await until(lambda: receiver.strays > 0)
    await receiver.stop()
    assert sound == {"one": b"\1\0", "two": b"\2\0"}


def test_our_address_as_the_exchange_sees_it() -> None:
    assert local_address_towards("http://127.0.0.1:18088/ari") == "127.0.0.1"
    assert local_address_towards("http://localhost:18088/ari") == "127.0.0.1"
