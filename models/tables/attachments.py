"""Files kept with orders: photographs, letters, sound that show what was done and agreed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import AttachmentKind


class Attachment(Base):
    """One file. It belongs to the order from the step on that names it; what nobody names goes."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_attached_at_uploaded_at", "attached_at", "uploaded_at"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    #: The task it was given with; None: the order as a whole.
    task_id: Mapped[str | None] = mapped_column(String(26))
    kind: Mapped[AttachmentKind] = mapped_column(Code(AttachmentKind))
    #: As it was called where it came from.
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    bytes: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    #: Under the folder of attachments.
    path: Mapped[str] = mapped_column(String(255))
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str] = mapped_column(String(26))
    uploaded_by_name: Mapped[str] = mapped_column(String(64), default="")
    #: Unit of whoever gave it.
    department: Mapped[str] = mapped_column(String(32), default="")
    #: When a step named it, and the number of that step.
    attached_at: Mapped[datetime | None]
    event_seq: Mapped[int | None] = mapped_column(Integer)
