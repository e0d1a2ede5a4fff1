"""The contract of the bus, run on each implementation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from models.bus import Bus, InProcessBus, Reach
from models.events import CallEnded, CallEvent, CallQueued, DomainEvent
from models.redis_bus import RedisBus
from models.vocabulary import ContactOutcome
from tests.support.redis import running_redis

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A real Redis of our own, gone afterwards."""
    with running_redis() as url:
        yield url


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


async def test_of_two_processes_one_writes_down_both_show_and_one_follows_its_own_calls(
    redis_url: str,
) -> None:
    heard: dict[str, list[str]] = {}

    def process(name: str) -> RedisBus:
        bus = RedisBus(redis_url)
        for reach in Reach:
            calls = heard[f"{name} {reach.value}"] = []

            async def keep(event: CallEnded, calls: list[str] = calls) -> None:
                calls.append(event.call_id)

            bus.subscribe(f"reach-{reach.value}", keep, CallEnded, reach=reach)
        return bus

    first, second = process("first"), process("second")
    await first.start()
    await second.start()
    calls = [f"call-{number}" for number in range(20)]
    for call_id in calls:
        await first.publish(_ended(call_id))
    await _until(lambda: len(heard["first one"] + heard["second one"]) == len(calls))
    await _until(lambda: len(heard["first all"]) == len(heard["second all"]) == len(calls))
    await first.stop()
    await second.stop()
    assert sorted(heard["first one"] + heard["second one"]) == sorted(calls)
    assert heard["first all"] == heard["second all"] == calls
    assert (heard["first here"], heard["second here"]) == (calls, [])
