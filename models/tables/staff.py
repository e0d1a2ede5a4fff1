"""People who work with the system, and their sign-in sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base
from models.vocabulary import Role


class Staff(Base):
    """One person with one account. ``roles`` holds Role codes."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(255))
    roles: Mapped[list[Any]]
    #: Code of config/departments.yaml.
    department: Mapped[str] = mapped_column(String(32))
    #: SIP extension of the seat, for those who telephone.
    extension: Mapped[str | None] = mapped_column(String(16), unique=True)
    #: Skill group of config/queues.yaml → level 1 (best) to 9.
    skills: Mapped[dict[str, Any]] = mapped_column(default=dict)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    def has(self, *roles: Role) -> bool:
        """Whether the person holds any of the roles."""
        return any(role.value in self.roles for role in roles)


class Session(Base):
    """A signed-in browser. The cookie's token is stored as its SHA-256 only."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64), default="")
    #: The post the person acts in (key of dispatch/directory/posts.py); empty: the account's own.
    post: Mapped[str] = mapped_column(String(80), default="", server_default="")
