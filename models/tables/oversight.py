"""Urges and supervisions that a unit must answer, and the cards it got."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import CardColour, OversightKind, OversightState, SupervisionReason


class Oversight(Base):
    """One urge or supervision (催办、督办) of one unit's task."""

    __tablename__ = "oversights"
    __table_args__ = (Index("ix_oversights_state_department", "state", "department"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"))
    department: Mapped[str] = mapped_column(String(32))
    kind: Mapped[OversightKind] = mapped_column(Code(OversightKind))
    #: Of a supervision: 3 is the mildest, 1 the hardest; 0 for an urge.
    level: Mapped[int] = mapped_column(Integer, default=0)
    #: Of a numbered supervision, as on its letter.
    number: Mapped[str] = mapped_column(String(64), default="")
    reason_code: Mapped[SupervisionReason | None] = mapped_column(Code(SupervisionReason))
    reason: Mapped[str] = mapped_column(Text, default="")
    by_caller: Mapped[bool] = mapped_column(default=False)
    state: Mapped[OversightState] = mapped_column(Code(OversightState))
    issued_at: Mapped[datetime]
    #: A member of staff, ``system`` or ``citizen``.
    issued_by: Mapped[str] = mapped_column(String(26))
    issued_by_name: Mapped[str] = mapped_column(String(64), default="")
    #: By when the unit answers; once it has, by when the office has looked at the answer.
    due_at: Mapped[datetime]
    #: Nobody had answered when the time was over.
    lapsed_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(26))
    answered_by_name: Mapped[str] = mapped_column(String(64), default="")
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(String(26))
    #: What the office said of the answer.
    remark: Mapped[str] = mapped_column(Text, default="")


class UnitCard(Base):
    """A yellow or red card of a unit."""

    __tablename__ = "unit_cards"
    __table_args__ = (Index("ix_unit_cards_department_at", "department", "at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"))
    department: Mapped[str] = mapped_column(String(32))
    colour: Mapped[CardColour] = mapped_column(Code(CardColour))
    #: In words.
    reason: Mapped[str] = mapped_column(Text)
    oversight_id: Mapped[str | None] = mapped_column(ForeignKey("oversights.id"))
    at: Mapped[datetime]
    #: What it was given for has turned out to be none; it does not count any more.
    lifted_at: Mapped[datetime | None]


class Sequence(Base):
    """The last number given of a running series, such as the letters of a year."""

    __tablename__ = "sequences"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)
