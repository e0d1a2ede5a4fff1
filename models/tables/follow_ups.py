"""Links by which citizens answer a follow-up themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base


class FollowUpLink(Base):
    """Sent to a citizen in a message. Whoever has it may answer, once, for this result."""

    __tablename__ = "follow_up_links"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    #: The task whose result is asked about.
    task_id: Mapped[str] = mapped_column(String(26))
    #: SHA-256 of the secret part; that itself stands in the message only.
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
