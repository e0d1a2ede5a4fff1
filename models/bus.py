"""The bus: events from whom they happen to, to whom they matter.

A handler sees the events of one subscription in the order of publishing, one at a time. A handler
that raises is logged and does not stop the others. Handlers are idempotent by ``event_id``:
a networked bus may deliver twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Protocol

import structlog

from models.events import DomainEvent

log = structlog.get_logger(__name__)

Handler = Callable[[Any], Awaitable[None]]


class Reach(Enum):
    """Where an event is handled when several processes share a bus."""

    #: By one of all processes, whichever is free: for what is written down.
    ONE = "one"
    #: By every process: for what each keeps in memory, or shows to its own browsers.
    ALL = "all"
    #: By the process that has published it: for what follows its own calls.
    HERE = "here"


class Bus(Protocol):
    """What every bus can do."""

    def subscribe(
        self, name: str, handler: Handler, *kinds: type[DomainEvent], reach: Reach = Reach.ONE
    ) -> None:
        """Call ``handler`` for events of ``kinds`` (and their subclasses).

        ``name`` identifies the subscriber (a consumer group on a networked bus).
        """
        ...

    async def publish(self, event: DomainEvent) -> None:
        """Hand the event over. Returns before handlers have run."""
        ...

    async def start(self) -> None:
        """Begin delivering."""
        ...

    async def stop(self) -> None:
        """Deliver what is queued, then stop."""
        ...


class _Subscription:
    def __init__(self, name: str, handler: Handler, kinds: tuple[type[DomainEvent], ...]) -> None:
        self.name = name
        self.kinds = kinds
        self._handler = handler
        self._queue: asyncio.Queue[DomainEvent | None] = asyncio.Queue()

    def put(self, event: DomainEvent | None) -> None:
        self._queue.put_nowait(event)

    async def run(self) -> None:
        while (event := await self._queue.get()) is not None:
            try:
                await self._handler(event)
            except Exception:
                log.exception("handler failed", subscriber=self.name, kind=type(event).__name__)


class InProcessBus:
    """The bus of one process. An event published before :meth:`start` waits."""

    def __init__(self) -> None:
        self._subscriptions: list[_Subscription] = []
        self._tasks: list[asyncio.Task[None]] = []

    def subscribe(
        self, name: str, handler: Handler, *kinds: type[DomainEvent], reach: Reach = Reach.ONE
    ) -> None:
        """See :meth:`Bus.subscribe`. There is one process: ``reach`` makes no difference."""
        subscription = _Subscription(name, handler, kinds)
        self._subscriptions.append(subscription)
        if self._tasks:
            self._tasks.append(asyncio.create_task(subscription.run(), name=f"bus:{name}"))

    async def publish(self, event: DomainEvent) -> None:
        """See :meth:`Bus.publish`."""
        for subscription in self._subscriptions:
            if isinstance(event, subscription.kinds):
                subscription.put(event)

    async def start(self) -> None:
        """See :meth:`Bus.start`."""
        self._tasks = [
            asyncio.create_task(sub.run(), name=f"bus:{sub.name}") for sub in self._subscriptions
        ]

    async def stop(self) -> None:
        """See :meth:`Bus.stop`."""
        for subscription in self._subscriptions:
            subscription.put(None)
        await asyncio.gather(*self._tasks)
        self._tasks = []
