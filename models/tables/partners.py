"""Other systems: the city's platform above us, systems of units beside us."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import Direction


class PartnerSystem(Base):
    """A system that speaks with us. Two parts, either or both: it gives us orders, and it works
    the tasks of a unit."""

    __tablename__ = "partner_systems"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    #: Who it is in histories; an account that nobody can sign in with.
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    #: The unit whose tasks it works; empty: none.
    department: Mapped[str] = mapped_column(String(32), default="")
    #: Whether it may give us orders.
    gives_orders: Mapped[bool]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class PartnerKey(Base):
    """A key of a system; stored as its SHA-256 only."""

    __tablename__ = "partner_keys"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    system: Mapped[str] = mapped_column(ForeignKey("partner_systems.code"), index=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: Its first letters, to tell keys apart.
    hint: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class ExternalRef(Base):
    """What an order is called in another system: found by (system, id), one order each."""

    __tablename__ = "external_refs"
    __table_args__ = (UniqueConstraint("system", "external_id"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    system: Mapped[str] = mapped_column(ForeignKey("partner_systems.code"))
    external_id: Mapped[str] = mapped_column(String(64))
    #: The number that people there use.
    external_no: Mapped[str] = mapped_column(String(64), default="")
    direction: Mapped[Direction] = mapped_column(Code(Direction))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    #: The task it works, of an order that went out.
    task_id: Mapped[str | None] = mapped_column(ForeignKey("tasks.id"))
    #: By when it wants the result.
    deadline: Mapped[datetime | None]
    #: SHA-256 of what it sent: sent again, it must be the same.
    content_hash: Mapped[str] = mapped_column(String(64), default="")
    #: What it sent, as it was.
    received: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(index=True)


class Reconciliation(Base):
    """What two systems found when they compared the orders of a day."""

    __tablename__ = "reconciliations"
    __table_args__ = (UniqueConstraint("system", "day"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    system: Mapped[str] = mapped_column(ForeignKey("partner_systems.code"))
    day: Mapped[date]
    at: Mapped[datetime]
    #: How many orders each side has; None: the other side sent no list.
    ours: Mapped[int] = mapped_column(Integer)
    theirs: Mapped[int | None] = mapped_column(Integer)
    #: [{"kind", "external_id", "order_no", "text"}]
    differences: Mapped[list[Any]]
