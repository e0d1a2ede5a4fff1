"""What is to be done at a time, as rows: they survive a restart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base


class TimerRow(Base):
    """Fired once by whoever is first, in the transaction that deletes the row."""

    __tablename__ = "timers"
    __table_args__ = (Index("ix_timers_due_at_id", "due_at", "id"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    #: What it is about and for, e.g. ``sign:<task>``: setting it again moves it.
    key: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    #: The order, or whatever else the kind is about.
    subject_id: Mapped[str] = mapped_column(String(26), index=True)
    due_at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: Times it failed, and how the last time.
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
