"""What is to be written next: the newest values of rows, and lines that are only ever added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.events import DomainEvent
from telephony.agents import Before

Values = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StateEntry:
    """An agent enters a state: one line of the ledger, and the present row."""

    agent_id: str
    state: str
    reason: str
    since: datetime
    until: datetime | None
    call_id: str | None
    idle_since: datetime | None
    #: What the agent goes back to after the call.
    before: Before | None = None
    #: False when only the present row changes (``until`` moved), not the state.
    new_line: bool = True


@dataclass(kw_only=True)
class Batch:
    """What waits to be written. Rows are keyed by id and hold the newest values."""

    contacts: dict[str, Values] = field(default_factory=dict)
    calls: dict[str, Values] = field(default_factory=dict)
    parties: dict[str, Values] = field(default_factory=dict)
    states: list[StateEntry] = field(default_factory=list)
    #: Lines of calls' histories.
    notes: list[Values] = field(default_factory=list)
    events: list[DomainEvent] = field(default_factory=list)

    def put_back(self, older: Batch) -> None:
        """Take up what could not be written, under what came since."""
        self.contacts = older.contacts | self.contacts
        self.calls = older.calls | self.calls
        self.parties = older.parties | self.parties
        self.states = older.states + self.states
        self.notes = older.notes + self.notes

    def parts(self) -> Iterator[Batch]:
        """The same, row by row."""
        for key, values in self.contacts.items():
            yield Batch(contacts={key: values})
        for key, values in self.calls.items():
            yield Batch(calls={key: values})
        for key, values in self.parties.items():
            yield Batch(parties={key: values})
        for entry in self.states:
            yield Batch(states=[entry])
        for line in self.notes:
            yield Batch(notes=[line])

    def describe(self) -> str:
        """All of it, for the log."""
        return repr((self.contacts, self.calls, self.parties, self.states, self.notes))
