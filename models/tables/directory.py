"""Who is responsible for what, and who stands in for whom: catalogue, duty, posts, absences."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import CatalogueSource


class CatalogueVersion(Base):
    """One version of the dispatch catalogue, for ever: orders of its days were sent by it."""

    __tablename__ = "catalogue_versions"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    version: Mapped[str] = mapped_column(String(32), unique=True)
    #: The first local day on which it holds; until the next version's.
    valid_from: Mapped[date] = mapped_column(Date, index=True)
    source: Mapped[CatalogueSource] = mapped_column(Code(CatalogueSource))
    file_name: Mapped[str] = mapped_column(String(255), default="")
    #: SHA-256 of its rules: the same catalogue is not entered twice.
    digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    #: Empty: entered by the program or on the command line.
    imported_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    imported_by_name: Mapped[str] = mapped_column(String(64), default="")
    imported_at: Mapped[datetime]


class CatalogueRule(Base):
    """One rule of a version, with the names that its units had then."""

    __tablename__ = "catalogue_rules"
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    version_id: Mapped[str] = mapped_column(ForeignKey("catalogue_versions.id"))
    #: From 1; the first rule that matches decides.
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(32))
    joint: Mapped[list[Any]]
    categories: Mapped[list[Any]]
    words: Mapped[list[Any]]
    without: Mapped[list[Any]]
    types: Mapped[list[Any]]
    areas: Mapped[list[Any]]
    keep: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")
    #: {unit or category code: name}
    names: Mapped[dict[str, Any]]


class DutyOfficer(Base):
    """Who is to be rung at a unit from when until when."""

    __tablename__ = "duty_officers"
    __table_args__ = (Index("ix_duty_officers_department_ends_at", "department", "ends_at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    department: Mapped[str] = mapped_column(String(32))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    #: The account, of those who have one.
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    phone: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(String(255), default="")
    made_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class StaffPost(Base):
    """A further post of a person, besides the one of the account: another unit, other roles."""

    __tablename__ = "staff_posts"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    department: Mapped[str] = mapped_column(String(32))
    roles: Mapped[list[Any]]
    #: Local days, both included; None: until further notice.
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    given_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    given_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Absence(Base):
    """A person is away; the deputy may act in their posts meanwhile."""

    __tablename__ = "absences"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    deputy_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(255), default="")
    made_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime]
    #: Back before the planned end, or never gone.
    ended_at: Mapped[datetime | None]


class HandOver(Base):
    """Someone left: what was in their hands, and who has it now."""

    __tablename__ = "hand_overs"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    #: None: there was nothing to take over.
    successor_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(Text)
    #: {kind of work: [ids]}
    items: Mapped[dict[str, Any]]
    made_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
