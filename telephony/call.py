"""A call as we hold it while it lives; what of it is kept in the database."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from models.ports import CallView, PartyView
from models.tables import Call
from models.vocabulary import (
    CallDirection,
    CallState,
    Channel,
    ContactOutcome,
    PriorityReason,
    Satisfaction,
)

#: File of a message, beside the caller's own recording.
MESSAGE_FILE = "voicemail.wav"


@dataclass(kw_only=True)
class LiveCall:
    """One call. The fields carry the names of the columns of :class:`models.tables.Call`."""

    id: str
    contact_id: str | None
    direction: CallDirection
    state: CallState
    citizen_number: str
    access_number: str
    started_at: datetime
    #: ARI application of the process that holds the call.
    app: str = ""
    order_id: str | None = None
    agent_id: str | None = None
    citizen_channel: str = ""
    agent_channel: str = ""
    queued_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: ContactOutcome = ContactOutcome.IN_PROGRESS
    reason: str = ""
    hold_seconds: float = 0.0
    citizen_recording: str = ""
    agent_recording: str = ""
    agent_recording_at: datetime | None = None
    interrupted: bool = False
    transcript_incomplete: bool = False
    speech_model: str = ""
    queue: str = ""
    priority: int = 0
    priority_reasons: tuple[PriorityReason, ...] = ()
    transfers: int = 0
    satisfaction: Satisfaction | None = None
    rating_asked_at: datetime | None = None
    callback_id: str | None = None

    @classmethod
    def from_row(cls, row: Call) -> LiveCall:
        """The call as an earlier process left it."""
        values = {field.name: getattr(row, field.name) for field in fields(cls)}
        reasons = tuple(PriorityReason(code) for code in row.priority_reasons)
        return cls(**values | {"priority_reasons": reasons})

    def call_values(self) -> dict[str, Any]:
        """Columns of the call's row."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"priority_reasons": list(self.priority_reasons)}

    def contact_values(self) -> dict[str, Any] | None:
        """Columns of the contact's row; None for a call that has none (our own calls out)."""
        if self.contact_id is None:
            return None
        left = self.outcome is ContactOutcome.VOICEMAIL_LEFT
        return {
            "id": self.contact_id,
            "channel": Channel.VOICEMAIL if left else Channel.PHONE,
            "citizen_number": self.citizen_number,
            "access_number": self.access_number,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "outcome": self.outcome,
            "reason": self.reason,
            "agent_id": self.agent_id,
            "recording": self.message_recording if left else "",
        }

    @property
    def message_recording(self) -> str:
        """Where a message of this caller lies, below the recordings folder: beside the own voice.
        Empty when the exchange does not tell where it records.
        """
        own = self.citizen_recording
        return str(PurePosixPath(own).with_name(MESSAGE_FILE)) if own else ""

    def view(self, parties: tuple[PartyView, ...] = ()) -> CallView:
        """What the console sees."""
        return CallView(
            call_id=self.id,
            contact_id=self.contact_id,
            direction=self.direction,
            state=self.state,
            caller_number=self.citizen_number,
            agent_id=self.agent_id,
            started_at=self.started_at,
            queued_at=self.queued_at,
            answered_at=self.answered_at,
            order_id=self.order_id,
            queue=self.queue,
            priority=self.priority,
            priority_reasons=self.priority_reasons,
            transfers=self.transfers,
            satisfaction=self.satisfaction,
            callback_id=self.callback_id,
            parties=parties,
        )
