"""From the queue to the agent's screen, one call after the other with one ready agent."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from bench.figures import Row, percentile
from bench.floor import Desk, desk, of_type
from hotline.demo.client import Client
from hotline.simulation.sipp import calling
from tests.support.hotline import RunningHotline

#: How often a console without live events would ask.
_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 15.0


@dataclass(kw_only=True)
class Polled:
    """When asking showed a call for the first time, wall clock by call id."""

    seen: dict[str, float] = field(default_factory=dict)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def of(self, call_id: str) -> float:
        """Wait until the call has been seen."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while call_id not in self.seen:
                await self.more.wait()
                self.more.clear()
        return self.seen[call_id]


async def measure(hotline: RunningHotline, calls: int) -> list[Row]:
    """Delays of ``calls`` calls: pushed over the live stream, and asked for once a second."""
    pushed: list[float] = []
    polled: list[float] = []
    async with desk(hotline, 0) as place:
        for _ in range(calls):
            by_push, by_poll = await _one_call(hotline, place)
            pushed.append(by_push)
            polled.append(by_poll)
    return [
        Row(
            name=f"screen pop after the call enters the queue, p{percent}",
            value=percentile(pushed, percent) * 1000,
            unit="ms",
            alternative="console asks once a second",
            beside=percentile(polled, percent) * 1000,
            note=f"{calls} calls",
        )
        for percent in (50, 95)
    ]


async def _one_call(hotline: RunningHotline, place: Desk) -> tuple[float, float]:
    """Seconds from ``CallQueued`` to the page knowing of the ring: pushed, polled."""
    before = len(place.feed.arrivals)
    server = ("127.0.0.1", hotline.settings.asterisk.sip_port)
    async with _polling(place.client) as polled, calling(server) as phone:
        queued = await place.feed.first(of_type("CallQueued"), since=before)
        call_id = queued.event["call_id"]
        rung = await place.feed.first(of_type("CallRinging", call_id=call_id), since=before)
        seen = await polled.of(call_id)
        await phone.hang_up()
        await place.feed.first(of_type("CallEnded", call_id=call_id), since=before)
    entered = datetime.fromisoformat(queued.event["at"]).timestamp()
    return rung.at - entered, seen - entered


@asynccontextmanager
async def _polling(client: Client) -> AsyncIterator[Polled]:
    polled = Polled()
    task = asyncio.create_task(_poll(client, polled))
    try:
        yield polled
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _poll(client: Client, polled: Polled) -> None:
    # The rhythm of asking has nothing to do with when calls come.
    await asyncio.sleep(random.uniform(0, _POLL_SECONDS))
    while True:
        started = time.time()
        call = (await client.get("/api/agent"))["call"]
        if call and call["state"] == "RINGING":
            polled.seen.setdefault(call["call_id"], time.time())
            polled.more.set()
        await asyncio.sleep(max(0.0, started + _POLL_SECONDS - time.time()))
