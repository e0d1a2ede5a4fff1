"""Contacts, calls, what was said in them, and who was doing what on the floor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.speech import Speaker
from models.tables.base import Base, Code
from models.vocabulary import (
    AgentState,
    CallDirection,
    CallEventKind,
    CallState,
    Channel,
    ContactOutcome,
    Leg,
    PartyKind,
    Satisfaction,
)


class Contact(Base):
    """One call or message of a citizen, kept even when abandoned."""

    __tablename__ = "contacts"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    channel: Mapped[Channel] = mapped_column(Code(Channel))
    citizen_number: Mapped[str] = mapped_column(String(32), index=True, default="")
    access_number: Mapped[str] = mapped_column(String(32), default="")
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    outcome: Mapped[ContactOutcome] = mapped_column(Code(ContactOutcome))
    #: Why it ended so, in words.
    reason: Mapped[str] = mapped_column(Text, default="")
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    #: Path below the recordings folder of a voicemail or upload.
    recording: Mapped[str] = mapped_column(String(255), default="")


class Call(Base):
    """One telephone call: a citizen's, or ours to a citizen."""

    __tablename__ = "calls"
    #: How many were offered when is read from the index alone.
    __table_args__ = (
        Index("ix_calls_started_at_direction_outcome", "started_at", "direction", "outcome"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    direction: Mapped[CallDirection] = mapped_column(Code(CallDirection))
    state: Mapped[CallState] = mapped_column(Code(CallState), index=True)
    #: Order that an outbound call is about.
    order_id: Mapped[str | None] = mapped_column(String(26), index=True)
    citizen_number: Mapped[str] = mapped_column(String(32), default="")
    access_number: Mapped[str] = mapped_column(String(32), default="")
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    #: ARI application of the process that holds the call.
    app: Mapped[str] = mapped_column(String(64), default="", server_default="")
    #: Channel names in Asterisk, so that a restarted process finds the call again.
    citizen_channel: Mapped[str] = mapped_column(String(64), default="", index=True)
    agent_channel: Mapped[str] = mapped_column(String(64), default="")
    started_at: Mapped[datetime]
    queued_at: Mapped[datetime | None] = mapped_column(index=True)
    #: When the agent was rung last; of our own calls, the citizen.
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    outcome: Mapped[ContactOutcome] = mapped_column(Code(ContactOutcome))
    reason: Mapped[str] = mapped_column(Text, default="")
    hold_seconds: Mapped[float] = mapped_column(Float, default=0.0)
    #: Paths below the recordings folder; empty when that leg was never there.
    citizen_recording: Mapped[str] = mapped_column(String(255), default="")
    agent_recording: Mapped[str] = mapped_column(String(255), default="")
    #: When the agent's recording begins, to place its words in call time.
    agent_recording_at: Mapped[datetime | None]
    #: A failure cut the talk off, not one of the two who talked.
    interrupted: Mapped[bool] = mapped_column(default=False)
    #: The live transcript has holes; the recording must be transcribed.
    transcript_incomplete: Mapped[bool] = mapped_column(default=False, index=True)
    #: Share of what was recorded that the transcript was made from, 0–1; None: not known yet.
    transcript_coverage: Mapped[float | None] = mapped_column(Float)
    #: Name of the speech model, with its practice mark.
    speech_model: Mapped[str] = mapped_column(String(128), default="")
    #: Code of config/queues.yaml where the caller waited last; empty for our own calls.
    queue: Mapped[str] = mapped_column(String(32), default="", index=True)
    #: Higher goes first. The reasons are codes of PriorityReason.
    priority: Mapped[int] = mapped_column(Integer, default=0)
    priority_reasons: Mapped[list[Any]] = mapped_column(default=list)
    #: How often it passed into other hands.
    transfers: Mapped[int] = mapped_column(Integer, default=0)
    #: The citizen's grade of the service, by key after the talk; when it was asked for.
    satisfaction: Mapped[Satisfaction | None] = mapped_column(Code(Satisfaction))
    rating_asked_at: Mapped[datetime | None]
    #: Call-back task that this call serves.
    callback_id: Mapped[str | None] = mapped_column(String(26), index=True)


class CallParty(Base):
    """Everyone who took part in a call besides the citizen, one row for each time on the line."""

    __tablename__ = "call_parties"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), index=True)
    kind: Mapped[PartyKind] = mapped_column(Code(PartyKind))
    #: For agents and supervisors.
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    name: Mapped[str] = mapped_column(String(64), default="")
    number: Mapped[str] = mapped_column(String(32), default="")
    #: Staff who has had this party rung; None for those whom the exchange itself rings.
    rung_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    #: Name of the channel in Asterisk.
    channel: Mapped[str] = mapped_column(String(64), default="")
    rung_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    #: Why the party left or was never reached, in words.
    reason: Mapped[str] = mapped_column(Text, default="")
    #: Path below the recordings folder of what this party said.
    recording: Mapped[str] = mapped_column(String(255), default="")
    recording_at: Mapped[datetime | None]

    @property
    def speaker(self) -> Speaker:
        """Who it is in the transcript."""
        return Speaker(party_id=self.id, kind=self.kind, name=self.name)


class CallEventRow(Base):
    """A call's own history, append-only: who did what when, and why."""

    __tablename__ = "call_events"
    __table_args__ = (Index("ix_call_events_call_id_at", "call_id", "at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[CallEventKind] = mapped_column(Code(CallEventKind))
    #: Staff id, ``citizen`` or ``system``.
    actor: Mapped[str] = mapped_column(String(26), default="system")
    actor_name: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    #: What else belongs to it, e.g. position and expected wait of an announcement.
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class UtteranceRow(Base):
    """A final utterance. Times in seconds since the call's ``started_at``."""

    __tablename__ = "utterances"
    __table_args__ = (Index("ix_utterances_call_id_start", "call_id", "start"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"))
    leg: Mapped[Leg] = mapped_column(Code(Leg))
    #: Row of ``call_parties`` that spoke; None: the citizen, or not known.
    party_id: Mapped[str | None] = mapped_column(String(26))
    start: Mapped[float] = mapped_column(Float)
    end: Mapped[float] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float] = mapped_column(Float)
    words: Mapped[list[Any]]
    #: Names put in place of words that sound like them: ``models.speech.Correction`` each.
    corrections: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")


class AgentPresenceRow(Base):
    """What an agent does now; survives a restart. ``version`` guards against two writers."""

    __tablename__ = "agent_presence"

    agent_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    state: Mapped[AgentState] = mapped_column(Code(AgentState))
    reason: Mapped[str] = mapped_column(String(255), default="")
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    call_id: Mapped[str | None] = mapped_column(String(26))
    #: Last end of a call: who has been idle longest.
    idle_since: Mapped[datetime | None]
    #: What the agent did when the present call came, to go back to; None outside of calls.
    before_state: Mapped[AgentState | None] = mapped_column(Code(AgentState))
    before_reason: Mapped[str] = mapped_column(String(255), default="")
    before_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=0)


class AgentStateLogRow(Base):
    """The ledger: every second of every agent in some state."""

    __tablename__ = "agent_state_log"
    __table_args__ = (
        Index("ix_agent_state_log_agent_id_since", "agent_id", "since"),
        #: The present line of an agent, which each change of state closes.
        Index(
            "ix_agent_state_log_open",
            "agent_id",
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    agent_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    state: Mapped[AgentState] = mapped_column(Code(AgentState))
    reason: Mapped[str] = mapped_column(String(255), default="")
    since: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime | None]
    call_id: Mapped[str | None] = mapped_column(String(26))
