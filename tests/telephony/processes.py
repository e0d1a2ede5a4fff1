"""Several ``hotline serve`` on one Asterisk, PostgreSQL and Redis, with agents and callers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import string
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, Select, func, select

from agent_console.accounts import NewStaff, create_staff
from hotline.demo.client import Client
from hotline.simulation.sip_agent import Ring, SipAgent
from models.store import Store
from models.tables import Call
from models.vocabulary import Role
from tests.support.asterisk import RunningAsterisk
from tests.support.hotline import RunningHotline, reuse_text_model
from tests.support.ports import free_ports
from tests.support.sound import spoken_ulaw

_SCENARIO = Path(__file__).with_name("patient_callers.xml")
_FIRST_SEAT = 1901
#: Of one process, while others already work on the same machine.
START_SECONDS = 180.0


class _Template(string.Template):
    delimiter = "%"


@dataclass(kw_only=True)
class Seat:
    """An agent who answers each ring, talks, and hangs up; and who is never rung twice at once."""

    phone: SipAgent
    client: Client
    #: While it is clear nobody hangs up.
    may_hang_up: asyncio.Event
    talk_seconds: float
    answered: int = 0
    rung_while_busy: list[str] = field(default_factory=list)

    async def work(self) -> None:
        """For ever."""
        while True:
            ring = await self.phone.rung(within=600)
            self._look(ring)
            self.phone.answer(ring)
            self.answered += 1
            await self._talk(ring)

    def _look(self, ring: Ring) -> None:
        busy = [one for one in self.phone.rings if one is not ring and not one.over.is_set()]
        if busy:
            self.rung_while_busy.append(ring.invite.get("X-Call-Id"))

    async def _talk(self, ring: Ring) -> None:
        with contextlib.suppress(TimeoutError):
            await ring.ends(within=self.talk_seconds)
        await self.may_hang_up.wait()
        if not ring.over.is_set():
            await self.phone.hang_up(ring)


@dataclass(kw_only=True)
class Processes:
    """The processes by the name of their application, and what they share."""

    asterisk: RunningAsterisk
    by_app: dict[str, RunningHotline]
    store: Store
    may_hang_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def rows(self, query: Executable) -> list[Any]:
        """What the database says."""
        async with self.store.read() as session:
            return list((await session.execute(query)).all())

    async def until(
        self, query: Select[Any], count: int, within: float = 60.0, beyond: bool = False
    ) -> None:
        """Wait until a query counts so much (``beyond``: or more, of what only grows)."""
        found, deadline = -1, asyncio.get_running_loop().time() + within
        while found != count:
            async with self.store.read() as session:
                found = await session.scalar(query) or 0
            if found > count and beyond:
                return
            late = asyncio.get_running_loop().time() > deadline
            assert found == count or not late, f"{found}, not {count}, of {query}"
            await asyncio.sleep(0.1)

    async def open_calls(self) -> dict[str, int]:
        """How many living calls each process has."""
        query = select(Call.app, func.count()).where(Call.ended_at.is_(None)).group_by(Call.app)
        return dict(await self.rows(query))

    async def kill(self, app: str) -> None:
        """Without a word."""
        await self.by_app[app].kill()

    def freeze(self, app: str) -> None:
        """It does nothing any more, and does not know of it."""
        self._send(app, signal.SIGSTOP)

    def thaw(self, app: str) -> None:
        """It goes on as if nothing had been."""
        self._send(app, signal.SIGCONT)

    def _send(self, app: str, number: signal.Signals) -> None:
        process = self.by_app[app].process
        assert process is not None
        process.send_signal(number)

    @asynccontextmanager
    async def seats(self, count: int, talk_seconds: float) -> AsyncIterator[list[Seat]]:
        """Agents, signed in at one process after another, not ready yet."""
        self.may_hang_up.set()
        hotlines = list(self.by_app.values())
        for number in range(count):
            await create_staff(self.store, _new_agent(number), hotlines[0].password)
        async with AsyncExitStack() as stack:
            seats = []
            for number in range(count):
                hotline = hotlines[number % len(hotlines)]
                client = await stack.enter_async_context(hotline.signed_in(f"seat{number}"))
                account = (await client.post("/api/agent/sign-in"))["account"]
                server = ("127.0.0.1", self.asterisk.settings.asterisk.sip_port)
                phone = await stack.enter_async_context(
                    SipAgent.registered(account["extension"], account["password"], server)
                )
                seats.append(
                    Seat(
                        phone=phone,
                        client=client,
                        may_hang_up=self.may_hang_up,
                        talk_seconds=talk_seconds + 0.2 * number,
                    )
                )
            work = [asyncio.create_task(seat.work()) for seat in seats]
            try:
                yield seats
            finally:
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)

    async def callers(self, count: int, rate: int, prefix: str) -> None:
        """So many callers, each of whom must be served.

        :raises AssertionError: with SIPp's own words, when one was not.
        """
        with tempfile.TemporaryDirectory(prefix="hotline-callers-") as workshop:
            folder = Path(workshop)
            sound = spoken_ulaw("你好，我要反映小区门口的路灯坏了一个星期。")
            values = {"prefix": prefix, "sound": str(sound), "patience_ms": "180000"}
            text = _Template(_SCENARIO.read_text()).substitute(values)
            (folder / "scenario.xml").write_text(text)
            program = await asyncio.create_subprocess_exec(
                *self._sipp(count, rate),
                cwd=folder,
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=DEVNULL,
                env=os.environ | {"TERM": "dumb"},
            )
            try:
                code = await program.wait()
            finally:
                if program.returncode is None:
                    program.kill()
                    await program.wait()
            errors = folder / "errors.log"
            assert code == 0, errors.read_text() if errors.exists() else code

    def _sipp(self, count: int, rate: int) -> list[str]:
        # fmt: off
        return [
            "sipp", self.asterisk.sip_address, "-s", "12345", "-sf", "scenario.xml", "-nostdin",
            "-i", "127.0.0.1", "-p", str(free_ports(1, kind="udp")[0]), "-mi", "127.0.0.1",
            "-r", str(rate), "-rp", "1000", "-m", str(count), "-l", str(count),
            "-trace_err", "-error_file", "errors.log",
        ]
        # fmt: on


def _new_agent(number: int) -> NewStaff:
    return NewStaff(
        username=f"seat{number}",
        name=f"坐席{number}",
        roles=[Role.AGENT],
        department="D-HL",
        extension=str(_FIRST_SEAT + number),
    )


@asynccontextmanager
async def running_processes(
    asterisk: RunningAsterisk, database_url: str, redis_url: str
) -> AsyncIterator[Processes]:
    """Start one for each application of this Asterisk, and stop them at the end."""
    await asyncio.to_thread(reuse_text_model, asterisk.settings.var)
    apps = asterisk.settings.asterisk.apps
    shared = _shared(asterisk, database_url, redis_url)
    by_app = {app: _process(asterisk, app, shared) for app in apps}
    code, printed = await by_app[apps[0]].command("init")
    assert code == 0, printed
    store = Store(database_url)
    try:
        for one in by_app.values():
            await one.start(within=START_SECONDS)
        yield Processes(asterisk=asterisk, by_app=by_app, store=store)
    finally:
        await asyncio.gather(*(one.stop() for one in by_app.values()))
        await store.close()


def _shared(asterisk: RunningAsterisk, database_url: str, redis_url: str) -> dict[str, str]:
    settings = asterisk.settings
    values = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DEMO": "false",
        "RULES": settings.rules or "",
        "ASTERISK__APPS": str(settings.asterisk.apps).replace("'", '"'),
        "TELEPHONY__SHARED_FLOOR": "true",
        "TELEPHONY__ADOPT_AFTER_SECONDS": settings.telephony.adopt_after_seconds,
    }
    return {f"HOTLINE_{name}": str(value) for name, value in values.items()}


def _process(asterisk: RunningAsterisk, app: str, shared: dict[str, str]) -> RunningHotline:
    settings = asterisk.settings
    own = settings.model_copy(
        update={
            "web": settings.web.model_copy(update={"port": free_ports(1)[0]}),
            "asterisk": settings.asterisk.model_copy(
                update={"ari_url": asterisk.process.ari_url, "app": app}
            ),
        }
    )
    return RunningHotline(
        settings=own,
        secrets=asterisk.secrets,
        asterisk=replace(asterisk, settings=own),
        log_file=settings.var / f"{app}.log",
        extra=shared | {"HOTLINE_ASTERISK__APP": app},
    )
