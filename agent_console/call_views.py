"""What people see of calls: the shapes of the answers."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from dispatch.reports.opened import OpenedFigure
from models.speech import Correction, Speaker, SpeechStatus
from models.understanding import Understanding
from models.vocabulary import (
    CallDirection,
    CallState,
    ContactOutcome,
    Leg,
    OrderState,
    PriorityReason,
    Satisfaction,
    SpeechMode,
)


class CallRow(BaseModel):
    """One line of the list of calls."""

    id: str
    direction: CallDirection
    citizen_number: str
    agent_name: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: ContactOutcome
    reason: str
    order_nos: list[str]
    #: Seconds of talk, without the question for a grade; None when nobody answered, or it goes on.
    duration_s: float | None


class CallPage(BaseModel):
    """Newest first."""

    items: list[CallRow]
    next_cursor: str | None
    #: What was opened, when these are the calls behind a number of the figures.
    figure: OpenedFigure | None = None
    #: Whose calls these are, when a line of the nuisance list was opened; masked for some.
    number: str = ""


class CallFacts(BaseModel):
    """A call with how it ended and what is kept of it."""

    call_id: str
    contact_id: str | None
    direction: CallDirection
    state: CallState
    caller_number: str
    agent_id: str | None
    agent_name: str | None
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    order_id: str | None
    ended_at: datetime | None
    #: Seconds of talk, without the question for a grade; None when nobody answered, or it goes on.
    duration_s: float | None
    outcome: ContactOutcome
    reason: str
    #: Code of the queue where the caller waited last; empty for our own calls.
    queue: str
    #: Higher goes first, and why.
    priority: int
    priority_reasons: list[PriorityReason]
    transfers: int
    #: The citizen's grade of the service.
    satisfaction: Satisfaction | None
    callback_id: str | None
    #: Whether there is something to listen to.
    citizen_recording: bool
    agent_recording: bool
    #: When the agent's recording begins, in seconds after the call's start.
    agent_recording_offset_s: float | None
    transcript_incomplete: bool
    #: Share of the recording that the transcript was made from, 0–1; None: not known yet.
    transcript_coverage: float | None
    speech_model: str


class UtteranceView(BaseModel):
    """A final utterance; seconds since the call began."""

    utterance_id: str
    leg: Leg
    #: None: the citizen, or not known.
    speaker: Speaker | None
    start: float
    end: float
    text: str
    raw: str
    confidence: float
    #: Names put in place of words that sound like them.
    corrections: list[Correction] = []


class RecentOrder(BaseModel):
    """An earlier order of the same number."""

    id: str
    order_no: str
    title: str
    state: OrderState
    accepted_at: datetime


class CallerView(BaseModel):
    """Who calls, as far as we know."""

    number: str
    recent_orders: list[RecentOrder]
    #: Contacts from this number within 30 days, this one not counted.
    recent_contacts: int


class CallDetail(BaseModel):
    """Everything about one call."""

    call: CallFacts
    utterances: list[UtteranceView]
    understanding: Understanding | None
    speech: SpeechStatus
    #: Of a running call, by leg.
    speech_modes: dict[Leg, SpeechMode] = {}
    caller: CallerView
    #: The order of this call is the reader's to write.
    writes_order: bool


class Dialled(BaseModel):
    """The call that was begun."""

    call_id: str


class DraftSaved(BaseModel):
    """When."""

    updated_at: datetime
