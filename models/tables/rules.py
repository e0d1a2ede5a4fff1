"""Rule files as they once were: orders go on under the version they were opened under."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base


class RuleVersion(Base):
    """One version of one rule file, kept when it is first used."""

    __tablename__ = "rule_versions"

    #: Name of the file, e.g. ``service_levels.yaml``.
    file: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[dict[str, Any]]
    #: SHA-256 of the content: the same version with another content is an error.
    content_hash: Mapped[str] = mapped_column(String(64))
    first_used_at: Mapped[datetime]
