"""Contacts, calls, what was said in them, and who was doing what on the floor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import (
    AgentState,
    CallDirection,
    CallState,
    Channel,
    ContactOutcome,
    Leg,
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

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    direction: Mapped[CallDirection] = mapped_column(Code(CallDirection))
    state: Mapped[CallState] = mapped_column(Code(CallState), index=True)
    #: Order that an outbound call is about.
    order_id: Mapped[str | None] = mapped_column(String(26), index=True)
    citizen_number: Mapped[str] = mapped_column(String(32), default="")
    access_number: Mapped[str] = mapped_column(String(32), default="")
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    #: Channel names in Asterisk, so that a restarted process finds the call again.
    citizen_channel: Mapped[str] = mapped_column(String(64), default="", index=True)
    agent_channel: Mapped[str] = mapped_column(String(64), default="")
    started_at: Mapped[datetime] = mapped_column(index=True)
    queued_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[ContactOutcome] = mapped_column(Code(ContactOutcome))
    reason: Mapped[str] = mapped_column(Text, default="")
    hold_seconds: Mapped[float] = mapped_column(Float, default=0.0)
    #: Paths below the recordings folder; empty when that leg was never there.
    citizen_recording: Mapped[str] = mapped_column(String(255), default="")
    agent_recording: Mapped[str] = mapped_column(String(255), default="")
    #: When the agent's recording begins, to place its words in call time.
    agent_recording_at: Mapped[datetime | None]
    #: The live transcript has holes; the recording must be transcribed.
    transcript_incomplete: Mapped[bool] = mapped_column(default=False, index=True)
    #: Name of the speech model, with its practice mark.
    speech_model: Mapped[str] = mapped_column(String(128), default="")


class UtteranceRow(Base):
    """A final utterance. Times in seconds since the call's ``started_at``."""

    __tablename__ = "utterances"
    __table_args__ = (Index("ix_utterances_call_id_start", "call_id", "start"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"))
    leg: Mapped[Leg] = mapped_column(Code(Leg))
    start: Mapped[float] = mapped_column(Float)
    end: Mapped[float] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float] = mapped_column(Float)
    words: Mapped[list[Any]]


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
    version: Mapped[int] = mapped_column(Integer, default=0)


class AgentStateLogRow(Base):
    """The ledger: every second of every agent in some state."""

    __tablename__ = "agent_state_log"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    agent_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    state: Mapped[AgentState] = mapped_column(Code(AgentState))
    reason: Mapped[str] = mapped_column(String(255), default="")
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    call_id: Mapped[str | None] = mapped_column(String(26))
