"""A call floor for tests: real Asterisk, real database, agents with phones, a listening ear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select

from dispatch.floor.alerts import Alerts
from models.bus import InProcessBus
from models.callbacks import CallbackDesk
from models.clock import SystemClock
from models.events import CallEnded, DomainEvent
from models.ids import new_id
from models.ports import SpeechPort
from models.progress import ProgressDesk
from models.speech import Speaker, SpeechStatus
from models.store import Store
from models.tables import Call, Contact, FloorAlert, Staff
from models.vocabulary import AgentState, AlertKind, Leg, Role
from telephony.call_center import CallCenter
from tests.support.asterisk import RunningAsterisk
from tests.support.sip_agent import SipAgent

E = TypeVar("E", bound=DomainEvent)


async def until(
    condition: Callable[[], bool], within: float = 15.0, what: Callable[[], object] = str
) -> None:
    """Wait for something to become true; ``what`` tells what was there instead."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not condition():
        assert loop.time() < deadline, f"never happened: {what()}"
        await asyncio.sleep(0.02)


class Ear:
    """Stands in for the recogniser: keeps what it is given, instead of understanding it."""

    def __init__(self, *, available: bool = True) -> None:
        self.available = available
        self.streams: list[HeardLeg] = []

    @property
    def status(self) -> SpeechStatus:
        """As a recogniser would tell."""
        return SpeechStatus(available=self.available, model="ear")

    def open(
        self, call_id: str, leg: Leg, offset_s: float = 0.0, speaker: Speaker | None = None
    ) -> HeardLeg:
        """Listen to a leg."""
        stream = HeardLeg(call_id=call_id, leg=leg, offset_s=offset_s, speaker=speaker)
        self.streams.append(stream)
        return stream

    def of(self, call_id: str, leg: Leg) -> list[HeardLeg]:
        """The streams of one party."""
        return [one for one in self.streams if (one.call_id, one.leg) == (call_id, leg)]

    def speakers(self, call_id: str, leg: Leg) -> list[Speaker | None]:
        """Under whose names they were heard."""
        return [one.speaker for one in self.of(call_id, leg)]


@dataclass(kw_only=True)
class HeardLeg:
    """One party, heard."""

    call_id: str
    leg: Leg
    offset_s: float
    speaker: Speaker | None = None
    pcm: bytearray = field(default_factory=bytearray)
    closed: bool = False
    complete: bool = True

    def feed(self, pcm: bytes) -> None:
        """Keep it."""
        assert not self.closed
        self.pcm += pcm

    async def close(self) -> None:
        """The end."""
        self.closed = True


@dataclass(kw_only=True)
class CallFloor:
    """Everything a story about calls needs."""

    asterisk: RunningAsterisk
    store: Store
    bus: InProcessBus
    ear: Ear
    calls: CallCenter
    events: list[DomainEvent] = field(default_factory=list)

    async def hire(self, name: str, extension: str | None = None, **skills: int) -> str:
        """A new agent, with levels in skill groups; returns the id."""
        staff = Staff(
            id=new_id(),
            username=f"{name}-{new_id()[-6:]}",
            name=name,
            password_hash="-",
            roles=[Role.AGENT.value],
            department="12345",
            extension=extension,
            skills=skills,
            created_at=SystemClock().now(),
        )
        async with self.store.transaction() as work:
            work.session.add(staff)
        return staff.id

    @asynccontextmanager
    async def agent(
        self, name: str, extension: str, **skills: int
    ) -> AsyncIterator[tuple[str, SipAgent]]:
        """An agent, signed in and ready, with a registered phone."""
        agent_id = await self.hire(name, extension, **skills)
        async with self.at_work(agent_id, extension) as phone:
            yield agent_id, phone

    @asynccontextmanager
    async def at_work(self, agent_id: str, extension: str) -> AsyncIterator[SipAgent]:
        """Someone already hired, signed in and ready, with a registered phone."""
        async with SipAgent.on_seat(self.asterisk, extension) as phone:
            await self.calls.sign_in(agent_id)
            await self.until(lambda: self.calls.presence(agent_id).phone_online)
            await self.calls.set_state(agent_id, AgentState.READY)
            yield phone

    async def until(self, condition: Callable[[], bool], within: float = 15.0) -> None:
        """Wait for something to become true."""
        await until(condition, within, self.told)

    async def happened(self, kind: type[E], nth: int = 1, within: float = 15.0) -> E:
        """Wait for the nth event of a kind."""
        await self.until(lambda: len(self.all(kind)) >= nth, within)
        return self.all(kind)[nth - 1]

    def all(self, kind: type[E]) -> list[E]:
        """Events of a kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def told(self) -> list[str]:
        """Names of all events, in order."""
        return [type(event).__name__ for event in self.events]

    async def state(self, agent_id: str, state: AgentState, within: float = 15.0) -> None:
        """Wait until an agent is in a state."""
        await self.until(lambda: self.calls.presence(agent_id).state is state, within)

    async def ended(self, nth: int = 1, within: float = 15.0) -> tuple[Call, Contact | None]:
        """Wait for the nth end of a call; the rows that are left of it."""
        event = await self.happened(CallEnded, nth, within)
        await self.calls.flush()  # on a busy machine it is told before it is written
        return await self.rows(event.call_id)

    async def rows(self, call_id: str) -> tuple[Call, Contact | None]:
        """The call and its contact, as stored."""
        async with self.store.read() as session:
            call = (await session.scalars(select(Call).where(Call.id == call_id))).one()
            contact = await session.get(Contact, call.contact_id) if call.contact_id else None
        return call, contact

    async def alerted(
        self, kind: AlertKind, within: float = 30.0, count: int = 1
    ) -> list[FloorAlert]:
        """Wait until the shift leader is called for this, so often; all calls for it."""
        query = select(FloorAlert).where(FloorAlert.kind == kind).order_by(FloorAlert.at)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while True:
            async with self.store.read() as session:
                found = list(await session.scalars(query))
            if len(found) >= count:
                return found
            assert loop.time() < deadline, f"no alert of {kind}"
            await asyncio.sleep(0.1)

    def recording(self, relative: str) -> Path:
        """A recording's file."""
        return self.asterisk.settings.recordings_dir / relative


@asynccontextmanager
async def call_floor(
    asterisk: RunningAsterisk,
    folder: Path,
    *,
    ear: Ear | None = None,
    speech: SpeechPort | None = None,
    database: str = "floor.db",
    ari_url: str = "",
    database_url: str = "",
    rules: Path | None = None,
    progress: Callable[[Store], ProgressDesk] | None = None,
    callbacks: Callable[[Store], CallbackDesk] | None = None,
) -> AsyncIterator[CallFloor]:
    """An open call center on this Asterisk, reached at ``ari_url`` when that is given.

    :param speech: understands what is said, where ``ear`` only keeps it.
    :param rules: a folder of rule files for the call center, instead of the Asterisk's own.
    :param progress: makes the desk that looks orders up for callers.
    :param callbacks: makes the desk that keeps booked places.
    """
    store = Store(database_url or f"sqlite+aiosqlite:///{folder / database}")
    await store.migrate()
    bus = InProcessBus()
    ear = ear or Ear()
    clock = SystemClock()
    alerts = Alerts(store, bus, clock)
    settings = asterisk.settings
    if ari_url:
        settings = settings.model_copy(
            update={"asterisk": settings.asterisk.model_copy(update={"ari_url": ari_url})}
        )
    if rules is not None:
        settings = settings.model_copy(update={"rules": rules})
    desk = progress(store) if progress else None
    booked = callbacks(store) if callbacks else None
    calls = CallCenter(
        settings,
        asterisk.secrets,
        store,
        bus,
        speech or ear,
        clock,
        asterisk.prompts,
        alerts,
        desk,
        booked,
    )
    floor = CallFloor(asterisk=asterisk, store=store, bus=bus, ear=ear, calls=calls)

    async def note(event: DomainEvent) -> None:
        floor.events.append(event)

    bus.subscribe("test", note, DomainEvent)
    await bus.start()
    await calls.start()
    try:
        yield floor
    finally:
        await calls.stop()
        await bus.stop()
        await store.close()
