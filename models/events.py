"""What happened: past-tense facts that parts tell each other over the bus.

Every event is a frozen dataclass with an ``event_id`` (handlers are idempotent by it) and ``at``.
Events of orders are also kept for ever in ``order_events``; those of calls in ``calls``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from models.clock import SystemClock
from models.ids import new_id
from models.speech import Utterance
from models.understanding import Understanding
from models.vocabulary import (
    AgentState,
    AlertKind,
    CallbackReason,
    CallbackState,
    CallDirection,
    CallState,
    ContactOutcome,
    Leg,
    OrderState,
    PartyKind,
    PriorityReason,
    Satisfaction,
    SpeechMode,
    SupervisionKind,
)


@dataclass(frozen=True, kw_only=True)
class DomainEvent:
    """Base of all events."""

    event_id: str = field(default_factory=new_id)
    at: datetime = field(default_factory=lambda: SystemClock().now())


# --- calls -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CallEvent(DomainEvent):
    """Something about one call. ``agent_id`` where one is concerned."""

    call_id: str
    direction: CallDirection = CallDirection.INBOUND
    agent_id: str | None = None
    caller_number: str = ""
    contact_id: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class CallOffered(CallEvent):
    """A citizen's call arrived; the greeting begins."""


@dataclass(frozen=True, kw_only=True)
class CallQueued(CallEvent):
    """The caller waits for an agent, or now waits elsewhere or with another priority."""

    queue: str = ""
    priority: int = 0
    priority_reasons: tuple[PriorityReason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CallRinging(CallEvent):
    """The call is offered to ``agent_id``: the screen pop."""


@dataclass(frozen=True, kw_only=True)
class CallAnswered(CallEvent):
    """Citizen and agent are connected."""


@dataclass(frozen=True, kw_only=True)
class CallStateChanged(CallEvent):
    """Hold, unhold and whatever else has no event of its own."""

    state: CallState


@dataclass(frozen=True, kw_only=True)
class CallEnded(CallEvent):
    """The call is over; its contact is kept with this outcome."""

    outcome: ContactOutcome
    reason: str = ""
    #: The live transcript has holes (our process died, speech was missing or overloaded).
    transcript_incomplete: bool = False


@dataclass(frozen=True, kw_only=True)
class CallPartyChanged(CallEvent):
    """Someone besides citizen and agent is rung, joined, or left: a colleague, an expert, 110."""

    party_id: str
    kind: PartyKind
    name: str
    number: str = ""
    #: ``ringing``, ``joined``, ``held`` (hears music) or ``left``.
    step: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CallTransferred(CallEvent):
    """The call has passed to ``agent_id``, or to the outside when that is None."""

    from_agent_id: str
    to_name: str


@dataclass(frozen=True, kw_only=True)
class CallRated(CallEvent):
    """The citizen has graded the service by key."""

    satisfaction: Satisfaction


@dataclass(frozen=True, kw_only=True)
class CallSupervised(CallEvent):
    """A shift leader listens, whispers, has come in, or has stopped."""

    supervisor_id: str
    supervisor_name: str
    kind: SupervisionKind
    active: bool
    reason: str = ""


# --- the floor ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CallbackChanged(DomainEvent):
    """A call-back task was made or has moved on."""

    callback_id: str
    state: CallbackState
    reason: CallbackReason
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class AlertRaised(DomainEvent):
    """A shift leader is called. The same matter is raised once, not again while it lasts."""

    alert_id: str
    kind: AlertKind
    text: str
    call_id: str | None = None
    agent_id: str | None = None
    queue: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertAcknowledged(DomainEvent):
    """Someone has taken care of it, by name."""

    alert_id: str
    staff_id: str
    staff_name: str


@dataclass(frozen=True, kw_only=True)
class SurgeChanged(DomainEvent):
    """Surge mode was started, changed or ended; read the row."""

    surge_id: str
    active: bool
    title: str


@dataclass(frozen=True, kw_only=True)
class NuisanceListChanged(DomainEvent):
    """Numbers on the nuisance list came or went; read the rows."""


@dataclass(frozen=True, kw_only=True)
class AgentStateChanged(DomainEvent):
    """An agent's presence changed."""

    agent_id: str
    state: AgentState
    since: datetime
    reason: str = ""
    call_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class SeatTaken(DomainEvent):
    """A page has taken an agent's seat; pages with an earlier ticket have lost it."""

    agent_id: str
    #: Sorts by time.
    ticket: str


# --- words -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class UtteranceHeard(DomainEvent):
    """Speech became text. Interim ones live on the bus only; final ones are stored."""

    utterance: Utterance


@dataclass(frozen=True, kw_only=True)
class SpeechModeChanged(DomainEvent):
    """The machine is full, or has room again: what one side says is recognised less, or more."""

    call_id: str
    leg: Leg
    mode: SpeechMode


@dataclass(frozen=True, kw_only=True)
class TranscriptCompleted(DomainEvent):
    """A recording was transcribed after the call; the stored transcript was replaced."""

    call_id: str


@dataclass(frozen=True, kw_only=True)
class RequestUnderstood(DomainEvent):
    """The machine's proposal for a call, from all that was said so far."""

    call_id: str
    understanding: Understanding


@dataclass(frozen=True, kw_only=True)
class KnowledgeSuggested(DomainEvent):
    """Other articles than before answer what the citizen says."""

    call_id: str
    #: The likeliest first, but one that was shown keeps its place while it is nearly as good.
    numbers: tuple[str, ...]


# --- knowledge ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class KnowledgeChanged(DomainEvent):
    """Articles were published or taken off, or their last day is over; read them anew."""

    numbers: tuple[str, ...]


# --- orders ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OrderChanged(DomainEvent):
    """An action was done on an order. ``action`` is a name of the transition table."""

    order_id: str
    order_no: str
    action: str
    state: OrderState
    version: int
    actor_id: str
    actor_name: str
    lead_department: str = ""
    #: Units that have or had a task in it.
    departments: tuple[str, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class UnitsNotified(DomainEvent):
    """There are new notices for these units."""

    departments: tuple[str, ...]


def _concrete(cls: type[DomainEvent]) -> list[type[DomainEvent]]:
    found: list[type[DomainEvent]] = []
    for sub in cls.__subclasses__():
        found += [sub, *_concrete(sub)]
    return found


@cache
def _adapter(name: str) -> TypeAdapter[DomainEvent]:
    """Built once: to build one takes milliseconds, to use it microseconds."""
    return TypeAdapter(event_types()[name])


def event_types() -> dict[str, type[DomainEvent]]:
    """Every event class by its name."""
    return {cls.__name__: cls for cls in _concrete(DomainEvent)}


def event_to_dict(event: DomainEvent) -> dict[str, Any]:
    """JSON-ready form, with the class name under ``type``."""
    body: dict[str, Any] = _adapter(type(event).__name__).dump_python(event, mode="json")
    return {"type": type(event).__name__, **body}


def event_from_dict(data: dict[str, Any]) -> DomainEvent:
    """Read what :func:`event_to_dict` wrote. Unknown fields (a newer writer's) are dropped.

    :raises KeyError: for an unknown event type.
    """
    cls = event_types()[data["type"]]
    known = {f.name for f in fields(cls)}
    return _adapter(cls.__name__).validate_python(
        {key: value for key, value in data.items() if key in known}
    )


def subject_of(event: DomainEvent) -> str:
    """What the event is about: a call, an agent or an order id. Keeps order where it matters."""
    for name in ("call_id", "order_id", "agent_id"):
        value = getattr(event, name, None)
        if value:
            return str(value)
    if isinstance(event, UtteranceHeard):
        return event.utterance.call_id
    return event.event_id
