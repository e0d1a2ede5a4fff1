"""Rows of the knowledge base as they are read."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, or_

from config.knowledge import Audience
from dispatch.knowledge.shapes import ArticleCard, ArticleRow, VersionView
from dispatch.rules import Rules
from models.tables import Article, ArticleVersion
from models.vocabulary import ArticleState

#: A version with its article: the one that may be given as an answer.
LIVE = and_(Article.number == ArticleVersion.number, Article.live == ArticleVersion.version)


def holds_on(today: date) -> ColumnElement[bool]:
    """Its days include this one."""
    return and_(ArticleVersion.valid_from <= today, not_over(today))


def not_over(today: date) -> ColumnElement[bool]:
    """Its last day is not over."""
    return or_(ArticleVersion.valid_to.is_(None), ArticleVersion.valid_to >= today)


def is_over(row: ArticleVersion, today: date) -> bool:
    """Its last day is over."""
    return row.valid_to is not None and row.valid_to < today


def state_of(row: ArticleVersion, today: date) -> ArticleState:
    """The state as it is today."""
    over = row.state is ArticleState.PUBLISHED and is_over(row, today)
    return ArticleState.EXPIRED if over else row.state


def source_line(row: ArticleVersion, rules: Rules) -> str:
    """What an answer says of where it comes from."""
    start = f"{row.valid_from:%Y-%m-%d}"
    days = f"{start}至{row.valid_to:%Y-%m-%d}有效" if row.valid_to else f"{start}起有效"
    return f"（依据：知识库{row.number}《{row.title}》，{rules.unit_name(row.unit)}，{days}）"


def ends_at(row: ArticleVersion, rules: Rules) -> datetime | None:
    """The end of its last local day."""
    if row.valid_to is None:
        return None
    return datetime.combine(row.valid_to + timedelta(days=1), time(), rules.zone)


def card(row: ArticleVersion, rules: Rules) -> ArticleCard:
    """As it is offered."""
    return ArticleCard(
        number=row.number,
        version=row.version,
        title=row.title,
        spoken=row.spoken,
        unit=row.unit,
        unit_name=rules.unit_name(row.unit),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        ends_at=ends_at(row, rules),
        example=row.example,
        source=source_line(row, rules),
    )


def article_row(row: ArticleVersion, rules: Rules, today: date) -> ArticleRow:
    """As one line of a list."""
    state = state_of(row, today)
    return ArticleRow(
        **card(row, rules).model_dump(),
        state=state,
        state_label=state.label,
        waits=row.valid_from > today,
        made_by_name=row.made_by_name,
        made_at=row.made_at,
    )


def version_view(row: ArticleVersion, rules: Rules, today: date) -> VersionView:
    """Word by word."""
    state = state_of(row, today)
    kept = {name: getattr(row, name) for name in VersionView.model_fields if hasattr(row, name)}
    kept |= {
        "state": state,
        "state_label": state.label,
        "unit_name": rules.unit_name(row.unit),
        "category_names": [rules.category_name(code) for code in row.categories],
        "audience_names": [Audience(code).label for code in row.audience],
    }
    return VersionView.model_validate(kept)
