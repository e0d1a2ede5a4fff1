"""What others are to be told of orders: notices to units, messages by SMS and e-mail, webhooks.

A row is written in the transaction of what happened, and worked off afterwards however often it
takes: a process that dies in between loses nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import MessageChannel, NoticeAudience, NoticeKind


class Pending:
    """Something to be done until it succeeds. Nobody holds a lock while it is being done: who
    takes it moves ``next_at`` on, and when that one dies, the time comes again."""

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    #: When to try (again); None: done, or given up.
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    done_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")


class OrderNews(Base):
    """An event of an order that others have still to be told of; the row goes when they are."""

    __tablename__ = "order_news"

    #: The order of telling.
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(String(26), unique=True)
    order_id: Mapped[str] = mapped_column(String(26))
    next_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")


class Notice(Base):
    """One line for one unit: something of an order that it must know or do."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_department_at", "department", "at", "id"),
        Index("ix_notices_told_at_at", "told_at", "at"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    #: What it is about and for whom: the same is told once.
    key: Mapped[str] = mapped_column(String(120), unique=True)
    department: Mapped[str] = mapped_column(String(32))
    kind: Mapped[NoticeKind] = mapped_column(Code(NoticeKind))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    task_id: Mapped[str | None] = mapped_column(String(26))
    #: The event that it tells; None: only time has passed.
    event_id: Mapped[str | None] = mapped_column(String(26))
    #: The request or supervision that waits.
    subject_id: Mapped[str | None] = mapped_column(String(26))
    audience: Mapped[NoticeAudience] = mapped_column(
        Code(NoticeAudience), default=NoticeAudience.UNIT, server_default="UNIT"
    )
    due_at: Mapped[datetime | None]
    at: Mapped[datetime]
    #: When it went out in a message, or was found to need none.
    told_at: Mapped[datetime | None]


class NoticeRead(Base):
    """A person has seen a notice."""

    __tablename__ = "notice_reads"

    notice_id: Mapped[str] = mapped_column(ForeignKey("notices.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    at: Mapped[datetime]


class OutgoingMessage(Pending, Base):
    """An SMS or e-mail to a unit's address: the digest of an hour, or one urgent notice."""

    __tablename__ = "outgoing_messages"

    #: Unit, hour, channel and address: an hour has one digest.
    key: Mapped[str] = mapped_column(String(400), unique=True)
    channel: Mapped[MessageChannel] = mapped_column(Code(MessageChannel))
    department: Mapped[str] = mapped_column(String(32), index=True)
    address: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(200), default="")
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class WebhookEndpoint(Base):
    """An address that is told of events. Its secret is derived, and stored nowhere."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    #: Whose: a unit's code, or a system's. One of the two is empty.
    department: Mapped[str] = mapped_column(String(32), default="")
    system: Mapped[str] = mapped_column(String(32), default="")
    url: Mapped[str] = mapped_column(String(2000))
    #: Names of events; empty: all.
    events: Mapped[list[Any]] = mapped_column(default=list)
    #: Counts up with each new secret. The one before it signs, too, for a day.
    generation: Mapped[int] = mapped_column(Integer, default=1)
    renewed_at: Mapped[datetime]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str] = mapped_column(Text, default="")


class WebhookDelivery(Pending, Base):
    """One event on its way to one address, with the very bytes that are sent each time."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (UniqueConstraint("endpoint_id", "event_id"),)

    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id"))
    event_id: Mapped[str] = mapped_column(String(26))
    event: Mapped[str] = mapped_column(String(64))
    order_id: Mapped[str] = mapped_column(String(26), index=True)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    #: Status of the last answer; None: there was none.
    last_status: Mapped[int | None] = mapped_column(Integer)
