"""The live stream: events of the bus, sorted out per person, for browsers that come and go.

The hub keeps a short ring of past events, so that a browser that reconnects with
``Last-Event-ID`` misses nothing. Interim utterances are worth something for a second only: they
are never kept, and a newer one takes the place of an older one that is still waiting.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from agent_console.live_view import LiveEvent, view_for
from agent_console.people import Person
from models.bus import Reach
from models.events import (
    CallEvent,
    DomainEvent,
    KnowledgeSuggested,
    RequestUnderstood,
    SpeechModeChanged,
    TranscriptCompleted,
    UtteranceHeard,
)
from models.ids import new_id
from models.store import Store
from models.tables import Call
from models.understanding import Understanding

if TYPE_CHECKING:
    from agent_console.services import ConsoleServices

V = TypeVar("V")

#: Events kept for browsers that reconnect.
RING = 2000
#: Events that may wait for one slow browser before it is dropped and told to read anew.
MAX_WAITING = 500
#: Calls whose agent and understanding are remembered.
MAX_CALLS = 2000


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """A new connection, and whether it follows the earlier one without a gap."""

    connection: Connection
    resumed: bool


class Connection:
    """One browser's queue."""

    def __init__(self, person: Person, token: str) -> None:
        self.person = person
        #: The session it was opened with: its end is the stream's end.
        self.token = token
        self.closed = False
        #: Too slow: some events were dropped, the browser must read everything anew.
        self.lost = False
        self._waiting: OrderedDict[Hashable, str] = OrderedDict()
        self._wake = asyncio.Event()

    def put(self, item: LiveEvent) -> None:
        """Queue an event if the person may see it. Never blocks."""
        data = view_for(self.person, item)
        if data is None or self.closed or self.lost:
            return
        if item.interim_of is not None:
            self._waiting[item.interim_of] = data
        else:
            self._waiting.pop(item.utterance_id, None)
            self._waiting[item.number] = data
        if len(self._waiting) > MAX_WAITING:
            self.lost = True
            self._waiting.clear()
        self._wake.set()

    @property
    def idle(self) -> bool:
        """Nothing waits."""
        return not self._waiting and not self.lost

    def close(self) -> None:
        """Let the one who waits go."""
        self.closed = True
        self._wake.set()

    async def next(self, seconds: float) -> list[str]:
        """What has come; empty after ``seconds``, on closing and on overflow."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        found = list(self._waiting.values())
        self._waiting.clear()
        return found


class LiveHub:
    """Hears everything on the bus and hands each browser its part."""

    def __init__(self, services: ConsoleServices) -> None:
        self._store: Store = services.store
        self._boot = new_id()
        self._number = 0
        self._ring: deque[LiveEvent] = deque(maxlen=RING)
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._readers: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._understandings: OrderedDict[str, Understanding] = OrderedDict()
        self._connections: set[Connection] = set()
        services.bus.subscribe("console-live", self.take, DomainEvent, reach=Reach.ALL)

    @property
    def connections(self) -> int:
        """How many browsers listen."""
        return len(self._connections)

    @property
    def latest_id(self) -> str:
        """Id of the newest event; sent with heartbeats so that idle browsers do not fall behind."""
        return f"{self._boot}-{self._number}"

    def connect(self, person: Person, token: str, last_event_id: str = "") -> Resumption:
        """Begin listening; what was missed since ``last_event_id`` waits already."""
        connection = Connection(person, token)
        missed = self._since(last_event_id)
        for item in missed or ():
            connection.put(item)
        self._connections.add(connection)
        return Resumption(connection=connection, resumed=missed is not None)

    def disconnect(self, connection: Connection) -> None:
        """Forget the browser. Safe to repeat."""
        self._connections.discard(connection)

    def close(self) -> None:
        """End all streams: the server stops."""
        for connection in self._connections:
            connection.close()

    def close_of(self, token: str) -> None:
        """End the streams of a session that was closed."""
        for connection in self._connections:
            if connection.token == token:
                connection.close()

    def understanding_of(self, call_id: str) -> Understanding | None:
        """The newest proposal for a call that this process heard of."""
        return self._understandings.get(call_id)

    def opened(self, call_id: str, staff_id: str) -> None:
        """This person reads the words of a call that is not their own from now on. To be told only
        after it was written down.
        """
        before = self._readers.get(call_id, frozenset())
        _remember(self._readers, call_id, before | {staff_id})

    async def take(self, event: DomainEvent) -> None:
        """Handle one event of the bus."""
        if isinstance(event, RequestUnderstood):
            _remember(self._understandings, event.call_id, event.understanding)
        owner = await self._owner(event)
        self._number += 1
        item = LiveEvent(
            number=self._number,
            id=f"{self._boot}-{self._number}",
            event=event,
            owner=owner,
            readers=self._readers.get(_call_of(event) or "", frozenset()),
        )
        if item.interim_of is None:
            self._ring.append(item)
        for connection in self._connections:
            connection.put(item)

    def _since(self, last_event_id: str) -> Iterable[LiveEvent] | None:
        """Events after that id; None when it is of another run or too long ago."""
        boot, _, number = last_event_id.partition("-")
        if boot != self._boot or not number.isdecimal() or int(number) > self._number:
            return None
        last = int(number)
        oldest = self._ring[0].number if len(self._ring) == RING else 1
        return None if last < oldest - 1 else [item for item in self._ring if item.number > last]

    async def _owner(self, event: DomainEvent) -> str | None:
        """The agent whose call it is."""
        call_id = _call_of(event)
        if call_id is None:
            return None
        if isinstance(event, CallEvent) and event.agent_id:
            _remember(self._owners, call_id, event.agent_id)
        if call_id not in self._owners and not isinstance(event, CallEvent):
            await self._look_up(call_id)
        return self._owners.get(call_id)

    async def _look_up(self, call_id: str) -> None:
        async with self._store.read() as session:
            call = await session.get(Call, call_id)
        if call is not None and call.agent_id:
            _remember(self._owners, call_id, call.agent_id)


def _remember(table: OrderedDict[str, V], key: str, value: V) -> None:
    table[key] = value
    table.move_to_end(key)
    if len(table) > MAX_CALLS:
        table.popitem(last=False)


_OF_CALLS = (
    CallEvent,
    RequestUnderstood,
    KnowledgeSuggested,
    SpeechModeChanged,
    TranscriptCompleted,
)


def _call_of(event: DomainEvent) -> str | None:
    if isinstance(event, _OF_CALLS):
        return event.call_id
    if isinstance(event, UtteranceHeard):
        return event.utterance.call_id
    return None
