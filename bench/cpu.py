"""Processor time of conversations: Asterisk's, our process's and its speech workers'."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Row
from bench.floor import Desk, desk, of_type
from bench.talk import Conversation, conversations
from hotline.simulation.rtp import Voice
from hotline.simulation.sipp import calling
from tests.support.hotline import RunningHotline

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_RING_SECONDS = 60.0
#: The first conversation must not run dry while the last is still being set up.
_BEGIN_SECONDS = 30.0
_WORKER = b"nlp.speech.worker"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Share of one core that each spent, 0–1 and more."""

    asterisk: float
    ours: float
    speech: float


async def measure(
    hotline: RunningHotline, at_once: int, seconds: float, idle_seconds: float
) -> list[Row]:
    """Ready agents without calls first, then as many conversations at once."""
    async with AsyncExitStack() as stack:
        places = [await stack.enter_async_context(desk(hotline, n)) for n in range(at_once)]
        idle = await _spent(hotline, idle_seconds)
        with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
            talks = conversations(Path(folder), at_once, seconds + _BEGIN_SECONDS)
            async with _talking(hotline, places, talks):
                busy = await _spent(hotline, seconds)
    return _rows(idle, busy, at_once)


@asynccontextmanager
async def _talking(
    hotline: RunningHotline, places: list[Desk], talks: list[Conversation]
) -> AsyncIterator[None]:
    """As many calls as desks, both speaking in each; over at the end of the block."""
    server = ("127.0.0.1", hotline.settings.asterisk.sip_port)
    async with AsyncExitStack() as stack:
        voices: dict[str, Voice] = {}
        for number in (f"1390734{index:04d}" for index in range(len(talks))):
            voices[number] = await stack.enter_async_context(await Voice.open())
            line = calling(server, number=number, media_port=voices[number].port, talks_for=300)
            await stack.enter_async_context(line)
        by_number = dict(zip(voices, talks, strict=True))
        await asyncio.gather(*(_take(place, voices, by_number) for place in places))
        yield


async def _take(place: Desk, voices: dict[str, Voice], talks: dict[str, Conversation]) -> None:
    """The agent answers whoever rings, and both begin to speak."""
    ring = await place.phone.rung(within=_RING_SECONDS)
    place.phone.answer(ring)
    await place.feed.first(of_type("CallAnswered", caller_number=ring.number))
    talk = talks[ring.number]
    voices[ring.number].say(talk.caller)
    place.phone.voice.say(talk.agent)


@asynccontextmanager
async def spent_by(hotline: RunningHotline) -> AsyncIterator[Callable[[], Spent]]:
    """What is spent in the block; ask for it after its end."""
    asterisk, ours = hotline.asterisk.process.pid, hotline.process
    assert asterisk is not None
    assert ours is not None
    groups = [[asterisk], [ours.pid], _workers(ours.pid)]
    before = [sum(map(processor_seconds, group)) for group in groups]
    started = time.monotonic()
    shares: list[float] = []
    yield lambda: Spent(asterisk=shares[0], ours=shares[1], speech=shares[2])
    passed = time.monotonic() - started
    after = [sum(map(processor_seconds, group)) for group in groups]
    shares += [max(0.0, late - early) / passed for early, late in zip(before, after, strict=True)]


async def _spent(hotline: RunningHotline, seconds: float) -> Spent:
    """Watch for so long."""
    async with spent_by(hotline) as spent:
        await asyncio.sleep(seconds)
    return spent()


def processor_seconds(pid: int) -> float:
    """User and system time so far, of all threads; 0 when it has ended."""
    try:
        fields = _fields(pid)
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def _workers(parent: int) -> list[int]:
    """The speech recognisers among a process's children."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and _is_worker(int(entry.name), parent):
                found.append(int(entry.name))
        except OSError:  # ended meanwhile
            continue
    return found


def _is_worker(pid: int, parent: int) -> bool:
    if int(_fields(pid)[1]) != parent:
        return False
    return _WORKER in Path(f"/proc/{pid}/cmdline").read_bytes()


def _fields(pid: int) -> list[str]:
    """``/proc/PID/stat`` from the state on: the name before it may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _rows(idle: Spent, busy: Spent, calls: int) -> list[Row]:
    names = (("asterisk", "Asterisk"), ("ours", "our process"), ("speech", "speech workers"))
    return [
        Row(
            name=f"CPU of {name} per conversation",
            value=(getattr(busy, key) - getattr(idle, key)) / calls * 100,
            unit="% of a core",
            alternative="idle, the whole process",
            beside=getattr(idle, key) * 100,
            note=f"{calls} conversations at once",
        )
        for key, name in names
    ]
