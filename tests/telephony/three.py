"""Three on the phone: a citizen, an agent, and somebody whom the agent fetches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select

from models.events import CallAnswered, CallPartyChanged
from models.ports import PartyChoice
from models.tables import CallEventRow, CallParty
from models.vocabulary import CallEventKind
from tests.support.rtp import Voice
from tests.support.sip_agent import Ring, SipAgent
from tests.support.sipp import Phone, calling, citizen
from tests.support.tones import tone_ulaw
from tests.telephony.floor import CallFloor

#: What each sings, in Hz: far from each other and from the tones of the network.
CITIZEN, AGENT, PARTY = 700, 1100, 1700
ALL = (CITIZEN, AGENT, PARTY)
EMERGENCY = PartyChoice(emergency="110")
EXPERT = PartyChoice(expert="rs-sb")


@dataclass(kw_only=True)
class Talk:
    """A citizen and an agent on the line; each sings an own tone."""

    floor: CallFloor
    call_id: str
    agent_id: str
    phone: SipAgent
    ring: Ring
    citizen: Phone
    voice: Voice

    async def party(self, step: str, nth: int = 1) -> CallPartyChanged:
        """Wait for the nth time that a party is ``ringing``, ``joined``, ``held`` or ``left``."""

        def found() -> list[CallPartyChanged]:
            return [one for one in self.floor.all(CallPartyChanged) if one.step == step]

        await self.floor.until(lambda: len(found()) >= nth)
        return found()[nth - 1]


async def parties_of(floor: CallFloor, call_id: str) -> list[CallParty]:
    """The rows, first come first."""
    async with floor.store.read() as session:
        rows = select(CallParty).where(CallParty.call_id == call_id).order_by(CallParty.joined_at)
        return list(await session.scalars(rows))


async def history(floor: CallFloor, call_id: str) -> list[CallEventKind]:
    """What was done with others in the call."""
    async with floor.store.read() as session:
        rows = select(CallEventRow).where(CallEventRow.call_id == call_id)
        kinds = [row.kind for row in await session.scalars(rows.order_by(CallEventRow.at))]
    return [kind for kind in kinds if kind.value.startswith(("CONSULT", "CONFER", "TRANSF"))]


async def lines(floor: CallFloor, call_id: str, kind: CallEventKind) -> list[CallEventRow]:
    """What the history says of one kind of deed, in order."""
    query = select(CallEventRow).where(CallEventRow.call_id == call_id, CallEventRow.kind == kind)
    async with floor.store.read() as session:
        return list(await session.scalars(query.order_by(CallEventRow.at)))


@asynccontextmanager
async def talking(floor: CallFloor) -> AsyncIterator[Talk]:
    """A call that was answered."""
    async with (
        floor.agent("王芳", "1901") as (agent_id, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port, talks_for=90) as caller,
    ):
        ring = await phone.rung()
        phone.answer(ring)
        answered = await floor.happened(CallAnswered)
        voice.say(tone_ulaw(CITIZEN))
        phone.voice.say(tone_ulaw(AGENT))
        yield Talk(
            floor=floor,
            call_id=answered.call_id,
            agent_id=agent_id,
            phone=phone,
            ring=ring,
            citizen=caller,
            voice=voice,
        )


@asynccontextmanager
async def outsider(
    floor: CallFloor, *, rings_for: float = 0.5
) -> AsyncIterator[tuple[Phone, Voice]]:
    """An expert's or 110's telephone, which rings, answers and sings."""
    async with (
        await Voice.open() as voice,
        citizen(floor.asterisk, media_port=voice.port, talks_for=90, rings_for=rings_for) as phone,
    ):
        voice.say(tone_ulaw(PARTY))
        yield phone, voice
