"""Whatever two agents do with a call, in whatever order: it is refused in words, or it is done."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from models.errors import HotlineError
from models.events import CallAnswered, CallEnded
from models.ports import PartyChoice
from models.vocabulary import AgentState, CallState, ContactOutcome, TransferKind
from tests.support.sip_agent import Ring, SipAgent
from tests.support.sipp import PhoneError, calling
from tests.telephony.floor import CallFloor
from tests.telephony.three import parties_of

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

DEEDS = (
    *("consult", "consult", "swap", "conference", "end", "leave", "complete", "blind", "line"),
    *("hold", "resume", "drop", "keys", "agent hangs up", "colleague hangs up", "both"),
)


@asynccontextmanager
async def lifting(phone: SipAgent, chance: random.Random) -> AsyncIterator[list[Ring]]:
    """A phone whose owner answers after a while, and sometimes declines to be asked."""
    rings: list[Ring] = []

    async def lift() -> None:
        while True:
            ring = await phone.rung(3600)
            await asyncio.sleep(chance.random() / 4)
            if ring.over.is_set():
                continue
            asked = ring.invite.get("X-Party-Id")
            if asked and chance.random() < 0.2:
                phone.decline(ring)
            else:
                phone.answer(ring)
                rings.append(ring)

    task = asyncio.create_task(lift())
    try:
        yield rings
    finally:
        task.cancel()


class Story:
    """One call, and two who press buttons."""

    def __init__(self, floor: CallFloor, call_id: str, agents: list[str]) -> None:
        self.floor, self.call_id, self.agents = floor, call_id, agents

    async def do(self, deed: str, rings: list[list[Ring]], phones: list[SipAgent]) -> None:
        """A deed by whoever has the call now, as the console would ask for it."""
        desk, calls = self.floor.calls.desk, self.floor.calls
        views = [one for one in calls.floor().calls if one.call_id == self.call_id]
        if not views:
            return
        me = next((one for one in self.agents if one == views[0].agent_id), self.agents[0])
        other = next(one for one in self.agents if one != me)
        colleague, mine = PartyChoice(agent_id=other), (self.call_id, me)
        parties = [one.party_id for one in views[0].parties] or ["nobody"]
        match deed:
            case "consult":
                await desk.consult(*mine, colleague)
            case "swap":
                await desk.swap(*mine)
            case "conference":
                await desk.conference(*mine)
            case "end":
                await desk.end_consultation(*mine)
            case "leave":
                await desk.leave_conference(*mine)
            case "complete":
                await desk.transfer(*mine, TransferKind.ATTENDED, PartyChoice())
            case "blind":
                await desk.transfer(*mine, TransferKind.BLIND, colleague)
            case "line":
                queue = PartyChoice(queue="general")
                await desk.transfer(*mine, TransferKind.BLIND, queue)
            case "hold":
                await calls.hold(*mine)
            case "resume":
                await calls.resume(*mine)
            case "drop":
                await desk.drop_party(*mine, parties[0])
            case "keys":
                await desk.press_keys(*mine, "1")
            case "both":
                deeds = (desk.conference(*mine), desk.end_consultation(*mine))
                await asyncio.gather(*deeds, return_exceptions=True)
            case _:
                who = self.agents.index(me if deed.startswith("agent") else other)
                talking = [ring for ring in rings[who] if not ring.over.is_set()]
                if talking:
                    with suppress(TimeoutError):
                        await phones[who].hang_up(talking[-1])


@pytest.mark.parametrize("seed", [5, 11])
async def test_random_deeds_leave_nobody_behind(floor: CallFloor, seed: int) -> None:
    chance = random.Random(seed)
    async with (
        floor.agent("王芳", "1901") as (first, phone),
        floor.agent("李娜", "1902") as (second, other),
        lifting(phone, chance) as mine,
        lifting(other, chance) as others,
    ):
        for life in range(1, 4):
            async with calling(floor.asterisk, talks_for=60) as citizen:
                answered = await floor.happened(CallAnswered, len(floor.all(CallAnswered)) + 1)
                story = Story(floor, answered.call_id, [first, second])
                for deed in chance.choices(DEEDS, k=8):
                    with suppress(HotlineError):
                        await story.do(deed, [mine, others], [phone, other])
                    await asyncio.sleep(chance.random() / 3)
                with suppress(PhoneError):
                    await citizen.hang_up()
            ended = await floor.happened(CallEnded, life)
            call, _ = await floor.rows(ended.call_id)
            assert (call.state, call.outcome) == (CallState.ENDED, ContactOutcome.SERVED)
            assert all(one.left_at for one in await parties_of(floor, call.id))
            for agent in (first, second):
                await released(floor, agent)


async def released(floor: CallFloor, agent: str) -> None:
    """The agent has no call any more; make ready for the next one."""
    free = (AgentState.READY, AgentState.BUSY, AgentState.WRAP_UP)
    await floor.until(lambda: floor.calls.presence(agent).state in free)
    await floor.calls.set_state(agent, AgentState.READY)
