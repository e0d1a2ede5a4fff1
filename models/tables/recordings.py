"""Recordings as kept things: what there is, whether it is whole, and how long it must stay."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import Leg


class Recording(Base):
    """One file of one party's voice, entered when it is whole."""

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    call_id: Mapped[str | None] = mapped_column(String(26), index=True)
    contact_id: Mapped[str | None] = mapped_column(String(26), index=True)
    leg: Mapped[Leg] = mapped_column(Code(Leg))
    party_name: Mapped[str] = mapped_column(String(64), default="")
    #: Below the recordings folder; unique, so that entering it twice changes nothing.
    path: Mapped[str] = mapped_column(String(255), unique=True)
    #: When its first sound was recorded.
    started_at: Mapped[datetime]
    seconds: Mapped[float] = mapped_column(Float)
    bytes: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    keep_until: Mapped[datetime] = mapped_column(index=True)
    deleted_at: Mapped[datetime | None]
    #: Result of the latest check of the checksum: empty, ``ok``, ``changed`` or ``missing``.
    checked: Mapped[str] = mapped_column(String(16), default="")
    checked_at: Mapped[datetime | None]


class LegalHold(Base):
    """The recordings of a call must not be deleted while a hold stands."""

    __tablename__ = "legal_holds"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    call_id: Mapped[str] = mapped_column(String(26), index=True)
    reason: Mapped[str] = mapped_column(Text)
    placed_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    placed_at: Mapped[datetime]
    released_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    released_at: Mapped[datetime | None]
    release_reason: Mapped[str] = mapped_column(Text, default="")
