"""A call center in a process of its own, that can be killed, and what survives it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from config.settings import PROJECT_ROOT
from models.clock import SystemClock
from models.ids import new_id
from models.store import Store
from models.tables import Staff
from models.vocabulary import Role
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sip_agent import SipAgent
from tests.support.sipp import Phone, calling
from tests.support.sound import spoken_ulaw
from tests.telephony.sounds import hear_each_other

#: A new Python with all our parts, on a machine that others use too.
_START_SECONDS = 90.0
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

    def order(self, *words: str) -> None:
        """Ask something of it, and wait for no answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")

    async def command(self, *words: str) -> Any:
        """Ask something of it."""
        self.order(*words)
        async with asyncio.timeout(15):
            return await self.answers.get()

    async def tells(self, kind: str, within: float = 20.0, **content: str) -> dict[str, Any]:
        """Wait for an event."""
        wanted = {"type": kind, **content}
        async with asyncio.timeout(within):
            while True:
                for event in self.told:
                    if wanted.items() <= event.items():
                        return event
                await asyncio.sleep(0.02)

    async def agent_is(self, agent: str, state: str) -> dict[str, Any]:
        """Wait until an agent does something; the whole presence."""
        async with asyncio.timeout(20):
            while True:
                presence: dict[str, Any] = await self.command("presence", agent)
                if presence["state"] == state:
                    return presence
                await asyncio.sleep(0.05)

    async def phone_is_online(self, agent: str) -> None:
        """Wait until the agent's phone is known."""
        async with asyncio.timeout(20):
            while True:
                if (await self.command("presence", agent))["phone_online"]:
                    return
                await asyncio.sleep(0.05)

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

    async def hire(self, name: str, extension: str, role: Role = Role.AGENT) -> str:
        """One more who works here; returns the id."""
        staff = Staff(
            id=new_id(),
            username=f"{name}-{extension}",
            name=name,
            password_hash="-",
            roles=[role.value],
            department="12345",
            extension=extension,
            created_at=SystemClock().now(),
        )
        async with self.store.transaction() as work:
            work.session.add(staff)
        return staff.id

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
            await driver.tells("started", within=_START_SECONDS)
            yield driver
        finally:
            if process.returncode is None:
                process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
                async with asyncio.timeout(15):
                    await process.wait()
            await listener


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
            await hear_each_other(voice, phone.voice)
            voice.say(spoken_ulaw(LONG_SPEECH))
            phone.voice.say(spoken_ulaw(LONG_SPEECH))
            yield driver, answered["call_id"], phone, voice, caller
