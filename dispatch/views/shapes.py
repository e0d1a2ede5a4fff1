"""The shapes of everything that is read. Codes, not labels: labels come from the vocabulary."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dispatch.views.office import OfficeView
from dispatch.views.privacy import Visibility
from dispatch.views.step_shapes import AllowedAction, RefusedAction, RequestView
from models.vocabulary import (
    Action,
    Channel,
    CloseReason,
    DemandFinding,
    Difficulty,
    FactFinding,
    FollowUpWay,
    Light,
    OrderState,
    Outcome,
    RequestType,
    Role,
    Satisfaction,
    SolvedByCaller,
    TaskRole,
    TaskState,
    Urgency,
)


class OrderFilter(BaseModel):
    """Which orders to list. Several values of one field mean any of them."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    states: list[OrderState] = []
    #: Units that have or had a task in the order.
    departments: list[str] = []
    request_types: list[RequestType] = []
    #: A category of any level; those below it are included.
    category: str = ""
    urgencies: list[Urgency] = []
    lights: list[Light] = []
    #: Only orders the reader did something on.
    mine: bool = False
    #: Only those of special attention.
    watched: bool = False
    #: Words of title, content or place; an order number or part of it; a phone number.
    q: str = Field("", max_length=100)
    #: Local dates of acceptance, both included.
    accepted_from: date | None = None
    accepted_to: date | None = None
    #: ``due``: only orders whose clock runs, the most pressing first.
    sort: Literal["newest", "due"] = "newest"
    limit: int = Field(50, ge=1, le=200)
    cursor: str = ""


class DeskFilter(BaseModel):
    """Which lines of a desk's queue to list."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    #: Of the clock that the line shows.
    light: Light | None = None
    state: OrderState | None = None
    #: A unit that has or had a task in the order.
    department: str = ""
    #: Only those of special attention.
    watched: bool = False
    #: Words of title or place; an order number or part of it.
    q: str = ""


class OrderRow(BaseModel):
    """One line of a list. The caller is always masked here."""

    id: str
    order_no: str
    version: int
    state: OrderState
    title: str
    request_type: RequestType
    category: str
    category_name: str
    urgency: Urgency
    place: str
    caller_name: str
    caller_phone: str
    confidential: bool
    channel: Channel
    accepted_at: datetime
    lead_department: str
    lead_department_name: str
    #: End of the clock that runs now.
    due_at: datetime | None
    light: Light
    redo_count: int
    closed_at: datetime | None
    close_reason: CloseReason | None
    #: Somebody's special attention.
    watched: bool = False
    #: No clock of it runs.
    suspended: bool = False


class OrderPage(BaseModel):
    """A page of a list; ``next_cursor`` None on the last one."""

    items: list[OrderRow]
    next_cursor: str | None


class UnitTaskRow(BaseModel):
    """One line of a unit's inbox."""

    task_id: str
    task_state: TaskState
    department: str
    note: str
    dispatched_at: datetime
    sign_due: datetime
    first_contact_due: datetime
    first_contacted_at: datetime | None
    due_at: datetime
    #: The worst light of the task's running clocks.
    light: Light
    sent_back_count: int
    order: OrderRow


class UnitTaskPage(BaseModel):
    """A page of a unit's inbox."""

    items: list[UnitTaskRow]
    next_cursor: str | None


class AuditRow(BaseModel):
    """One line of the auditors' queue."""

    order: OrderRow
    department: str
    outcome: Outcome | None
    submitted_at: datetime | None
    sent_back_count: int
    #: The reader submitted it and may not audit it.
    own: bool


class AuditPage(BaseModel):
    """A page of the auditors' queue."""

    items: list[AuditRow]
    next_cursor: str | None


class FollowUpRow(BaseModel):
    """One line of the follow-up desk's queue."""

    order: OrderRow
    attempts: int
    last_attempt_at: datetime | None
    #: Parts of day tried so far, by name.
    tried: list[str]
    #: What to do next, in a sentence.
    advice: str


class FollowUpPage(BaseModel):
    """A page of the follow-up desk's queue."""

    items: list[FollowUpRow]
    next_cursor: str | None


class Badges(BaseModel):
    """Numbers beside the menu; None where the reader has no such desk."""

    to_supplement: int | None = None

    drafts: int | None = None
    to_dispatch: int | None = None
    to_sign: int | None = None
    in_hand: int | None = None
    sent_back: int | None = None
    #: Results from units below that the reader's unit has to look at.
    below: int | None = None
    to_audit: int | None = None
    to_follow_up: int | None = None
    #: Orders whose running clock is past due; for a unit, its own tasks that are.
    overdue: int | None = None


class Caller(BaseModel):
    """Who called, as far as the reader may know."""

    visibility: Visibility
    name: str
    phone: str
    callback_phone: str


class EarlierDue(BaseModel):
    """What was promised before an extension, a pause or a new calendar."""

    due: datetime
    explanation: str


class ClockView(BaseModel):
    """One promise: what, until when, why then, and whether it was kept."""

    name: str
    label: str
    start: datetime
    due: datetime
    provisional: bool
    explanation: str
    done_at: datetime | None
    #: NONE once it is done or no longer runs.
    light: Light
    #: None while it runs.
    kept: bool | None
    #: What else there is to say of it.
    note: str = ""
    #: Since when a further failed try to contact the citizen counts; None: nothing is waited for.
    counts_from: datetime | None = None
    #: Promises that this one replaced, the first first.
    earlier: list[EarlierDue] = []


class TaskView(BaseModel):
    """One unit's share."""

    id: str
    parent_id: str | None
    #: 1 for the unit that the hotline gave the order to.
    level: int
    department: str
    department_name: str
    role: TaskRole
    state: TaskState
    redo_of: str | None
    note: str
    dispatched_at: datetime
    signed_at: datetime | None
    first_contacted_at: datetime | None
    first_contact: dict[str, Any] | None
    submitted_at: datetime | None
    fact_finding: FactFinding | None
    demand_finding: DemandFinding | None
    outcome: Outcome | None
    unresolved_reason: str
    public_answer: str
    #: Who of the unit's leadership has looked at the result, and what shows it:
    #: {"text", "files": {id: name}}.
    reviewed_by: str
    evidence: dict[str, Any]
    #: What a joint unit found and did.
    opinion: str
    #: None where the reader may not see it.
    internal_note: str | None
    sent_back_count: int
    clocks: list[ClockView]


class Change(BaseModel):
    """One field that changed, as people read it."""

    field: str
    label: str
    before: str
    after: str


class TimelineEntry(BaseModel):
    """One step: who, when, what, why."""

    seq: int
    at: datetime
    action: Action
    actor_name: str
    actor_role: Role
    actor_department: str
    from_state: OrderState
    to_state: OrderState
    sentence: str
    reason: str
    changes: list[Change]


class AuditView(BaseModel):
    """One closure audit."""

    at: datetime
    auditor_name: str
    passed: bool
    quality: float | None
    quality_items: dict[str, float | None]
    process: float | None
    process_items: dict[str, float | None]
    reason: str
    #: What was wrong with a result that was sent back, in words.
    faults: list[str] = []


class FollowUpView(BaseModel):
    """One attempt to ask the citizen."""

    at: datetime
    staff_name: str
    call_id: str | None
    way: FollowUpWay
    reached: bool
    contacted: bool | None
    solved: SolvedByCaller | None
    satisfaction: Satisfaction | None
    service_satisfaction: Satisfaction | None
    note: str


class PartView(BaseModel):
    """A part of the closure score."""

    code: str
    label: str
    #: None: does not apply.
    points: float | None
    full: float
    sentence: str


class DeductionView(BaseModel):
    """Points off."""

    code: str
    label: str
    count: int
    points: float
    sentence: str


class ScoreView(BaseModel):
    """The closure score with every point explained."""

    score: float
    revision: int
    at: datetime
    rule_version: str
    parts: list[PartView]
    deductions: list[DeductionView]
    explanation: list[str]


class OrderDetail(BaseModel):
    """One order as the reader may see it."""

    id: str
    order_no: str
    order_no_spoken: str
    version: int
    state: OrderState
    channel: Channel
    contact_id: str | None
    call_id: str | None
    caller: Caller
    confidential: bool
    want_reply: bool
    request_type: RequestType
    category: str
    category_name: str
    taxonomy_version: str
    urgency: Urgency
    difficulty: Difficulty
    title: str
    content: str
    demand: str
    place: str
    occurred: str
    accepted_at: datetime
    accepted_by: str
    accepted_by_name: str
    lead_department: str
    lead_department_name: str
    dispatched_at: datetime | None
    due_at: datetime | None
    light: Light
    #: End of the clock that ``light`` is about; None where none runs.
    light_due_at: datetime | None
    redo_count: int
    closed_at: datetime | None
    close_reason: CloseReason | None
    public_answer: str
    sla_version: str
    #: Clocks of the order itself; those of units are with their tasks.
    clocks: list[ClockView]
    tasks: list[TaskView]
    timeline: list[TimelineEntry]
    audits: list[AuditView]
    follow_ups: list[FollowUpView]
    #: None where there is none (or it may not be seen); ``score_note`` says why.
    score: ScoreView | None
    score_note: str
    allowed_actions: list[AllowedAction]
    refused_actions: list[RefusedAction]
    requests: list[RequestView]
    office: OfficeView
    suspended_at: datetime | None
    suspended_until: datetime | None
    disputed_at: datetime | None
    #: Somebody's special attention, and why.
    watched_at: datetime | None = None
    watch_reason: str = ""
