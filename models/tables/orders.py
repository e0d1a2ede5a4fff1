"""Work orders, their tasks, and everything that is only ever appended to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import (
    Channel,
    CloseReason,
    DemandFinding,
    Difficulty,
    FactFinding,
    FollowUpWay,
    OrderState,
    Outcome,
    RequestKind,
    RequestState,
    RequestType,
    Role,
    Satisfaction,
    SolvedByCaller,
    TaskRole,
    TaskState,
    Urgency,
)


class Draft(Base):
    """What was typed for a call, saved while typing. Not yet an order.

    The draft of a message is written by the system; it belongs to whoever takes it up.
    """

    __tablename__ = "drafts"
    __table_args__ = (
        # Those that are no order yet: few among all that have become one.
        Index(
            "ix_drafts_agent_id_open",
            "agent_id",
            sqlite_where=text("order_id IS NULL"),
            postgresql_where=text("order_id IS NULL"),
        ),
    )

    #: The call it is for; an agent's draft without a call has an id of its own.
    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    #: None: nobody has taken it up yet.
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    content: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    #: Order that was opened from it.
    order_id: Mapped[str | None] = mapped_column(String(26))


class WorkOrder(Base):
    """A citizen's demand (工单)."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_state_light_red_at", "state", "light_red_at", "id"),
        Index("ix_orders_accepted_at_id", "accepted_at", "id"),
        Index("ix_orders_lead_department_accepted_at", "lead_department", "accepted_at", "id"),
        # Those whose clock runs: few among all that are closed.
        Index(
            "ix_orders_light_red_at_id",
            "light_red_at",
            "id",
            sqlite_where=text("light_red_at IS NOT NULL"),
            postgresql_where=text("light_red_at IS NOT NULL"),
        ),
        # Those of special attention are few.
        Index(
            "ix_orders_watched_at",
            "watched_at",
            sqlite_where=text("watched_at IS NOT NULL"),
            postgresql_where=text("watched_at IS NOT NULL"),
        ),
        Index(
            "ix_orders_excluded_at",
            "excluded_at",
            "id",
            sqlite_where=text("excluded_at IS NOT NULL"),
            postgresql_where=text("excluded_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_no: Mapped[str] = mapped_column(String(24), unique=True)
    #: Six digits; with the order number it opens the citizen's view.
    query_code: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[OrderState] = mapped_column(Code(OrderState))
    channel: Mapped[Channel] = mapped_column(Code(Channel))
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), index=True)
    #: The number that was dialled, and the unit of the street or township that the place lies in.
    access_number: Mapped[str] = mapped_column(String(32), default="", server_default="")
    area: Mapped[str] = mapped_column(String(32), default="", server_default="")

    caller_name: Mapped[str] = mapped_column(String(64), default="")
    caller_phone: Mapped[str] = mapped_column(String(32), default="", index=True)
    callback_phone: Mapped[str] = mapped_column(String(32), default="", index=True)
    confidential: Mapped[bool] = mapped_column(default=False)
    want_reply: Mapped[bool] = mapped_column(default=True)

    request_type: Mapped[RequestType] = mapped_column(Code(RequestType))
    #: Leaf code of config/taxonomy.yaml, and the version it was chosen from.
    category: Mapped[str] = mapped_column(String(32))
    taxonomy_version: Mapped[str] = mapped_column(String(32))
    urgency: Mapped[Urgency] = mapped_column(Code(Urgency))
    #: How hard the matter is, as the dispatcher judges; limits depend on it.
    difficulty: Mapped[Difficulty] = mapped_column(
        Code(Difficulty), default=Difficulty.ORDINARY, server_default="ORDINARY"
    )
    title: Mapped[str] = mapped_column(String(100))
    content: Mapped[str] = mapped_column(Text)
    demand: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(255), default="")
    #: When it happened, as said.
    occurred: Mapped[str] = mapped_column(String(100), default="")

    accepted_at: Mapped[datetime]
    accepted_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    #: Proposed by the agent until the dispatcher decides, then the lead unit.
    lead_department: Mapped[str] = mapped_column(String(32), default="")
    #: Version of config/service_levels.yaml and code of the policy in it that promised the times.
    sla_version: Mapped[str] = mapped_column(String(32), default="")
    sla_policy: Mapped[str] = mapped_column(String(32), default="")
    #: Clocks of the order itself (dispatch, audit, follow_up) as promised, by name.
    clocks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: When the light of the clock that now runs changes; all empty while none runs.
    light_yellow_at: Mapped[datetime | None]
    light_orange_at: Mapped[datetime | None]
    light_red_at: Mapped[datetime | None]
    #: The deadline that another system has set for the result.
    external_due: Mapped[datetime | None]
    scoring_version: Mapped[str] = mapped_column(String(32), default="")
    dispatch_due: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    #: The first try to ask the citizen about the present result.
    follow_up_started_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    #: The due date reaches beyond the loaded calendar.
    due_provisional: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    close_reason: Mapped[CloseReason | None] = mapped_column(Code(CloseReason))
    #: What the citizen is told.
    public_answer: Mapped[str] = mapped_column(Text, default="")
    redo_count: Mapped[int] = mapped_column(Integer, default=0)
    #: While set, no clock of the order runs; it ends at ``suspended_until`` at the latest.
    suspended_at: Mapped[datetime | None]
    suspended_until: Mapped[datetime | None]
    #: Since when it has been disputed whose the order is.
    disputed_at: Mapped[datetime | None]
    #: The order that answers for this one too, and how many wait for this one's answer.
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("orders.id"), index=True)
    merged_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: Level of supervision in force, 0 for none.
    supervised: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    shelved_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    #: How often it was opened again after it was closed.
    reopen_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: Since when it is left out of the statistics.
    excluded_at: Mapped[datetime | None]
    #: Somebody's special attention (特别关注), and why.
    watched_at: Mapped[datetime | None]
    watch_reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    #: The article of the knowledge base that it was answered by on the spot.
    knowledge_id: Mapped[str] = mapped_column(String(32), default="", server_default="")
    #: Code of the reason (``config/oversight.yaml``) why it was not accepted.
    refusal: Mapped[str] = mapped_column(String(16), default="", server_default="")


class Task(Base):
    """One unit's share of an order, with its own clock and state."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_order_id_department", "order_id", "department"),
        Index("ix_tasks_department_state", "department", "state"),
        Index("ix_tasks_department_dispatched_at", "department", "dispatched_at", "id"),
        Index("ix_tasks_department_accepted_at", "department", "accepted_at", "order_id"),
        Index("ix_tasks_state_light_yellow_at", "state", "light_yellow_at"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    #: The task of the unit above that handed it down; None for the hotline's own.
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("tasks.id"), index=True)
    #: The task whose result the citizen did not accept, when this one does it again.
    redo_of: Mapped[str | None] = mapped_column(ForeignKey("tasks.id"))
    department: Mapped[str] = mapped_column(String(32))
    role: Mapped[TaskRole] = mapped_column(Code(TaskRole))
    state: Mapped[TaskState] = mapped_column(Code(TaskState))
    note: Mapped[str] = mapped_column(Text, default="")
    #: Its clocks (sign, first_contact, handle) as promised, by name.
    clocks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    dispatched_at: Mapped[datetime]
    #: When its order was accepted: a unit's orders are listed by it.
    accepted_at: Mapped[datetime | None]
    sign_due: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    #: Who has it in hand: the one who signed, until it is handed over.
    handler_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    first_contact_due: Mapped[datetime]
    first_contacted_at: Mapped[datetime | None]
    #: {"person", "phone", "reached", "note", "by"}
    first_contact: Mapped[dict[str, Any] | None]
    #: ISO times of tries that did not reach the citizen, and since when they have been enough.
    contact_tries: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    contact_excused_at: Mapped[datetime | None]
    #: By when the unit says how far it is, where nobody can wait for the result; else None.
    progress_due: Mapped[datetime | None]
    first_progress_at: Mapped[datetime | None]
    #: When it first handed down a part.
    delegated_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(index=True)
    #: When the lights of ``due_at`` change; red is ``due_at`` itself.
    light_yellow_at: Mapped[datetime | None]
    light_orange_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    fact_finding: Mapped[FactFinding | None] = mapped_column(Code(FactFinding))
    demand_finding: Mapped[DemandFinding | None] = mapped_column(Code(DemandFinding))
    outcome: Mapped[Outcome | None] = mapped_column(Code(Outcome))
    unresolved_reason: Mapped[str] = mapped_column(Text, default="")
    public_answer: Mapped[str] = mapped_column(Text, default="")
    internal_note: Mapped[str] = mapped_column(Text, default="")
    #: Who of the unit's leadership has looked at the result, and what shows that it is true:
    #: {"text", "files": {id: name}}.
    reviewed_by: Mapped[str] = mapped_column(String(64), default="", server_default="")
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    #: What a joint unit found and did, for the lead unit.
    opinion: Mapped[str] = mapped_column(Text, default="", server_default="")
    sent_back_count: Mapped[int] = mapped_column(Integer, default=0)
    #: Urges that wait for an answer; the level of supervision in force and the hardest so far, 0
    #: for none.
    open_urges: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    open_supervision: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    highest_supervision: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class OrderRequest(Base):
    """Something that is done only with somebody else's consent: asked, then decided."""

    __tablename__ = "requests"
    __table_args__ = (
        Index("ix_requests_state_due_at", "state", "due_at"),
        Index("ix_requests_asked", "asked_department", "kind", "state", "decided_at"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    #: None: it concerns the order as a whole.
    task_id: Mapped[str | None] = mapped_column(ForeignKey("tasks.id"))
    kind: Mapped[RequestKind] = mapped_column(Code(RequestKind))
    state: Mapped[RequestState] = mapped_column(Code(RequestState))
    asked_at: Mapped[datetime]
    #: A member of staff, or ``system``.
    asked_by: Mapped[str] = mapped_column(String(26))
    asked_by_name: Mapped[str] = mapped_column(String(64), default="")
    asked_department: Mapped[str] = mapped_column(String(32), default="")
    #: Code of the kind's own set of reasons.
    reason_code: Mapped[str] = mapped_column(String(32), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    #: What supports it: {"clause": …, "head": …, "files": [...]}.
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: What is asked for, e.g. {"department": …} or {"amount": 3, "unit": "WD"}.
    wanted: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: By when it is to be decided, as promised; None: no limit.
    due_at: Mapped[datetime | None]
    #: The unit that decides: the hotline, or the unit above.
    decider: Mapped[str] = mapped_column(String(32), default="")
    #: The first of two decisions, where two are needed.
    agreed_by: Mapped[str | None] = mapped_column(String(26))
    agreed_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(26))
    decided_by_name: Mapped[str] = mapped_column(String(64), default="")
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text, default="")
    #: What was granted, where it is not just what was asked for.
    granted: Mapped[dict[str, Any]] = mapped_column(default=dict)


class OrderEvent(Base):
    """One step in an order's life. Append-only; each row's hash covers the one before."""

    __tablename__ = "order_events"
    __table_args__ = (
        UniqueConstraint("order_id", "seq"),
        # What one person has had in hand.
        Index("ix_order_events_actor_id_order_id", "actor_id", "order_id"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    seq: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    actor_id: Mapped[str] = mapped_column(String(26))
    actor_name: Mapped[str] = mapped_column(String(64))
    actor_role: Mapped[Role] = mapped_column(Code(Role))
    actor_department: Mapped[str] = mapped_column(String(32), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(32))
    from_state: Mapped[str] = mapped_column(String(32), default="")
    to_state: Mapped[str] = mapped_column(String(32), default="")
    task_id: Mapped[str | None] = mapped_column(String(26))
    reason: Mapped[str] = mapped_column(Text, default="")
    #: {"field": [before, after]}
    changes: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditReview(Base):
    """A closure audit (办结审核) of a submitted result."""

    __tablename__ = "audit_reviews"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"))
    auditor_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
    passed: Mapped[bool]
    #: Marks of the answer-quality sheet by item code, and their sum (0–100).
    quality_items: Mapped[dict[str, Any]]
    quality: Mapped[float | None] = mapped_column(Float)
    #: Marks of the process checklist by item code, and their sum (0–10).
    process_items: Mapped[dict[str, Any]]
    process: Mapped[float | None] = mapped_column(Float)
    reason: Mapped[str] = mapped_column(Text, default="")
    #: Codes of what was wrong with a result that was sent back.
    faults: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")


class FollowUp(Base):
    """One attempt to ask the citizen (回访)."""

    __tablename__ = "follow_ups"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    #: The lead task whose result was asked about.
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"))
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"))
    #: Who asked, or sent the message that asked.
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    way: Mapped[FollowUpWay] = mapped_column(
        Code(FollowUpWay), default=FollowUpWay.PHONE, server_default="PHONE"
    )
    at: Mapped[datetime]
    reached: Mapped[bool]
    #: Did the unit contact the citizen? As the citizen says.
    contacted: Mapped[bool | None]
    solved: Mapped[SolvedByCaller | None] = mapped_column(Code(SolvedByCaller))
    satisfaction: Mapped[Satisfaction | None] = mapped_column(Code(Satisfaction))
    service_satisfaction: Mapped[Satisfaction | None] = mapped_column(Code(Satisfaction))
    note: Mapped[str] = mapped_column(Text, default="")


class ClosureScore(Base):
    """The closure assessment (办结评估) of one order; a correction is a new revision."""

    __tablename__ = "closure_scores"
    __table_args__ = (UniqueConstraint("order_id", "revision"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    revision: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    rule_version: Mapped[str] = mapped_column(String(32))
    #: 0–100, one decimal.
    score: Mapped[float] = mapped_column(Float)
    #: Parts and deductions with points, limits and a sentence each.
    explanation: Mapped[dict[str, Any]]
    #: SHA-256 of the facts it was computed from: same facts, same score.
    input_hash: Mapped[str] = mapped_column(String(64))


class Suggestion(Base):
    """What the machine proposed for an order and what the person made of it: training data."""

    __tablename__ = "suggestions"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    model_version: Mapped[str] = mapped_column(String(64))
    proposed: Mapped[dict[str, Any]]
    #: {"field": "accepted" | "edited" | "ignored"}
    decisions: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class DoneCommand(Base):
    """A command that carried an idempotency key, and its answer: sent twice, done once."""

    __tablename__ = "done_commands"
    __table_args__ = (UniqueConstraint("actor_id", "command", "key"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    actor_id: Mapped[str] = mapped_column(String(26))
    command: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(128))
    #: SHA-256 of what was asked: the same key for something else is an error.
    payload_hash: Mapped[str] = mapped_column(String(64))
    result: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(index=True)


class DaySequence(Base):
    """The last running number given on a day, for order numbers."""

    __tablename__ = "day_sequences"

    day: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(Integer)
