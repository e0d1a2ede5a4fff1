"""The call center under faults: events twice, late, never; a socket cut; a database that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text

import telephony.ari.websocket
import telephony.call_center
from config.secrets import load_or_create_secrets
from config.settings import load_settings
from models.bus import InProcessBus
from models.clock import SystemClock
from models.errors import TelephonyUnavailable
from models.events import (
    CallAnswered,
    CallEnded,
    CallOffered,
    CallQueued,
    CallRinging,
    DomainEvent,
)
from models.store import Store
from models.tables import AgentPresenceRow, Call, Contact
from models.vocabulary import AgentState, CallState, ContactOutcome
from telephony.call_center import CallCenter
from tests.support.faulty_ari import FaultyARI, channel
from tests.telephony.floor import CallFloor, Ear, until

pytestmark = [pytest.mark.unit, pytest.mark.store]

CALLER = "17000.1"


class Silence:
    """Prompts without sound."""

    def uri(self, name: str) -> str:
        return f"sound:{name}"

    def knows(self, name: str) -> bool:
        return True

    def seconds(self, name: str) -> float:
        return 30.0

    def media_seconds(self, media: str) -> float:
        return 30.0

    @property
    def meanwhile(self) -> str:
        return "sound:meanwhile"

    async def say(self, name: str, **values: int | str) -> str:
        return f"sound:{name}"

    async def spoken(self, text: str, otherwise: str = "") -> str:
        return otherwise or "sound:spoken"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telephony.ari.websocket, "_FIRST_PAUSE", 0.01)


@pytest.fixture
async def ari() -> AsyncIterator[FaultyARI]:
    async with FaultyARI().serving() as server:
        yield server


@asynccontextmanager
async def opened(
    ari: FaultyARI, folder: Path, *, ear: Ear | None = None
) -> AsyncIterator[CallFloor]:
    """A call center on the faulty ARI."""
    settings = load_settings(
        var=folder,
        asterisk={"ari_url": ari.url, "ari_password": "x"},
        telephony={"desk_phones": 2, "wrap_up_seconds": 60, "survey": False},
    )
    store = Store(settings.effective_database_url)
    await store.migrate()
    bus, ear = InProcessBus(), ear or Ear(available=False)
    calls = CallCenter(
        settings, load_or_create_secrets(settings), store, bus, ear, SystemClock(), Silence()
    )
    place: Any = SimpleNamespace(settings=settings)
    floor = CallFloor(asterisk=place, store=store, bus=bus, ear=ear, calls=calls)

    async def note(event: DomainEvent) -> None:
        floor.events.append(event)

    bus.subscribe("test", note, DomainEvent)
    await bus.start()
    await calls.start()
    yield floor
    await calls.stop()
    await bus.stop()
    await store.close()


def greeting(call_id: str) -> str:
    """Name of the first sound of a call."""
    return f"announcement-{call_id}-0-1"


async def queued(ari: FaultyARI, floor: CallFloor, caller: str = CALLER) -> str:
    """A caller who has heard the greeting; the call's id."""
    count = len(floor.all(CallOffered))
    await ari.caller(caller)
    offered = await floor.happened(CallOffered, count + 1)
    await until(lambda: ari.asked(f"play/{greeting(offered.call_id)}") > 0)
    await ari.send("PlaybackFinished", playback={"id": greeting(offered.call_id)})
    await floor.until(lambda: offered.call_id in [e.call_id for e in floor.all(CallQueued)])
    return offered.call_id


async def ready_agent(floor: CallFloor, extension: str = "1901") -> str:
    agent = await floor.hire("王芳", extension)
    await floor.calls.sign_in(agent)
    await floor.calls.set_state(agent, AgentState.READY)
    return agent


async def answered(ari: FaultyARI, floor: CallFloor) -> tuple[str, str]:
    """A call that was answered: its id and the agent's."""
    agent = await ready_agent(floor)
    call_id = await queued(ari, floor)
    leg = f"agent-{call_id}-1"
    await until(lambda: leg in ari.channels)
    row = channel(leg) | {"channelvars": {"RECORDING": "agent-1.wav"}}
    await ari.send("StasisStart", args=["agent", call_id], channel=row)
    await floor.happened(CallAnswered)
    return call_id, agent


async def test_every_event_twice_is_one_call(ari: FaultyARI, tmp_path: Path) -> None:
    async with opened(ari, tmp_path) as floor:
        for _ in range(2):
            await ari.caller(CALLER)
        call_id = await queued(ari, floor)
        await ari.send("PlaybackFinished", playback={"id": greeting(call_id)})
        for _ in range(2):
            await ari.gone(CALLER)
        await floor.happened(CallEnded)
        await floor.calls.flush()
        async with floor.store.read() as session:
            assert len(list(await session.scalars(select(Call)))) == 1
        assert len(floor.all(CallOffered)) == len(floor.all(CallQueued)) == 1
        assert len(floor.all(CallEnded)) == 1


async def test_the_end_before_the_beginning(ari: FaultyARI, tmp_path: Path) -> None:
    async with opened(ari, tmp_path) as floor:
        await ari.gone(CALLER)
        await ari.send("StasisStart", args=["caller"], channel=channel(CALLER))
        await ari.send("PlaybackFinished", playback={"id": greeting("unknown")})
        await ari.send("StasisStart", args=["agent", "unknown"], channel=channel("agent-unknown-1"))
        await until(lambda: ari.asked("DELETE /channels/agent-unknown-1") == 1)
        call_id = await queued(ari, floor, "17000.2")
        assert [event.call_id for event in floor.all(CallOffered)] == [call_id]


async def test_a_strangers_channel_is_not_taken_for_a_caller(
    ari: FaultyARI, tmp_path: Path
) -> None:
    async with opened(ari, tmp_path) as floor:
        ari.channels["18000.1"] = channel("18000.1")
        await ari.send("StasisStart", args=[], channel=channel("18000.1"))
        await until(lambda: ari.asked("DELETE /channels/18000.1") == 1)
        assert not floor.all(CallOffered)


async def test_an_end_that_was_never_told_is_found_on_the_next_connect(
    ari: FaultyARI, tmp_path: Path
) -> None:
    async with opened(ari, tmp_path) as floor:
        call_id = await queued(ari, floor)
        del ari.channels[CALLER]
        await ari.cut()
        ended = await floor.happened(CallEnded)
        assert ended.call_id == call_id
        assert ended.outcome is ContactOutcome.ABANDONED_QUEUE


async def test_a_caller_of_whom_nobody_told_is_found_on_the_next_connect(
    ari: FaultyARI, tmp_path: Path
) -> None:
    async with opened(ari, tmp_path) as floor:
        ari.channels[CALLER] = channel(CALLER)
        await ari.cut()
        offered = await floor.happened(CallOffered)
        await ari.caller(CALLER)  # told late
        await asyncio.sleep(0.1)
        assert floor.all(CallOffered) == [offered]


async def test_a_talk_goes_on_while_the_socket_is_cut(ari: FaultyARI, tmp_path: Path) -> None:
    async with opened(ari, tmp_path) as floor:
        call_id, agent = await answered(ari, floor)
        before = ari.connections
        await ari.cut()
        await until(lambda: ari.connections > before and floor.calls.floor().exchange_online)
        assert not floor.all(CallEnded)
        assert floor.calls.presence(agent).state is AgentState.TALKING
        await floor.calls.hang_up(call_id, agent)
        await floor.happened(CallEnded)
        assert not ari.channels


async def test_what_nobody_needs_is_swept_away(ari: FaultyARI, tmp_path: Path) -> None:
    ours = ["agent-lost-1", "snoop-lost-caller-1", "media-lost-caller-1", "citizen-lost"]
    for name in [*ours, "users-own"]:
        row = channel(name)
        row["dialplan"] = {}
        ari.channels[name] = row
    for name in ("call-lost", "tap-lost-caller-1", "users-own-bridge"):
        ari.bridges[name] = {"id": name, "channels": []}
    async with opened(ari, tmp_path):
        await until(lambda: set(ari.channels) == {"users-own"})
        await until(lambda: set(ari.bridges) == {"users-own-bridge"})


async def test_an_exchange_out_of_breath_is_asked_again(ari: FaultyARI, tmp_path: Path) -> None:
    ari.refusals = {"/answer": [503], "/play/": [500], "/bridges/call-": [500], "/moh": [500]}
    async with opened(ari, tmp_path) as floor:
        agent = await ready_agent(floor)
        await ari.caller(CALLER)
        rung = await floor.happened(CallRinging)
        leg = f"agent-{rung.call_id}-1"
        await until(lambda: leg in ari.channels)
        await ari.send("StasisStart", args=["agent", rung.call_id], channel=channel(leg))
        await floor.happened(CallAnswered)
        assert floor.calls.presence(agent).state is AgentState.TALKING
    assert not any(ari.refusals.values())


async def test_a_ring_whose_end_is_never_told_does_not_last_for_ever(
    ari: FaultyARI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.seat_phones.RING_MARGIN_SECONDS", -14.5)  # of 15 seconds
    async with opened(ari, tmp_path) as floor:
        agent = await ready_agent(floor)
        await queued(ari, floor)
        await floor.state(agent, AgentState.BUSY)
        assert floor.calls.presence(agent).reason == "未接来电"
        assert len(floor.calls.floor().waiting) == 1
        assert not [name for name in ari.channels if name.startswith("agent-")]


async def test_a_phone_that_cannot_be_rung(ari: FaultyARI, tmp_path: Path) -> None:
    ari.refusals = {"POST /channels/agent-": [500]}
    async with opened(ari, tmp_path) as floor:
        agent = await ready_agent(floor)
        await queued(ari, floor)
        await floor.state(agent, AgentState.BUSY)
        assert floor.calls.presence(agent).reason == "话机无法接通"


async def test_without_the_exchange_commands_say_so(tmp_path: Path) -> None:
    ari = FaultyARI()
    async with ari.serving():
        pass  # gone again; its address stays
    monkey = pytest.MonkeyPatch()
    monkey.setattr(telephony.call_center, "_CONNECT_SECONDS", 0.1)
    async with opened(ari, tmp_path) as floor:
        assert not floor.calls.floor().exchange_online
        agent = await floor.hire("王芳", "1901")
        await floor.calls.sign_in(agent)
        with pytest.raises(TelephonyUnavailable):
            await floor.calls.call_out(agent, "13800138000")
    monkey.undo()


async def test_a_database_that_fails_ends_no_call(ari: FaultyARI, tmp_path: Path) -> None:
    async with opened(ari, tmp_path) as floor:
        agent = await ready_agent(floor)
        await floor.calls.flush()
        async with floor.store.transaction() as work:
            await work.session.execute(text("ALTER TABLE calls RENAME TO calls_away"))
            await work.session.execute(text("ALTER TABLE contacts RENAME TO contacts_away"))
        call_id = await queued(ari, floor)
        leg = f"agent-{call_id}-1"
        await until(lambda: leg in ari.channels)
        await ari.send("StasisStart", args=["agent", call_id], channel=channel(leg))
        await floor.happened(CallAnswered)
        async with floor.store.transaction() as work:
            await work.session.execute(text("ALTER TABLE calls_away RENAME TO calls"))
            await work.session.execute(text("ALTER TABLE contacts_away RENAME TO contacts"))
        await floor.calls.hang_up(call_id, agent)
        await floor.happened(CallEnded)
        await until_stored(floor, call_id)
        call, contact = await floor.rows(call_id)
        assert contact is not None
        assert (call.state, contact.outcome) == (CallState.ENDED, ContactOutcome.SERVED)
        assert call.answered_at is not None


async def until_stored(floor: CallFloor, call_id: str) -> None:
    async with asyncio.timeout(15):
        while True:
            async with floor.store.read() as session:
                if await session.get(Call, call_id):
                    return
            await asyncio.sleep(0.1)


async def test_speech_that_fails_ends_no_call(ari: FaultyARI, tmp_path: Path) -> None:
    class Broken(Ear):
        def open(self, *_: object, **__: object) -> Any:
            raise RuntimeError("no worker")

    async with opened(ari, tmp_path, ear=Broken()) as floor:
        call_id, agent = await answered(ari, floor)
        await floor.calls.hang_up(call_id, agent)
        ended = await floor.happened(CallEnded)
        assert ended.transcript_incomplete


async def test_another_process_that_takes_the_agent_wins(ari: FaultyARI, tmp_path: Path) -> None:
    async with opened(ari, tmp_path) as floor:
        agent = await ready_agent(floor)
        await floor.calls.flush()
        async with floor.store.transaction() as work:
            row = await work.session.get(AgentPresenceRow, agent)
            assert row is not None
            row.state, row.call_id = AgentState.TALKING, "another-call"
            row.version += 1
        await queued(ari, floor)
        await floor.state(agent, AgentState.TALKING)
        await floor.until(lambda: len(floor.calls.floor().waiting) == 1)
        assert floor.calls.presence(agent).call_id == "another-call"
        assert not [name for name in ari.channels if name.startswith("agent-")]


async def test_a_number_as_long_as_anybody_likes(ari: FaultyARI, tmp_path: Path) -> None:
    async with opened(ari, tmp_path) as floor:
        await ari.caller(CALLER, number="9" * 500)
        offered = await floor.happened(CallOffered)
        await ari.gone(CALLER)
        await floor.happened(CallEnded)
        await floor.calls.flush()
        async with floor.store.read() as session:
            contact = await session.get(Contact, offered.contact_id)
        assert contact is not None and len(contact.citizen_number) == 32
