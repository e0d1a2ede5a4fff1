"""Who read what of a citizen's private life: recordings and unmasked numbers. Append-only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base


class AccessLog(Base):
    """One reading. ``what``: ``recording``, ``phone_number`` …; ``subject``: the id it is about."""

    __tablename__ = "access_log"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(index=True)
    staff_id: Mapped[str] = mapped_column(String(26), index=True)
    staff_name: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
