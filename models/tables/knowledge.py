"""The knowledge base: articles, every text they ever had, what was found wrong, what was done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.ids import new_id
from models.tables.base import Base, Code
from models.vocabulary import ArticleAction, ArticleState


class Article(Base):
    """One answer, for ever under one number; what it says is in its versions."""

    __tablename__ = "articles"

    #: K0001 …
    number: Mapped[str] = mapped_column(String(16), primary_key=True)
    #: Code of the unit that answers for it.
    unit: Mapped[str] = mapped_column(String(32), index=True)
    #: The version that may be given as an answer, on the days on which it holds; None: none.
    live: Mapped[int | None] = mapped_column(Integer)


class ArticleVersion(Base):
    """What an article says, or is to say. Once published it is never changed."""

    __tablename__ = "article_versions"
    __table_args__ = (
        UniqueConstraint("number", "version"),
        # Also for two who write at once: one new text at a time.
        Index(
            "uq_article_versions_open",
            "number",
            unique=True,
            sqlite_where=text("state IN ('DRAFT', 'IN_REVIEW')"),
            postgresql_where=text("state IN ('DRAFT', 'IN_REVIEW')"),
        ),
        Index("ix_article_versions_state_valid_to", "state", "valid_to"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(ForeignKey("articles.number"))
    #: From 1.
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[ArticleState] = mapped_column(Code(ArticleState))
    #: Counts up with each saving: nobody overwrites what they have not read.
    revision: Mapped[int] = mapped_column(Integer, default=1)

    title: Mapped[str] = mapped_column(String(100))
    #: As people ask.
    questions: Mapped[list[Any]]
    #: What is read out.
    spoken: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    #: Laws and regulations by name.
    basis: Mapped[list[Any]]
    unit: Mapped[str] = mapped_column(String(32))
    categories: Mapped[list[Any]]
    #: ``person``, ``enterprise``
    audience: Mapped[list[Any]]
    #: Local days, both included; None: until further notice.
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    #: Came with the program, and nobody here has checked it.
    example: Mapped[bool] = mapped_column(default=False)
    #: What was changed, and why.
    note: Mapped[str] = mapped_column(Text, default="")

    #: None: by the program.
    made_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    made_by_name: Mapped[str] = mapped_column(String(64), default="")
    made_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    reviewed_by_name: Mapped[str] = mapped_column(String(64), default="")
    reviewed_at: Mapped[datetime | None]
    review_note: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime | None]
    #: Replaced or taken off.
    ended_at: Mapped[datetime | None]


class ArticleReport(Base):
    """Somebody found an article wrong: a task for its owner."""

    __tablename__ = "article_reports"
    __table_args__ = (Index("ix_article_reports_unit_answered_at", "unit", "answered_at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(ForeignKey("articles.number"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    #: The owner when it was reported.
    unit: Mapped[str] = mapped_column(String(32))
    problem: Mapped[str] = mapped_column(Text)
    call_id: Mapped[str | None] = mapped_column(String(26))
    made_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    made_by_name: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    #: Whether the article was wrong indeed; None: not answered yet.
    upheld: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    answered_by_name: Mapped[str] = mapped_column(String(64), default="")
    answered_at: Mapped[datetime | None]


class ArticleMark(Base):
    """Somebody was helped by an article; once for each call."""

    __tablename__ = "article_marks"
    __table_args__ = (UniqueConstraint("number", "staff_id", "subject"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(ForeignKey("articles.number"))
    version: Mapped[int] = mapped_column(Integer)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    #: The call's id; without a call the local day.
    subject: Mapped[str] = mapped_column(String(26))
    at: Mapped[datetime]


class ArticleEvent(Base):
    """What was done with an article. Append-only."""

    __tablename__ = "article_events"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(ForeignKey("articles.number"), index=True)
    version: Mapped[int | None] = mapped_column(Integer)
    action: Mapped[ArticleAction] = mapped_column(Code(ArticleAction))
    at: Mapped[datetime] = mapped_column(index=True)
    #: Empty: the program itself.
    actor_id: Mapped[str] = mapped_column(String(26), default="")
    actor_name: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(Text, default="")
