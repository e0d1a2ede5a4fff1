"""The tables. One module per subject; importing this package registers them all."""

from models.tables.access import AccessLog
from models.tables.base import Base
from models.tables.calls import AgentPresenceRow, AgentStateLogRow, Call, Contact, UtteranceRow
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
from models.tables.staff import Session, Staff

__all__ = [
    "AccessLog",
    "AgentPresenceRow",
    "AgentStateLogRow",
    "AuditReview",
    "Base",
    "Call",
    "ClosureScore",
    "Contact",
    "DaySequence",
    "DoneCommand",
    "Draft",
    "FollowUp",
    "OrderEvent",
    "OutboxRow",
    "Session",
    "Staff",
    "Suggestion",
    "Task",
    "UtteranceRow",
    "WorkOrder",
]
