"""What people see of orders: dispatch's views in the shapes of the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from dispatch.reports.opened import OpenedFigure
from dispatch.views.office import OfficeView
from dispatch.views.privacy import Visibility
from dispatch.views.shapes import (
    AuditView,
    Change,
    ClockView,
    FollowUpView,
)
from dispatch.views.step_shapes import (
    AllowedAction,
    RefusedAction,
    RequestView,
)
from models.vocabulary import (
    Action,
    CallDirection,
    Channel,
    CloseReason,
    ContactOutcome,
    DemandFinding,
    Difficulty,
    FactFinding,
    Light,
    OrderState,
    Outcome,
    RequestType,
    Role,
    TaskRole,
    TaskState,
    Urgency,
)


class OrderRow(BaseModel):
    """One line of a list or queue. Names and numbers are always masked here."""

    id: str
    order_no: str
    version: int
    title: str
    state: OrderState
    request_type: RequestType
    category: str
    category_name: str
    urgency: Urgency
    place: str
    caller_name: str
    caller_phone: str
    confidential: bool
    channel: Channel
    lead_department: str
    lead_department_name: str
    accepted_at: datetime
    #: End of the clock that runs now; in a unit's inbox that of the unit's task.
    due_at: datetime | None
    light: Light
    redo_count: int
    closed_at: datetime | None
    close_reason: CloseReason | None
    #: Somebody's special attention.
    watched: bool = False
    #: No clock of it runs.
    suspended: bool = False
    #: In a unit's inbox.
    task_id: str | None = None
    task_state: TaskState | None = None
    sign_due: datetime | None = None
    first_contact_due: datetime | None = None
    note: str = ""
    sent_back_count: int = 0
    #: In the follow-up queue.
    attempts: int | None = None
    last_attempt_at: datetime | None = None
    advice: str = ""
    #: In the audit queue: the reader submitted it and may not audit it.
    own: bool = False


class OrderPage(BaseModel):
    """One page; ``next_cursor`` None on the last."""

    items: list[OrderRow]
    next_cursor: str | None
    #: What was opened, when these are the orders behind a number of a report.
    figure: OpenedFigure | None = None


class Badges(BaseModel):
    """Numbers beside the menu. None: not one's desk."""

    dispatch: int
    #: Orders of which something is to be asked.
    supplement: int
    #: What the unit has to do something about; the inbox lists the same under ``to_do``.
    inbox: int
    audit: int
    follow_up: int
    drafts: int | None
    to_sign: int | None
    in_hand: int | None
    sent_back: int | None
    #: Results from units below that the reader's unit has to look at.
    below: int | None
    overdue: int | None
    #: Alerts of the floor that nobody has acknowledged.
    alerts: int | None = None
    #: Call-back tasks to be done, and those of them past their limit.
    callbacks: int | None = None
    callbacks_overdue: int | None = None
    #: Numbers proposed for the nuisance list that wait for a decision.
    nuisance: int | None = None
    #: Articles to review, and reports on articles to answer.
    knowledge: int | None = None
    #: Notices to one's unit that one has not read.
    notices: int | None = None


class TaskView(BaseModel):
    """One unit's share of an order."""

    id: str
    department: str
    department_name: str
    role: TaskRole
    state: TaskState
    redo_of: str | None
    note: str
    dispatched_at: datetime
    sign_due: datetime
    signed_at: datetime | None
    #: None where the unit has nobody to contact: who helps, or whose unit above has called.
    first_contact_due: datetime | None
    first_contacted_at: datetime | None
    first_contact: dict[str, Any] | None
    due_at: datetime
    #: How the due date came about, in a sentence.
    due_explanation: str
    #: The worst light of the clocks that run.
    light: Light
    submitted_at: datetime | None
    fact_finding: FactFinding | None
    demand_finding: DemandFinding | None
    outcome: Outcome | None
    unresolved_reason: str
    public_answer: str
    #: What a joint unit found and did.
    opinion: str
    #: 1 for what the hotline gave out, one more for each unit it was handed down by.
    level: int
    #: Who of the unit's leadership has looked at the result, and what shows it.
    reviewed_by: str
    evidence: dict[str, Any]
    #: None where the reader may not see it.
    internal_note: str | None
    sent_back_count: int
    clocks: list[ClockView]


class EventView(BaseModel):
    """One step of the timeline."""

    seq: int
    at: datetime
    actor_name: str
    actor_role: Role
    department_name: str
    action: Action
    action_label: str
    sentence: str
    reason: str
    changes: list[Change]
    from_state: OrderState
    to_state: OrderState


class ScorePart(BaseModel):
    """A part of the closure score. ``applicable`` false: left out, the rest counts for 100."""

    code: str
    name: str
    points: float
    max: float
    applicable: bool
    sentence: str


class ScoreDeduction(BaseModel):
    """Points off."""

    code: str
    name: str
    points: float
    count: int
    sentence: str


class ScoreView(BaseModel):
    """The closure score with every point explained."""

    score: float
    revision: int
    rule_version: str
    at: datetime
    parts: list[ScorePart]
    deductions: list[ScoreDeduction]
    summary: str


class OrderCall(BaseModel):
    """A call that belongs to the order."""

    id: str
    direction: CallDirection
    started_at: datetime
    answered_at: datetime | None
    outcome: ContactOutcome


class SuggestionView(BaseModel):
    """What the machine proposed when the order was opened, and what became of it."""

    model_version: str
    proposed: dict[str, Any]
    decisions: dict[str, Any]


class OrderDetail(BaseModel):
    """One order as the reader may see it."""

    id: str
    order_no: str
    #: In groups, to be read out on the phone.
    order_no_spoken: str
    #: Six digits for the citizen; only in the answer to opening.
    query_code: str | None = None
    version: int
    state: OrderState
    channel: Channel
    contact_id: str | None
    call_id: str | None
    caller_visibility: Visibility
    caller_name: str
    caller_phone: str
    callback_phone: str
    confidential: bool
    want_reply: bool
    request_type: RequestType
    category: str
    category_name: str
    category_path: list[str]
    taxonomy_version: str
    urgency: Urgency
    #: How hard it is, as the dispatcher judged.
    difficulty: Difficulty
    title: str
    content: str
    demand: str
    place: str
    occurred: str
    accepted_at: datetime
    accepted_by_name: str
    lead_department: str
    lead_department_name: str
    dispatch_due: datetime | None
    dispatched_at: datetime | None
    due_at: datetime | None
    due_provisional: bool
    light: Light
    light_due_at: datetime | None
    redo_count: int
    closed_at: datetime | None
    close_reason: CloseReason | None
    public_answer: str
    clocks: list[ClockView]
    tasks: list[TaskView]
    events: list[EventView]
    audits: list[AuditView]
    follow_ups: list[FollowUpView]
    score: ScoreView | None
    #: Why there is no score to see.
    score_note: str
    calls: list[OrderCall]
    allowed_actions: list[AllowedAction]
    refused_actions: list[RefusedAction]
    requests: list[RequestView]
    office: OfficeView
    suspended_at: datetime | None
    suspended_until: datetime | None
    disputed_at: datetime | None
    watched_at: datetime | None
    watch_reason: str
    suggestion: SuggestionView | None
