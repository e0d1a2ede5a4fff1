"""The contract of the bus, run on each implementation."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from models.bus import Bus, InProcessBus
from models.events import CallEnded, CallEvent, CallQueued, DomainEvent
from models.redis_bus import RedisBus
from models.vocabulary import ContactOutcome

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis of our own, gone afterwards."""
    # Debian's redis-tools carries the server under another name; it acts by the name it is given.
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    assert program, "redis is missing: make test installs it"
    folder = tmp_path_factory.mktemp("redis")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            "redis-server",
            "--port",
            str(port),
            "--dir",
            str(folder),
            "--save",
            "",
            "--bind",
            "127.0.0.1",
        ],
        executable=program,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("redis did not start")


@pytest.fixture(params=["in-process", "redis"])
async def bus(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bus]:
    """Each bus in turn, not yet started."""
    if request.param == "in-process":
        yield InProcessBus()
    else:
        yield RedisBus(request.getfixturevalue("redis_url"))


async def _until(condition: object, seconds: float = 10) -> None:
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the bus has no event to wait for
            await asyncio.sleep(0.01)


def _ended(call_id: str) -> CallEnded:
    return CallEnded(call_id=call_id, outcome=ContactOutcome.SERVED, reason="市民挂机")


async def test_each_subscriber_gets_the_events_it_asked_for_in_order(bus: Bus) -> None:
    ended: list[DomainEvent] = []
    all_calls: list[DomainEvent] = []

    async def on_ended(event: CallEnded) -> None:
        ended.append(event)

    async def on_any(event: CallEvent) -> None:
        all_calls.append(event)

    bus.subscribe("only-ended", on_ended, CallEnded)
    bus.subscribe("all-calls", on_any, CallEvent)
    await bus.start()
    sent: list[DomainEvent] = [CallQueued(call_id="a"), _ended("a"), _ended("b")]
    for event in sent:
        await bus.publish(event)
    await _until(lambda: len(ended) == 2 and len(all_calls) == 3)
    await bus.stop()
    assert all_calls == sent
    assert ended == sent[1:]


async def test_a_failing_handler_stops_neither_the_others_nor_later_events(bus: Bus) -> None:
    seen: list[str] = []

    async def broken(event: CallEnded) -> None:
        if event.call_id == "first":
            raise RuntimeError("injected fault")
        seen.append("broken saw " + event.call_id)

    async def sound(event: CallEnded) -> None:
        seen.append("sound saw " + event.call_id)

    bus.subscribe("broken-one", broken, CallEnded)
    bus.subscribe("sound-one", sound, CallEnded)
    await bus.start()
    await bus.publish(_ended("first"))
    await bus.publish(_ended("second"))
    await _until(lambda: len(seen) == 3)
    await bus.stop()
    assert sorted(seen) == ["broken saw second", "sound saw first", "sound saw second"]


async def test_events_published_before_the_start_are_not_lost_in_process() -> None:
    bus = InProcessBus()
    seen: list[str] = []

    async def keep(event: CallEnded) -> None:
        seen.append(event.call_id)

    bus.subscribe("early", keep, CallEnded)
    await bus.publish(_ended("early-call"))
    await bus.start()
    await bus.stop()
    assert seen == ["early-call"]


async def test_what_a_dead_consumer_left_is_taken_over(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.redis_bus.CLAIM_AFTER_MS", 100)
    hanging = asyncio.Event()
    seen: list[str] = []

    async def dies(event: CallEnded) -> None:
        hanging.set()
        await asyncio.sleep(60)

    async def works(event: CallEnded) -> None:
        seen.append(event.call_id)

    first = RedisBus(redis_url)
    first.subscribe("shared", dies, CallEnded)
    await first.start()
    await first.publish(_ended("left-behind"))
    async with asyncio.timeout(10):
        await hanging.wait()
    await first.stop()

    second = RedisBus(redis_url)
    second.subscribe("shared", works, CallEnded)
    await second.start()
    await _until(lambda: seen == ["left-behind"])
    await second.stop()
