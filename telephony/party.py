"""Somebody who takes part in a call besides the citizen: whom to ring, and one time on the line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from models.ids import new_id
from models.ports import PartyView
from models.speech import Speaker
from models.tables import CallParty
from models.vocabulary import Leg, PartyKind

#: Staff of the hotline; all others are third parties.
_STAFF = (PartyKind.AGENT, PartyKind.SUPERVISOR)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Whom to ring, and where."""

    kind: PartyKind
    name: str
    number: str
    #: What Asterisk rings, e.g. ``PJSIP/1002`` or ``PJSIP/110@trunk``.
    endpoint: str
    agent_id: str | None = None
    #: The agent who wants it; None: the exchange itself.
    rung_by: str | None = None
    #: A transfer comes back to this agent, who is busy afterwards when not answering.
    summoned: bool = False
    party_id: str = field(default_factory=new_id)


@dataclass(kw_only=True)
class Party:
    """One time on the line. The first fields carry the names of the columns of ``call_parties``."""

    id: str
    call_id: str
    kind: PartyKind
    name: str
    number: str
    agent_id: str | None
    channel: str
    rung_by: str | None = None
    rung_at: datetime | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    reason: str = ""
    recording: str = ""
    recording_at: datetime | None = None
    #: Hears music while the agent speaks with the citizen.
    held: bool = False
    summoned: bool = False
    keeper: PartyKeeper | None = None
    #: Ways by which it was rung.
    tried: list[str] = field(default_factory=list)

    @classmethod
    def from_row(cls, row: CallParty) -> Party:
        """As an earlier process left it."""
        return cls(**{column: getattr(row, column) for column in _COLUMNS})

    def values(self) -> dict[str, Any]:
        """Columns of the row."""
        return {column: getattr(self, column) for column in _COLUMNS}

    @property
    def leg(self) -> Leg:
        """Whose voice it is in the transcript."""
        return Leg.AGENT if self.kind in _STAFF else Leg.THIRD

    @property
    def speaker(self) -> Speaker:
        """Who it is there."""
        return Speaker(party_id=self.id, kind=self.kind, name=self.name)

    def view(self) -> PartyView:
        """What the console sees."""
        state = "ringing" if self.joined_at is None else "held" if self.held else "joined"
        since = self.joined_at or self.rung_at
        assert since is not None
        return PartyView(
            party_id=self.id,
            kind=self.kind,
            name=self.name,
            number=self.number,
            state=state,
            since=since,
            agent_id=self.agent_id,
        )


_COLUMNS = (
    *("id", "call_id", "kind", "name", "number", "agent_id", "rung_by", "channel"),
    *("rung_at", "joined_at", "left_at", "reason", "recording", "recording_at"),
)


class PartyKeeper(Protocol):
    """Who rang a party, and decides what it does in the call."""

    async def answered(self, party: Party) -> None:
        """The party has lifted the receiver and is in nobody's hands yet."""
        ...

    async def left(self, party: Party) -> None:
        """The party hung up, or could not be reached; ``party.reason`` says why."""
        ...
