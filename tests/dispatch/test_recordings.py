"""The register of recordings: entered once, whole, mended when needed; kept, held, deleted."""

from __future__ import annotations

import asyncio
import os
import threading
import wave
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.retention import FILE, load_retention
from config.rules import rule_file
from config.settings import Settings
from dispatch.floor.disk_watch import DiskWatch
from dispatch.floor.recordings import RecordingRegister, checksum
from dispatch.floor.retention import CHANGED, MISSING, Fault, LegalHolds, Retention
from dispatch.rules import Rules
from models.bus import InProcessBus
from models.clock import ManualClock
from models.errors import ConfigurationError, InvalidInput, NotFound
from models.events import CallEnded
from models.guards import Actor
from models.ports import NoAlerts
from models.sound_files import is_closed, seconds_of
from models.store import Store
from models.tables import Call, CallEventRow, CallParty, Contact, Recording
from models.vocabulary import (
    AlertKind,
    CallDirection,
    CallState,
    Channel,
    ContactOutcome,
    Leg,
    PartyKind,
)
from tests.dispatch.desk import Desk

pytestmark = pytest.mark.store

CITIZEN, AGENT = "2026/11/02/c1/caller.wav", "2026/11/02/c1/agent-1.wav"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var=tmp_path)


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.recordings_dir


@pytest.fixture
def register(store: Store, clock: ManualClock, folder: Path, rules: Rules) -> RecordingRegister:
    return RecordingRegister(store, clock, folder, rules.retention)


@pytest.fixture
def retention(store: Store, clock: ManualClock, settings: Settings, rules: Rules) -> Retention:
    return Retention(store, clock, settings, rules)


def record(file: Path, seconds: float, ended: datetime, *, closed: bool = True) -> None:
    """A file as the exchange leaves it; not closed: as a killed one leaves it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\1\2" * round(8000 * seconds))
    if not closed:
        with file.open("r+b") as header:
            header.seek(40)
            header.write(bytes(4))
    os.utime(file, (ended.timestamp(), ended.timestamp()))


async def ended_call(store: Store, started: datetime, seconds: float = 60, **more: Any) -> Call:
    """A call that was answered after two seconds and has ended."""
    values: dict[str, Any] = {
        "id": "c1",
        "direction": CallDirection.INBOUND,
        "state": CallState.ENDED,
        "started_at": started,
        "answered_at": started + timedelta(seconds=2),
        "ended_at": started + timedelta(seconds=seconds),
        "outcome": ContactOutcome.SERVED,
        "citizen_recording": CITIZEN,
        "agent_recording": AGENT,
        "agent_recording_at": started + timedelta(seconds=3),
    }
    call = Call(**values | more)
    async with store.transaction() as work:
        work.session.add(call)
    return call


async def entered(store: Store) -> Sequence[Recording]:
    async with store.read() as session:
        return list(await session.scalars(select(Recording).order_by(Recording.path)))


async def losses(store: Store) -> list[str]:
    async with store.read() as session:
        return list(await session.scalars(select(CallEventRow.reason)))


async def test_entered_at_the_end_of_the_call_once(
    register: RecordingRegister, store: Store, clock: ManualClock, folder: Path
) -> None:
    start = clock.now() - MINUTE
    call = await ended_call(store, start)
    record(folder / CITIZEN, 59.8, clock.now())
    record(folder / AGENT, 57, clock.now())
    bus = InProcessBus()
    register.subscribe(bus)
    await bus.start()
    await bus.publish(
        CallEnded(
            at=clock.now(),
            call_id=call.id,
            contact_id=None,
            outcome=ContactOutcome.SERVED,
            reason="",
            transcript_incomplete=False,
        )
    )
    await bus.stop()
    assert (await register.enter_call("c1"), await register.look()) == (0, 0)
    agent, citizen = await entered(store)
    assert (citizen.leg, citizen.seconds, citizen.bytes) == (Leg.CALLER, 59.8, 44 + 956800)
    assert citizen.sha256 == checksum(folder / CITIZEN)
    # The file itself tells its beginning, to the packet.
    assert (citizen.started_at - start).total_seconds() == pytest.approx(0.2, abs=0.001)
    assert (agent.started_at - start).total_seconds() == pytest.approx(3.0, abs=0.001)
    assert citizen.keep_until == citizen.started_at + timedelta(days=1825)
    clock.advance(MINUTE)
    await register.enter_call("c1")
    assert await losses(store) == []


async def test_what_a_killed_exchange_left_is_mended(
    register: RecordingRegister, store: Store, clock: ManualClock, folder: Path
) -> None:
    await ended_call(store, clock.now() - MINUTE, agent_recording="")
    record(folder / CITIZEN, 30, clock.now(), closed=False)
    assert await register.look() == 0  # it may still be written
    clock.advance(MINUTE)
    assert await register.look() == 1
    (row,) = await entered(store)
    assert (row.seconds, row.checked) == (30.0, "")
    assert is_closed(folder / CITIZEN) and checksum(folder / CITIZEN) == row.sha256
    with wave.open(str(folder / CITIZEN)) as sound:
        assert sound.getnframes() == 30 * 8000
    assert await losses(store) == ["市民的录音不完整：通话 60 秒，留下 30 秒"]
    await register.enter_call("c1")
    assert len(await losses(store)) == 1


async def test_what_was_never_recorded_is_said(
    register: RecordingRegister, store: Store, clock: ManualClock, folder: Path
) -> None:
    await ended_call(store, clock.now() - MINUTE)
    record(folder / CITIZEN, 0, clock.now())
    clock.advance(MINUTE)
    assert await register.look() == 0
    assert sorted(await losses(store)) == ["坐席的录音没有留下", "市民的录音没有留下"]
    assert seconds_of(folder / AGENT) == 0


async def test_parties_and_messages_too(
    register: RecordingRegister, store: Store, clock: ManualClock, folder: Path
) -> None:
    start = clock.now() - MINUTE
    await ended_call(store, start, citizen_recording="", agent_recording="")
    expert, message = "2026/11/02/c1/party-1.wav", "2026/11/02/m1/voicemail.wav"
    async with store.transaction() as work:
        work.session.add(
            CallParty(
                call_id="c1",
                kind=PartyKind.EXPERT,
                name="城管专家",
                recording=expert,
                recording_at=start + timedelta(seconds=20),
            )
        )
        work.session.add(
            Contact(
                id="m1",
                channel=Channel.VOICEMAIL,
                started_at=start,
                outcome=ContactOutcome.VOICEMAIL_LEFT,
                recording=message,
            )
        )
    record(folder / expert, 10, start + timedelta(seconds=30))
    record(folder / message, 5, clock.now())
    assert await register.look() == 2
    of_expert, of_message = await entered(store)
    assert (of_expert.leg, of_expert.party_name, of_expert.call_id) == (
        Leg.THIRD,
        "城管专家",
        "c1",
    )
    assert (of_message.contact_id, of_message.call_id) == ("m1", None)
    assert await register.look() == 0


async def kept_call(
    register: RecordingRegister, store: Store, clock: ManualClock, folder: Path
) -> None:
    await ended_call(store, clock.now() - MINUTE)
    record(folder / CITIZEN, 60, clock.now())
    record(folder / AGENT, 57, clock.now())
    assert await register.look() == 2


async def test_deleted_when_its_time_is_over_and_not_before(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
    settings: Settings,
) -> None:
    await kept_call(register, store, clock, folder)
    played, other = (settings.mixes_dir / name for name in ("c1-0123.wav", "c2-0123.wav"))
    settings.mixes_dir.mkdir()
    for mix in (played, other):
        mix.touch()
    clock.advance(timedelta(days=1824))
    assert (await retention.run()).deleted == ()
    clock.advance(timedelta(days=2))
    assert sorted((await retention.run(dry=True)).deleted) == [AGENT, CITIZEN]
    assert (folder / CITIZEN).exists()
    assert sorted((await retention.run()).deleted) == [AGENT, CITIZEN]
    assert list(folder.iterdir()) == []
    assert (played.exists(), other.exists()) == (False, True)
    assert all(row.deleted_at == clock.now() for row in await entered(store))
    assert (await retention.run()).deleted == ()
    assert await register.look() == 0


async def test_with_a_joined_file_go_the_pieces_that_nobody_entered(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
) -> None:
    joined = "2026/11/02/c1/agent.wav"
    await ended_call(store, clock.now() - MINUTE, agent_recording=joined)
    async with store.transaction() as work:
        work.session.add(CallParty(call_id="c1", kind=PartyKind.AGENT, recording=AGENT))
    for path in (CITIZEN, AGENT, joined, "2026/11/02/c1/agent-2.wav"):
        record(folder / path, 57, clock.now())
    assert await register.look() == 3
    async with store.transaction() as work:
        own = await work.session.scalar(select(Recording).where(Recording.path == AGENT))
        assert own is not None
        own.keep_until += timedelta(days=10)
    clock.advance(timedelta(days=1826))
    await retention.run()
    assert [file.name for file in folder.rglob("*.wav")] == ["agent-1.wav"]


async def test_files_that_no_call_knows_go_with_the_oldest(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
) -> None:
    await kept_call(register, store, clock, folder)
    stray, message = folder / "2026/11/02/1795400829.0/caller.wav", folder / "voicemail/1.wav"
    for path in (stray, message):
        record(path, 2, clock.now())
    clock.advance(timedelta(days=4014))
    assert (await retention.run()).strays == ()
    clock.advance(timedelta(days=2))
    assert (await retention.run()).strays == ("2026/11/02/1795400829.0/caller.wav",)
    assert list(folder.rglob("*.wav")) == [message]


async def test_the_daily_run_waits_for_its_hour(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
    rules: Rules,
) -> None:
    await kept_call(register, store, clock, folder)
    clock.advance(timedelta(days=1850))
    hours = []
    for _ in range(25):
        await retention.daily()
        if not (folder / CITIZEN).exists():
            hours.append(clock.now().astimezone(rules.zone).hour)
        clock.advance(timedelta(hours=1))
    assert hours and hours[0] == 3


async def test_a_hold_keeps_all_of_the_call(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
    people: dict[str, Actor],
) -> None:
    await kept_call(register, store, clock, folder)
    holds, leader = LegalHolds(store, clock), people["banzhang"]
    with pytest.raises(InvalidInput):
        await holds.place(leader, "c1", "  ")
    with pytest.raises(NotFound):
        await holds.place(leader, "c2", "诉讼")
    first = await holds.place(leader, "c1", "诉讼")
    second = await holds.place(leader, "c1", "审计")
    clock.advance(timedelta(days=1900))
    await holds.release(leader, first.id, "结案")
    done = await retention.run()
    assert (done.deleted, sorted(done.held)) == ((), [AGENT, CITIZEN])
    await holds.release(leader, second.id, "审计结束")
    assert len((await retention.run()).deleted) == 2


async def test_a_hold_that_comes_after_the_run_has_begun_keeps_all_that_is_still_there(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
    people: dict[str, Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Holds were read, and what is due was chosen: then one is placed."""
    await kept_call(register, store, clock, folder)
    ring = folder / "2026/11/02/c1/agent-9.wav"  # nobody answered it: no row of its own
    record(ring, 1, clock.now())
    clock.advance(timedelta(days=4016))
    holds, go_on = LegalHolds(store, clock), retention._prolong

    async def placed_meanwhile(longer: dict[str, datetime]) -> None:
        await holds.place(people["banzhang"], "c1", "诉讼")
        await go_on(longer)

    monkeypatch.setattr(retention, "_prolong", placed_meanwhile)
    done = await retention.run()
    assert (done.deleted, done.strays, sorted(done.held)) == ((), (), [AGENT, CITIZEN])
    assert all((folder / path).exists() for path in (AGENT, CITIZEN, ring))
    assert all(row.deleted_at is None for row in await entered(store))


async def test_a_hold_waits_for_the_file_that_is_being_deleted_and_keeps_the_next(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
    people: dict[str, Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await kept_call(register, store, clock, folder)
    clock.advance(timedelta(days=1826))
    remove, removing, go_on = retention._remove, threading.Event(), threading.Event()

    def slowly(path: Path, others: set[Path]) -> None:
        removing.set()
        assert go_on.wait(20)
        remove(path, others)

    monkeypatch.setattr(retention, "_remove", slowly)
    run = asyncio.create_task(retention.run())
    assert await asyncio.to_thread(removing.wait, 20)
    placing = asyncio.create_task(LegalHolds(store, clock).place(people["banzhang"], "c1", "诉讼"))
    done, _ = await asyncio.wait([placing], timeout=0.5)
    assert not done, "a hold was promised for a file that was just being deleted"
    go_on.set()
    hold = await placing
    first = await run
    assert len(first.deleted) + len(first.held) == 2
    gone = [row for row in await entered(store) if row.deleted_at is not None]
    assert [row.path for row in gone] == list(first.deleted)
    assert [path.exists() for path in map(folder.joinpath, first.held)] == [True] * len(first.held)
    assert (hold.released_at, (await retention.run()).deleted) == (None, ())


async def test_a_call_with_an_order_is_kept_as_long_as_orders(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
    desk: Desk,
) -> None:
    await kept_call(register, store, clock, folder)
    await desk.open(call_id="c1")
    clock.advance(timedelta(days=1826))
    assert sorted((await retention.run()).prolonged) == [AGENT, CITIZEN]
    clock.advance(timedelta(days=2188))
    assert (await retention.run()).deleted == ()
    clock.advance(timedelta(days=2))
    assert len((await retention.run()).deleted) == 2


async def test_changed_and_missing_files_are_found(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
) -> None:
    await kept_call(register, store, clock, folder)
    assert await retention.verify() == []
    with (folder / CITIZEN).open("r+b") as file:
        file.seek(1000)
        file.write(b"\0")
    (folder / AGENT).unlink()
    faults = await retention.verify()
    assert sorted(faults, key=lambda fault: fault.path) == [
        Fault(path=AGENT, what=MISSING),
        Fault(path=CITIZEN, what=CHANGED),
    ]
    assert [row.checked for row in await entered(store)] == [MISSING, CHANGED]


class Told(NoAlerts):
    """Keeps what a shift leader would be told."""

    def __init__(self) -> None:
        self.raised: list[str] = []
        self.settled = 0

    async def raise_alert(self, kind: AlertKind, matter: str, text: str, **_: object) -> str:
        assert kind is AlertKind.DISK_LOW
        self.raised.append(text)
        return matter

    async def settle(self, matter: str) -> bool:
        self.settled += 1
        return True


async def test_the_shift_leader_is_told_before_the_disk_is_full(folder: Path) -> None:
    told = Told()
    await DiskWatch(folder, 1, told).look()
    assert (told.raised, told.settled) == ([], 1)
    await DiskWatch(folder, 1 << 40, told).look()
    assert len(told.raised) == 1 and "只剩" in told.raised[0]
    folder.rmdir()
    folder.write_text("a file where the folder should be")
    await DiskWatch(folder, 1, told).look()
    assert "无法写入" in told.raised[1]


def test_too_short_a_time_is_refused(tmp_path: Path) -> None:
    rules = rule_file(FILE).read_text("utf-8")
    (tmp_path / "retention.yaml").write_text(
        rules.replace("call_days: 1825", "call_days: 30"), "utf-8"
    )
    with pytest.raises(ConfigurationError, match="call_days"):
        load_retention(tmp_path)


async def test_a_message_from_which_an_order_came_is_kept_as_long_as_the_calls(
    register: RecordingRegister,
    retention: Retention,
    store: Store,
    clock: ManualClock,
    folder: Path,
    desk: Desk,
) -> None:
    for one in ("m1", "m2"):
        message = f"2026/11/02/{one}/voicemail.wav"
        left = {"started_at": clock.now() - MINUTE, "outcome": ContactOutcome.VOICEMAIL_LEFT}
        async with store.transaction() as work:
            contact = Contact(id=f"contact-{one}", channel=Channel.PHONE, recording=message, **left)
            work.session.add(contact)
        await ended_call(
            store,
            clock.now() - MINUTE,
            id=one,
            contact_id=f"contact-{one}",
            answered_at=None,
            outcome=ContactOutcome.VOICEMAIL_LEFT,
            citizen_recording="",
            agent_recording="",
        )
        record(folder / message, 5, clock.now())
    assert await register.look() == 2
    await desk.signed(call_id="m1")
    clock.advance(timedelta(days=1826))
    done = await retention.run()
    assert (done.prolonged, done.deleted) == (
        ("2026/11/02/m1/voicemail.wav",),
        ("2026/11/02/m2/voicemail.wav",),
    )
