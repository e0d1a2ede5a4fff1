"""The bus between processes: one Redis stream, a consumer group for each subscriber.

Those that every process must hear read the stream by themselves, from where it stood at the start.

An event is acknowledged after its handler returned. What a dead consumer left is claimed by the
next one, so a handler may see an event twice and must be idempotent by ``event_id``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from models.bus import Handler, InProcessBus, Reach
from models.events import DomainEvent, event_from_dict, event_to_dict
from models.ids import new_id

log = structlog.get_logger(__name__)

STREAM = "hotline:events"
#: Old entries are trimmed; the outbox and the order history are the lasting record.
KEEP_ENTRIES = 100_000
BLOCK_MS = 1000
#: An entry unacknowledged for so long belongs to a consumer that died.
CLAIM_AFTER_MS = 30_000
RETRY_SECONDS = 1.0


class _Group:
    """One subscriber's reading position, shared by all processes that run it."""

    def __init__(
        self, redis: Redis, name: str, handler: Handler, kinds: tuple[type[DomainEvent], ...]
    ) -> None:
        self.name = name
        self._redis = redis
        self._handler = handler
        self._kinds = kinds
        self._consumer = new_id()
        self._stopping = False

    async def create(self) -> None:
        """Make the group; it sees what is published from its first start on."""
        try:
            await self._redis.xgroup_create(STREAM, self.name, id="$", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def run(self) -> None:
        """Read, handle, acknowledge; a lost Redis is waited for."""
        while not self._stopping:
            try:
                await self._claim_abandoned()
                await self._read_new()
            except RedisError as error:
                log.warning("redis not reachable, trying again", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    def stop(self) -> None:
        """End after the present read. The client may swallow a task's cancellation, so ask too."""
        self._stopping = True

    async def _claim_abandoned(self) -> None:
        claimed: Any = await self._redis.xautoclaim(
            STREAM, self.name, self._consumer, min_idle_time=CLAIM_AFTER_MS, count=100
        )
        await self._handle_all(claimed[1])

    async def _read_new(self) -> None:
        answer: Any = await self._redis.xreadgroup(
            self.name, self._consumer, {STREAM: ">"}, count=100, block=BLOCK_MS
        )
        for _stream, entries in answer or []:
            await self._handle_all(entries)

    async def _handle_all(self, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        for entry_id, fields in entries:
            await self._handle(fields)
            await self._redis.xack(STREAM, self.name, entry_id)

    async def _handle(self, fields: dict[bytes, bytes]) -> None:
        try:
            event = event_from_dict(json.loads(fields[b"event"]))
            if isinstance(event, self._kinds):
                await self._handler(event)
        except Exception:
            log.exception("handler failed", subscriber=self.name)


class _Everywhere(_Group):
    """A subscriber that hears everything in each process."""

    _last: bytes | str = "0-0"

    async def create(self) -> None:
        """Remember where the stream stands."""
        newest: Any = await self._redis.xrevrange(STREAM, count=1)
        self._last = newest[0][0] if newest else "0-0"

    async def _claim_abandoned(self) -> None:
        """Nobody else reads for us."""

    async def _read_new(self) -> None:
        answer: Any = await self._redis.xread({STREAM: self._last}, count=100, block=BLOCK_MS)
        for _stream, entries in answer or []:
            for entry_id, fields in entries:
                await self._handle(fields)
                self._last = entry_id


class RedisBus:
    """See :class:`models.bus.Bus`."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_timeout=10)
        self._groups: list[_Group] = []
        #: For what only this process publishes and hears.
        self._here = InProcessBus()
        self._tasks: list[asyncio.Task[Any]] = []

    def subscribe(
        self, name: str, handler: Handler, *kinds: type[DomainEvent], reach: Reach = Reach.ONE
    ) -> None:
        """See :meth:`models.bus.Bus.subscribe`. Subscribe before :meth:`start`."""
        if reach is Reach.HERE:
            self._here.subscribe(name, handler, *kinds)
            return
        kind = _Everywhere if reach is Reach.ALL else _Group
        self._groups.append(kind(self._redis, name, handler, kinds))

    async def publish(self, event: DomainEvent) -> None:
        """See :meth:`models.bus.Bus.publish`."""
        await self._here.publish(event)
        body = json.dumps(event_to_dict(event), ensure_ascii=False)
        await self._redis.xadd(STREAM, {"event": body}, maxlen=KEEP_ENTRIES, approximate=True)

    async def start(self) -> None:
        """See :meth:`models.bus.Bus.start`."""
        await self._here.start()
        for group in self._groups:
            await group.create()
        self._tasks = [
            asyncio.create_task(group.run(), name=f"bus:{group.name}") for group in self._groups
        ]

    async def stop(self) -> None:
        """See :meth:`models.bus.Bus.stop`. What is unread waits in the stream."""
        for group in self._groups:
            group.stop()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._here.stop()
        await self._redis.aclose()
