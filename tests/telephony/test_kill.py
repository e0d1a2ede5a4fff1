"""Our process is killed in mid-call: nobody notices, and the restarted one completes the record."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import PROJECT_ROOT
from models.clock import SystemClock
from models.ids import new_id
from models.store import Store
from models.tables import AgentStateLogRow, Call, Contact, Staff
from models.vocabulary import CallState, ContactOutcome, Role
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sip_agent import SipAgent
from tests.support.sipp import Phone, calling, citizen
from tests.support.sound import spoken_ulaw

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

LONG_SPEECH = "我家楼下的下水道堵了三天，污水流到路上，味道很大，希望尽快派人来疏通。" * 6


@dataclass(kw_only=True)
class Driver:
    """The call center's process, and what it told."""

    process: asyncio.subprocess.Process
    told: list[dict[str, Any]] = field(default_factory=list)
    answers: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    async def listen(self) -> None:
        """Read what it says."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            if not line.startswith(b"="):
                print(line.decode().rstrip())
                continue
            said = json.loads(line[1:])
            if said["type"] == "answer":
                self.answers.put_nowait(said["content"])
            else:
                self.told.append(said)

    async def command(self, *words: str) -> Any:
        """Ask something of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        async with asyncio.timeout(15):
            return await self.answers.get()

    async def tells(self, kind: str, **content: str) -> dict[str, Any]:
        """Wait for an event."""
        wanted = {"type": kind, **content}
        async with asyncio.timeout(20):
            while True:
                for event in self.told:
                    if wanted.items() <= event.items():
                        return event
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@dataclass(kw_only=True)
class Site:
    """What survives the process: Asterisk, database, agent."""

    asterisk: RunningAsterisk
    store: Store
    agent: str

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Driver]:
        """A running call center."""
        hidden = {"asterisk": {"ari_password"}}
        settings = self.asterisk.settings.model_dump(mode="json", exclude=hidden)
        given = json.dumps({"settings": settings, "database": self.store.url})
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.telephony.driver", given),
            cwd=PROJECT_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        driver = Driver(process=process)
        listener = asyncio.create_task(driver.listen())
        try:
            await driver.tells("started")
            yield driver
        finally:
            if process.returncode is None:
                process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
                async with asyncio.timeout(15):
                    await process.wait()
            await listener


@pytest.fixture
async def site(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[Site]:
    """An agent with a desk phone, in a database of its own."""
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'site.db'}")
    await store.migrate()
    staff = Staff(
        id=new_id(),
        username="wang",
        name="王芳",
        password_hash="-",
        roles=[Role.AGENT.value],
        department="12345",
        extension="1901",
        created_at=SystemClock().now(),
    )
    async with store.transaction() as work:
        work.session.add(staff)
    yield Site(asterisk=short_asterisk, store=store, agent=staff.id)
    assert await short_asterisk.is_empty(), await short_asterisk.channels()
    await store.close()


@asynccontextmanager
async def talking(site: Site) -> AsyncIterator[tuple[Driver, str, SipAgent, Voice, Phone]]:
    """A citizen and an agent who both speak; with the driver and the call's id."""
    async with (
        SipAgent.on_seat(site.asterisk, "1901") as phone,
        await Voice.open() as voice,
        site.driver() as driver,
    ):
        await driver.command("sign_in", site.agent)
        await driver.command("set_state", site.agent, "READY")
        async with calling(site.asterisk, media_port=voice.port, talks_for=90) as caller:
            phone.answer(await phone.rung())
            answered = await driver.tells("CallAnswered")
            voice.say(spoken_ulaw(LONG_SPEECH))
            phone.voice.say(spoken_ulaw(LONG_SPEECH))
            assert await voice.hears(0.5)
            assert await phone.voice.hears(0.5)
            yield driver, answered["call_id"], phone, voice, caller


async def only_call(site: Site) -> tuple[Call, Contact]:
    async with site.store.read() as session:
        call = (await session.scalars(select(Call))).one()
        contact = await session.get(Contact, call.contact_id)
    assert contact is not None
    return call, contact


async def test_a_talk_outlives_the_process_and_its_record_is_completed(site: Site) -> None:
    async with talking(site) as (first, call_id, phone, voice, caller):
        await first.kill()
        voice.forget()
        phone.voice.forget()
        assert await voice.hears(1.0)
        assert await phone.voice.hears(1.0)
        async with site.driver() as second:
            presence = await second.command("presence", site.agent)
            assert (presence["state"], presence["call_id"]) == ("TALKING", call_id)
            voice.forget()
            phone.voice.forget()
            assert await voice.hears(1.0)
            assert await phone.voice.hears(1.0)
            heard = await second.command("heard")
            assert len(heard) == 2 and all(heard.values()), heard
            await second.command("hang_up", call_id, site.agent)
            ended = await second.tells("CallEnded", call_id=call_id)
            await caller.finished()
    assert ended["transcript_incomplete"] is True
    call, contact = await only_call(site)
    assert call.state is CallState.ENDED
    assert contact.outcome is ContactOutcome.SERVED
    assert contact.reason == "坐席挂断"
    for path in (call.citizen_recording, call.agent_recording):
        assert (site.asterisk.settings.recordings_dir / path).stat().st_size > 32000


async def test_a_citizen_who_hangs_up_while_nobody_listens(site: Site) -> None:
    async with talking(site) as (first, _, _, _, caller):
        await first.kill()
        await caller.hang_up()
        gone = SystemClock().now()
        await asyncio.sleep(1.5)
        async with site.driver() as second:
            await second.tells("CallEnded")
            presence = await second.command("presence", site.agent)
            assert presence["state"] in ("WRAP_UP", "READY")
    call, contact = await only_call(site)
    assert contact.outcome is ContactOutcome.SERVED
    assert contact.reason == "系统重启期间通话已结束"
    assert call.ended_at is not None
    assert abs((call.ended_at - gone).total_seconds()) < 1.0
    async with site.store.read() as session:
        lines = list(await session.scalars(select(AgentStateLogRow)))
    assert sum(line.until is None for line in lines) == 1
    assert [line.state for line in lines][:4] == ["BUSY", "READY", "RINGING", "TALKING"]


async def test_a_caller_in_the_queue_waits_on(site: Site) -> None:
    async with (
        SipAgent.on_seat(site.asterisk, "1901") as phone,
        await Voice.open() as voice,
        site.driver() as first,
        calling(site.asterisk, media_port=voice.port, talks_for=90) as caller,
    ):
        queued = await first.tells("CallQueued")
        await first.kill()
        voice.forget()
        assert await voice.hears(0.5), "the music stopped"
        async with site.driver() as second:
            floor = await second.command("floor")
            assert [view["call_id"] for view in floor["waiting"]] == [queued["call_id"]]
            await second.command("sign_in", site.agent)
            await second.command("set_state", site.agent, "READY")
            phone.answer(await phone.rung())
            await second.tells("CallAnswered", call_id=queued["call_id"])
            await caller.hang_up()
            await second.tells("CallEnded")
    _, contact = await only_call(site)
    assert contact.outcome is ContactOutcome.SERVED


async def test_killed_while_an_agent_is_rung(site: Site) -> None:
    async with (
        SipAgent.on_seat(site.asterisk, "1901") as phone,
        site.driver() as first,
    ):
        await first.command("sign_in", site.agent)
        await first.command("set_state", site.agent, "READY")
        async with calling(site.asterisk, talks_for=90) as caller:
            broken_off = await phone.rung()
            await first.kill()
            async with site.driver() as second:
                await broken_off.ends()
                phone.answer(await phone.rung())
                await second.tells("CallAnswered")
                await caller.hang_up()
                await second.tells("CallEnded")
    call, contact = await only_call(site)
    assert contact.outcome is ContactOutcome.SERVED
    assert call.agent_id == site.agent


async def test_killed_on_hold(site: Site) -> None:
    async with talking(site) as (first, call_id, phone, _, caller):
        await first.command("hold", call_id, site.agent)
        await first.kill()
        async with site.driver() as second:
            presence = await second.command("presence", site.agent)
            assert presence["state"] == "HOLD"
            await second.command("resume", call_id, site.agent)
            phone.voice.forget()
            assert await phone.voice.hears(0.5)
            await caller.hang_up()
            await second.tells("CallEnded")
    call, _ = await only_call(site)
    assert call.outcome is ContactOutcome.SERVED


@pytest.mark.parametrize("when", ["ringing", "talking"])
async def test_killed_in_a_call_to_a_citizen(site: Site, when: str) -> None:
    async with (
        SipAgent.on_seat(site.asterisk, "1901") as phone,
        await Voice.open() as voice,
        citizen(site.asterisk, media_port=voice.port, rings_for=8, talks_for=60) as called,
        site.driver() as first,
    ):
        await first.command("sign_in", site.agent)
        call_id = await first.command("call_out", site.agent, "13812345678")
        phone.answer(await phone.rung())
        await called.reaches("ringing")
        if when == "talking":
            await first.tells("CallAnswered", call_id=call_id)
        await first.kill()
        async with site.driver() as second:
            if when == "ringing":
                await second.tells("CallAnswered", call_id=call_id)
            voice.say(spoken_ulaw(LONG_SPEECH))
            phone.voice.say(spoken_ulaw(LONG_SPEECH))
            voice.forget()
            phone.voice.forget()
            assert await voice.hears(1.0)
            assert await phone.voice.hears(1.0)
            await second.command("hang_up", call_id, site.agent)
            await called.finished()
            ended = await second.tells("CallEnded", call_id=call_id)
            assert ended["outcome"] == "SERVED"
    async with site.store.read() as session:
        call = (await session.scalars(select(Call))).one()
    assert call.state is CallState.ENDED
    for path in (call.citizen_recording, call.agent_recording):
        assert (site.asterisk.settings.recordings_dir / path).stat().st_size > 16000
