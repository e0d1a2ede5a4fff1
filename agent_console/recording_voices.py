"""Whose voice a recording holds, and who may hear it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_console.people import Person
from models.tables import CallEventRow, CallParty, Recording
from models.vocabulary import CallEventKind, PartyKind

#: A leader who did one of these spoke to the citizen; one who only listened did not.
_OPENLY = (CallEventKind.BARGED_IN, CallEventKind.TAKEN_OVER)


@dataclass(frozen=True, kw_only=True)
class Voices:
    """Who is on the files of one call, by the path of the file."""

    parties: Mapping[str, CallParty]
    #: Leaders who spoke to the citizen.
    spoke: frozenset[str]

    def label(self, row: Recording) -> str:
        """What kind of party it is, in words."""
        party = self.parties.get(row.path)
        return party.kind.label if party else row.leg.label

    def audible(self, rows: Sequence[Recording], person: Person) -> list[Recording]:
        """Those this person may hear: that a leader listened is the business of the floor."""
        return [row for row in rows if self.may_hear(row, person)]

    def may_hear(self, row: Recording, person: Person) -> bool:
        """Everything but a leader's own file of a call that the leader only listened to."""
        party = self.parties.get(row.path)
        if party is None or party.kind is not PartyKind.SUPERVISOR:
            return True
        own = party.agent_id == person.staff_id
        return own or party.agent_id in self.spoke or person.may("call.floor")


async def voices_of(session: AsyncSession, call_id: str) -> Voices:
    """The parties of a call with what they left."""
    parties = select(CallParty).where(CallParty.call_id == call_id, CallParty.recording != "")
    openly = select(CallEventRow.actor).where(
        CallEventRow.call_id == call_id, CallEventRow.kind.in_(_OPENLY)
    )
    return Voices(
        parties={party.recording: party for party in await session.scalars(parties)},
        spoke=frozenset(await session.scalars(openly)),
    )
