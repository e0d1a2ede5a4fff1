"""The tables. One module per subject; importing this package registers them all."""

from models.tables.access import AccessLog
from models.tables.base import Base
from models.tables.calls import (
    AgentPresenceRow,
    AgentStateLogRow,
    Call,
    CallEventRow,
    CallParty,
    Contact,
    UtteranceRow,
)
from models.tables.events import HotEvent, HotEventOrder
from models.tables.floor import (
    BlockedNumber,
    Callback,
    CallerProfile,
    FloorAlert,
    ShiftAssignment,
    Surge,
)
from models.tables.orders import (
    AuditReview,
    ClosureScore,
    DaySequence,
    DoneCommand,
    Draft,
    FollowUp,
    OrderEvent,
    Suggestion,
    Task,
    WorkOrder,
)
from models.tables.outbox import OutboxRow
from models.tables.recordings import LegalHold, Recording
from models.tables.staff import Session, Staff
from models.tables.timers import TimerRow

__all__ = [
    "AccessLog",
    "AgentPresenceRow",
    "AgentStateLogRow",
    "AuditReview",
    "Base",
    "BlockedNumber",
    "Call",
    "CallEventRow",
    "CallParty",
    "Callback",
    "CallerProfile",
    "ClosureScore",
    "Contact",
    "DaySequence",
    "DoneCommand",
    "Draft",
    "FloorAlert",
    "FollowUp",
    "HotEvent",
    "HotEventOrder",
    "LegalHold",
    "OrderEvent",
    "OutboxRow",
    "Recording",
    "Session",
    "ShiftAssignment",
    "Staff",
    "Suggestion",
    "Surge",
    "Task",
    "TimerRow",
    "UtteranceRow",
    "WorkOrder",
]
