"""The tables. One module per subject; importing this package registers them all."""

from models.tables.access import AccessLog
from models.tables.attachments import Attachment
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
from models.tables.directory import (
    Absence,
    CatalogueRule,
    CatalogueVersion,
    DutyOfficer,
    HandOver,
    StaffPost,
)
from models.tables.events import HotEvent, HotEventOrder
from models.tables.floor import (
    BlockedNumber,
    Callback,
    CallerProfile,
    FloorAlert,
    ShiftAssignment,
    Surge,
    TelephonyProcess,
)
from models.tables.follow_ups import FollowUpLink
from models.tables.knowledge import (
    Article,
    ArticleEvent,
    ArticleMark,
    ArticleReport,
    ArticleVersion,
)
from models.tables.notices import (
    Notice,
    NoticeRead,
    OrderNews,
    OutgoingMessage,
    WebhookDelivery,
    WebhookEndpoint,
)
from models.tables.orders import (
    AuditReview,
    ClosureScore,
    DaySequence,
    DoneCommand,
    Draft,
    FollowUp,
    OrderEvent,
    OrderRequest,
    Suggestion,
    Task,
    WorkOrder,
)
from models.tables.outbox import OutboxRow
from models.tables.oversight import Oversight, Sequence, UnitCard
from models.tables.partners import ExternalRef, PartnerKey, PartnerSystem, Reconciliation
from models.tables.recordings import LegalHold, Recording
from models.tables.rules import RuleVersion
from models.tables.staff import Session, Staff
from models.tables.timers import TimerRow

__all__ = [
    "Absence",
    "AccessLog",
    "AgentPresenceRow",
    "AgentStateLogRow",
    "Article",
    "ArticleEvent",
    "ArticleMark",
    "ArticleReport",
    "ArticleVersion",
    "Attachment",
    "AuditReview",
    "Base",
    "BlockedNumber",
    "Call",
    "CallEventRow",
    "CallParty",
    "Callback",
    "CallerProfile",
    "CatalogueRule",
    "CatalogueVersion",
    "ClosureScore",
    "Contact",
    "DaySequence",
    "DoneCommand",
    "Draft",
    "DutyOfficer",
    "ExternalRef",
    "FloorAlert",
    "FollowUp",
    "FollowUpLink",
    "HandOver",
    "HotEvent",
    "HotEventOrder",
    "LegalHold",
    "Notice",
    "NoticeRead",
    "OrderEvent",
    "OrderNews",
    "OrderRequest",
    "OutboxRow",
    "OutgoingMessage",
    "Oversight",
    "PartnerKey",
    "PartnerSystem",
    "Reconciliation",
    "Recording",
    "RuleVersion",
    "Sequence",
    "Session",
    "ShiftAssignment",
    "Staff",
    "StaffPost",
    "Suggestion",
    "Surge",
    "Task",
    "TelephonyProcess",
    "TimerRow",
    "UnitCard",
    "UtteranceRow",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WorkOrder",
]
