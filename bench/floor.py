"""An agent at a desk: the console's API, its live events with their time of arrival, a phone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from agent_console.accounts import NewStaff, create_staff
from hotline.demo.client import Client
from hotline.simulation.ports import free_udp_range
from hotline.simulation.sip_agent import SipAgent
from models.vocabulary import Role
from tests.support.hotline import RunningHotline

_PATIENCE_SECONDS = 30.0
#: The first desk phones belong to the demo's scripted agents.
_FIRST_EXTENSION = 1903
_MEDIA_PORTS = 1400


async def make_agents(hotline: RunningHotline, count: int) -> None:
    """Accounts with desk phones, for :func:`desk`."""
    async with hotline.database() as store:
        for number in range(count):
            new = NewStaff(
                username=_username(number),
                name=f"性能测量{number}",
                roles=[Role.AGENT],
                department="D-HL",
                extension=str(_FIRST_EXTENSION + number),
            )
            await create_staff(store, new, hotline.password)


def plenty_of_media_ports() -> dict[str, int]:
    """Settings of Asterisk for up to 700 calls at once, so that the ladder's end is not a port."""
    ports = free_udp_range(_MEDIA_PORTS)
    return {"rtp_start": ports.start, "rtp_end": ports.stop - 1}


def _username(number: int) -> str:
    return f"bench{number}"


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """An event as the page got it. ``at`` is the wall clock, seconds since 1970."""

    at: float
    event: dict[str, Any]


class LiveFeed:
    """Everything that has come over ``/api/live``."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._more = asyncio.Condition()
        self.arrivals: list[Arrival] = []

    @classmethod
    @asynccontextmanager
    async def listening(cls, client: Client) -> AsyncIterator[LiveFeed]:
        """Listen until the end of the block; begins when the stream is open."""
        feed = cls(client)
        reader = asyncio.create_task(feed._read(), name="live feed")
        try:
            await feed.first(lambda event: "resumed" in event)
            yield feed
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader

    async def first(self, wanted: Callable[[dict[str, Any]], bool], *, since: int = 0) -> Arrival:
        """The first event of this kind from position ``since`` on, waiting for it.

        :raises TimeoutError: when it does not come.
        """
        async with asyncio.timeout(_PATIENCE_SECONDS), self._more:
            while True:
                for arrival in self.arrivals[since:]:
                    if wanted(arrival.event):
                        return arrival
                since = max(since, len(self.arrivals))
                await self._more.wait()

    async def _read(self) -> None:
        async for event in self._client.live():
            arrival = Arrival(at=time.time(), event=event)
            async with self._more:
                self.arrivals.append(arrival)
                self._more.notify_all()


def of_type(name: str, **fields: str) -> Callable[[dict[str, Any]], bool]:
    """Whether an event is of this class and has these values."""

    def wanted(event: dict[str, Any]) -> bool:
        return event.get("type") == name and all(
            event.get(key) == value for key, value in fields.items()
        )

    return wanted


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A ready agent."""

    client: Client
    feed: LiveFeed
    phone: SipAgent


@asynccontextmanager
async def desk(hotline: RunningHotline, number: int) -> AsyncIterator[Desk]:
    """Agent ``number`` (from 0) signs in, is ready, and signs out at the end."""
    async with hotline.signed_in(_username(number)) as client:
        account = (await client.post("/api/agent/sign-in"))["account"]
        server = ("127.0.0.1", hotline.settings.asterisk.sip_port)
        async with (
            SipAgent.registered(account["extension"], account["password"], server) as phone,
            LiveFeed.listening(client) as feed,
        ):
            await client.post("/api/agent/state", {"state": "READY"})
            yield Desk(client=client, feed=feed, phone=phone)
            await _free(client)
            await client.post("/api/agent/sign-out")


async def _free(client: Client) -> None:
    """Until the last call is off the desk."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if (await client.get("/api/agent"))["call"] is None:
                return
            await asyncio.sleep(0.1)
