"""Hot events: orders of the same matter that came within a short time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base


class HotEvent(Base):
    """Several demands of one matter. It is over when no further order comes for some days."""

    __tablename__ = "hot_events"
    __table_args__ = (Index("ix_hot_events_last_at_id", "last_at", "id"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    #: Place and kind of matter; never anything of a caller.
    name: Mapped[str] = mapped_column(String(200))
    place: Mapped[str] = mapped_column(String(255), default="")
    #: The commonest leaf category of its orders.
    category: Mapped[str] = mapped_column(String(32))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    size: Mapped[int] = mapped_column(Integer)
    #: Words of risk that its orders hold.
    risks: Mapped[list[Any]] = mapped_column(default=list)
    #: Size at which a shift leader was called last; 0: never.
    alerted_size: Mapped[int] = mapped_column(Integer, default=0)
    #: The order that the others are merged into.
    lead_order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))


class HotEventOrder(Base):
    """An order belongs to one event at most."""

    __tablename__ = "hot_event_orders"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("hot_events.id"), index=True)
    #: When the order was accepted.
    at: Mapped[datetime]
    #: Likeness to the order of the event that it is likest to; 1 for the first.
    likeness: Mapped[float] = mapped_column(Float)
