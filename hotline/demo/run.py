"""One run of the demonstration: N citizens ring, agents answer, orders go their way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.demo_staff import DemoPerson, load_demo_staff
from config.departments import load_departments
from config.phones import desk_phone_names
from config.secrets import Secrets, load_or_create_secrets
from config.settings import Settings
from hotline.demo.agent import OpenedOrder, ScriptedAgent
from hotline.demo.client import Client, RequestFailed
from hotline.demo.office import Office
from hotline.demo.story import CallerScript, Story
from hotline.demo.taken import TakenCalls
from hotline.simulation.rtp import Voice
from hotline.simulation.sip_agent import SipAgent
from hotline.simulation.sipp import PhoneError, calling
from hotline.simulation.sound import spoken_ulaw
from models.errors import ConfigurationError
from models.store import Store
from models.tables import Call, ClosureScore, Contact, UtteranceRow, WorkOrder

#: A caller who is not answered in this time gives up, as people do.
PATIENCE_SECONDS = 180.0
#: Listening to the agent's first sentence before speaking, and staying on after the last word.
LISTEN_SECONDS = 3.0
LAST_WORDS_SECONDS = 2.0


@dataclass(kw_only=True)
class Tally:
    """What the demonstration believes it did."""

    called: int = 0
    failed: list[str] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the database says came of it."""

    calls: int
    answered: int
    contacts: int
    utterances: int
    orders: int
    closed: int
    scored: int
    mean_score: float | None


class Demonstration:
    """See the module. ``on_step`` is told after each call and each order."""

    def __init__(self, settings: Settings, seed: int, on_step: Callable[[str], None]) -> None:
        self._settings = settings
        self._secrets: Secrets = load_or_create_secrets(settings)
        self._story = Story(seed)
        self._people = load_demo_staff(settings.rules)
        self._on_step = on_step
        self._orders: asyncio.Queue[OpenedOrder] = asyncio.Queue()
        self._taken = TakenCalls()
        self.tally = Tally()

    @property
    def _base_url(self) -> str:
        host = self._settings.web.host
        reachable = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        return f"http://{reachable}:{self._settings.web.port}"

    @property
    def _exchange(self) -> tuple[str, int]:
        return self._settings.asterisk.sip_bind, self._settings.asterisk.sip_port

    async def run(self, calls: int) -> Tally:
        """Let ``calls`` citizens ring and everything come of it.

        :raises ConfigurationError: when there is nobody to answer.
        """
        async with AsyncExitStack() as stack:
            office = await stack.enter_async_context(
                Office(self._base_url, self._secrets.demo_password, self._people, self._story)
            )
            agents = await self._agents(stack)
            desk = asyncio.create_task(self._work_off(office))
            await self._ring_all(self._story.callers(calls), len(agents))
            await self._until_written_down()
            await self._orders.join()
            for task in [*agents, desk]:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        return self.tally

    async def _agents(self, stack: AsyncExitStack) -> list[asyncio.Task[None]]:
        phones = desk_phone_names(self._settings.telephony)
        people = [person for person in self._people if person.extension in phones]
        if not people:
            raise ConfigurationError("没有可用的模拟坐席：telephony.desk_phones 至少为 1")
        return [await self._agent(stack, person) for person in people]

    async def _agent(self, stack: AsyncExitStack, person: DemoPerson) -> asyncio.Task[None]:
        client = await stack.enter_async_context(
            Client(self._base_url, person.username, self._secrets.demo_password)
        )
        signed_in = await client.post("/api/agent/sign-in")
        stack.push_async_callback(client.post, "/api/agent/sign-out")
        account = signed_in["account"]
        phone = await stack.enter_async_context(
            SipAgent.registered(account["extension"], account["password"], self._exchange)
        )
        default = load_departments(self._settings.rules).hotline
        agent = ScriptedAgent(client, phone, self._story, self._taken, self._orders.put, default)
        return asyncio.create_task(agent.work(), name=f"agent {person.username}")

    async def _ring_all(self, callers: list[CallerScript], at_once: int) -> None:
        """One caller more than agents, so that the queue is used too."""
        places = asyncio.Semaphore(at_once + 1)

        async def ring(caller: CallerScript) -> None:
            async with places:
                await self._ring(caller)

        await asyncio.gather(*(ring(caller) for caller in callers))

    async def _ring(self, caller: CallerScript) -> None:
        self.tally.called += 1
        try:
            await self._speak_with_an_agent(caller)
        except (PhoneError, TimeoutError) as error:
            self.tally.failed.append(f"{caller.number}：{error or '无人接听'}")
        self._on_step("call")

    async def _speak_with_an_agent(self, caller: CallerScript) -> None:
        words = spoken_ulaw(caller.words, voice=caller.voice, speed=caller.speed)
        async with (
            await Voice.open() as voice,
            calling(
                self._exchange,
                number=caller.number,
                dials=self._settings.telephony.hotline_number,
                media_port=voice.port,
                gives_up_after=PATIENCE_SECONDS,
                talks_for=PATIENCE_SECONDS,
            ) as phone,
        ):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._taken.of(caller.number)
            await asyncio.sleep(LISTEN_SECONDS)
            voice.say(words)
            await voice.has_spoken()
            await asyncio.sleep(LAST_WORDS_SECONDS)
            await phone.hang_up()

    async def _work_off(self, office: Office) -> None:
        while True:
            order = await self._orders.get()
            try:
                state = order.state
                if state == "DISPATCHED":
                    state = await office.handle(order.order_id, order.department, order.destination)
                self.tally.orders[order.order_id] = state
            except RequestFailed as error:
                self.tally.failed.append(str(error))
            finally:
                self._orders.task_done()
                self._on_step("order")

    async def _until_written_down(self) -> None:
        """Agents finish what they write after the last call."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._taken.all_written()


async def summarise(settings: Settings) -> Summary:
    """Count in the database, apart from what the demonstration believes."""
    store = Store(settings.effective_database_url)
    try:
        async with store.read() as session:
            return await _count(session)
    finally:
        await store.close()


async def _count(session: AsyncSession) -> Summary:
    async def number(query: Select[Any]) -> int:
        return await session.scalar(query) or 0

    mean = await session.scalar(select(func.avg(ClosureScore.score)))
    return Summary(
        calls=await number(select(func.count()).select_from(Call)),
        answered=await number(select(func.count(Call.answered_at))),
        contacts=await number(select(func.count()).select_from(Contact)),
        utterances=await number(select(func.count()).select_from(UtteranceRow)),
        orders=await number(select(func.count()).select_from(WorkOrder)),
        closed=await number(select(func.count(WorkOrder.closed_at))),
        scored=await number(select(func.count(func.distinct(ClosureScore.order_id)))),
        mean_score=None if mean is None else round(float(mean), 1),
    )
