"""What the call floor owes and watches: call-backs, alerts, nuisance numbers, surges, shifts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import AlertKind, BlockState, CallbackReason, CallbackState


class Callback(Base):
    """A citizen is owed a call. ``version`` guards against two agents taking the same one."""

    __tablename__ = "callbacks"
    __table_args__ = (Index("ix_callbacks_state_lost_at", "state", "lost_at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    reason: Mapped[CallbackReason] = mapped_column(Code(CallbackReason))
    state: Mapped[CallbackState] = mapped_column(Code(CallbackState))
    citizen_number: Mapped[str] = mapped_column(String(32), index=True)
    #: The lost call; unique, so that one loss makes one task.
    call_id: Mapped[str | None] = mapped_column(String(26), unique=True)
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    queue: Mapped[str] = mapped_column(String(32), default="")
    #: When the caller was lost: what was lost first is called first.
    lost_at: Mapped[datetime]
    #: Place in the line that a booked call-back keeps.
    queued_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[datetime] = mapped_column(index=True)
    taken_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    taken_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_attempt_at: Mapped[datetime | None]
    #: Our call to the citizen, the latest.
    outbound_call_id: Mapped[str | None] = mapped_column(String(26))
    done_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer, default=0)


class FloorAlert(Base):
    """A shift leader was called. Acknowledged by name."""

    __tablename__ = "floor_alerts"
    #: Also for two processes at once: a matter is open once.
    __table_args__ = (
        Index(
            "uq_floor_alerts_matter",
            "matter",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    kind: Mapped[AlertKind] = mapped_column(Code(AlertKind))
    at: Mapped[datetime] = mapped_column(index=True)
    text: Mapped[str] = mapped_column(Text)
    call_id: Mapped[str | None] = mapped_column(String(26), index=True)
    agent_id: Mapped[str | None] = mapped_column(String(26))
    queue: Mapped[str] = mapped_column(String(32), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: What it is about; while an alert of the same matter is open, it is not raised again.
    matter: Mapped[str] = mapped_column(String(96), index=True)
    acknowledged_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    acknowledged_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")
    #: When the matter itself was over.
    ended_at: Mapped[datetime | None]


class BlockedNumber(Base):
    """A number on the nuisance list: proposed by one, approved by another, until a date."""

    __tablename__ = "blocked_numbers"
    #: Also for two who propose it at once: a number is on the list once.
    __table_args__ = (
        Index(
            "uq_blocked_numbers_in_force",
            "number",
            unique=True,
            sqlite_where=text("state IN ('PROPOSED', 'ACTIVE')"),
            postgresql_where=text("state IN ('PROPOSED', 'ACTIVE')"),
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(32), index=True)
    state: Mapped[BlockState] = mapped_column(Code(BlockState), index=True)
    reason: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(Text, default="")
    ends_at: Mapped[datetime]
    ended_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    #: Calls that met it.
    hits: Mapped[int] = mapped_column(Integer, default=0)
    last_hit_at: Mapped[datetime | None]


class CallerProfile(Base):
    """What is known of a number, to serve its caller better."""

    __tablename__ = "caller_profiles"

    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    elderly: Mapped[bool] = mapped_column(default=False)
    enterprise: Mapped[bool] = mapped_column(default=False)
    dialect: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")
    updated_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    updated_at: Mapped[datetime]


class Surge(Base):
    """Surge mode: from its start to its end by hand."""

    __tablename__ = "surges"
    #: Also for two who start one at once: at most one lasts.
    __table_args__ = (
        Index(
            "uq_surges_lasting",
            "scope",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    #: The same in all rows: there is one hotline, and one surge at a time.
    scope: Mapped[str] = mapped_column(String(16), default="hotline")
    title: Mapped[str] = mapped_column(String(128))
    #: What callers hear after the greeting; empty: nothing besides.
    greeting: Mapped[str] = mapped_column(Text, default="")
    #: What the one-key incident order is filled with (fields of OrderForm).
    order_template: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime] = mapped_column(index=True)
    #: None: started by the system, because offered calls passed the limit.
    started_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    offered: Mapped[int] = mapped_column(Integer, default=0)
    forecast: Mapped[float] = mapped_column(Float, default=0.0)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(Text, default="")


class ShiftAssignment(Base):
    """One person on one shift."""

    __tablename__ = "shift_assignments"
    __table_args__ = (UniqueConstraint("staff_id", "day", "shift"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    #: The local day on which the shift begins.
    day: Mapped[date] = mapped_column(Date, index=True)
    #: Code of config/shifts.yaml.
    shift: Mapped[str] = mapped_column(String(32))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(26))
    made_at: Mapped[datetime]


class TelephonyProcess(Base):
    """One of several processes on a shared floor, and whether it lives."""

    __tablename__ = "telephony_processes"

    #: Its ARI application.
    app: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: Other with each start.
    run: Mapped[str] = mapped_column(String(26))
    #: Counted up while it lives.
    beat: Mapped[int] = mapped_column(Integer, default=0)
    #: Who has taken over its calls; empty while it lives.
    heir: Mapped[str] = mapped_column(String(64), default="")
    #: Has stopped in good order.
    stopped: Mapped[bool] = mapped_column(default=False)
