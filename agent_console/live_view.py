"""Which person sees which event, and in what words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from agent_console.people import Person
from dispatch.views.privacy import mask_phone
from models.events import (
    AgentStateChanged,
    AlertAcknowledged,
    AlertRaised,
    CallbackChanged,
    CallEvent,
    CallSupervised,
    DomainEvent,
    KnowledgeChanged,
    KnowledgeSuggested,
    NuisanceListChanged,
    OrderChanged,
    RequestUnderstood,
    SeatTaken,
    SpeechModeChanged,
    SurgeChanged,
    TranscriptCompleted,
    UnitsNotified,
    UtteranceHeard,
    event_to_dict,
)


@dataclass(frozen=True)
class LiveEvent:
    """One event of the stream. ``owner``: the agent whose call it is, where there is one;
    ``readers``: others who have opened it, which is in the access log.
    """

    number: int
    id: str
    event: DomainEvent
    owner: str | None
    readers: frozenset[str] = frozenset()

    @property
    def utterance_id(self) -> str | None:
        """Of an utterance, interim or final."""
        event = self.event
        return event.utterance.utterance_id if isinstance(event, UtteranceHeard) else None

    @property
    def interim_of(self) -> str | None:
        """The utterance's id while it may still change."""
        event = self.event
        interim = isinstance(event, UtteranceHeard) and not event.utterance.final
        return self.utterance_id if interim else None

    @cached_property
    def full(self) -> str:
        """For those who may read it all."""
        return render(self.event, self.id if self.interim_of is None else "")

    @cached_property
    def masked(self) -> str:
        """With the citizen's number hidden."""
        event = self.event
        if isinstance(event, CallEvent):
            event = replace(event, caller_number=mask_phone(event.caller_number))
        return render(event, self.id)


def render(event: DomainEvent, event_id: str) -> str:
    """An event in the text form of server-sent events; without id it does not count for resuming.

    JSON has no raw line breaks, so one data line is enough.
    """
    data = json.dumps(event_to_dict(event), ensure_ascii=False, separators=(",", ":"))
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {type(event).__name__}\ndata: {data}\n\n"


def view_for(person: Person, item: LiveEvent) -> str | None:
    """The event as this person may see it; None: not at all."""
    rule = next((rule for kind, rule in _RULES.items() if isinstance(item.event, kind)), None)
    return rule(person, item) if rule else None


def _call(person: Person, item: LiveEvent) -> str | None:
    if not person.on_floor:
        return None
    return item.full if person.sees_number_of(item.owner) else item.masked


def _words(person: Person, item: LiveEvent) -> str | None:
    """What was said, and what follows from it: of another's call only once that has been opened,
    which is written down.
    """
    if item.owner != person.staff_id and person.staff_id not in item.readers:
        return None
    return _of_words(person, item)


def _of_words(person: Person, item: LiveEvent) -> str | None:
    """That there are words, or none."""
    if item.owner == person.staff_id:
        return item.full
    watches = person.may("call.floor") and person.may("call.transcript")
    return item.full if watches else None


def _agent_state(person: Person, item: LiveEvent) -> str | None:
    return item.full if person.on_floor else None


def _own_seat(person: Person, item: LiveEvent) -> str | None:
    event = item.event
    own = isinstance(event, SeatTaken) and event.agent_id == person.staff_id
    return item.full if own else None


def _floor(person: Person, item: LiveEvent) -> str | None:
    return item.full if person.on_floor else None


def _watch(person: Person, item: LiveEvent) -> str | None:
    """For shift leaders only: an agent need not know that someone listens."""
    return item.full if person.may("floor.supervise") else None


def _nuisance(person: Person, item: LiveEvent) -> str | None:
    """Whoever proposes or decides."""
    seen = person.may("nuisance.propose") or person.may("nuisance.decide")
    return item.full if seen else None


def _order(person: Person, item: LiveEvent) -> str | None:
    event = item.event
    if not isinstance(event, OrderChanged):
        return None
    own_unit = person.may("order.view_unit") and not person.units.isdisjoint(event.departments)
    return item.full if person.may("order.view_all") or own_unit else None


def _knowledge(person: Person, item: LiveEvent) -> str | None:
    return item.full if person.may("knowledge.view") else None


def _notified(person: Person, item: LiveEvent) -> str | None:
    """A unit learns that there is something new, not for whom else."""
    event = item.event
    if not isinstance(event, UnitsNotified) or person.department not in event.departments:
        return None
    return render(replace(event, departments=(person.department,)), item.id)


_RULES: dict[type[DomainEvent], Callable[[Person, LiveEvent], str | None]] = {
    CallSupervised: _watch,  # before its base
    CallEvent: _call,
    UtteranceHeard: _words,
    SpeechModeChanged: _of_words,
    RequestUnderstood: _words,
    TranscriptCompleted: _of_words,
    KnowledgeSuggested: _words,
    KnowledgeChanged: _knowledge,
    AgentStateChanged: _agent_state,
    SeatTaken: _own_seat,
    CallbackChanged: _floor,
    SurgeChanged: _floor,
    AlertRaised: _watch,
    AlertAcknowledged: _watch,
    NuisanceListChanged: _nuisance,
    OrderChanged: _order,
    UnitsNotified: _notified,
}
