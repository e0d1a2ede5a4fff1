"""Lines of the agents' ledger that touch a span of time, found without reading years of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.orm import aliased

from models.tables import AgentStateLogRow, Staff
from models.tables.base import UtcDateTime
from models.vocabulary import AgentState


def touching(start: datetime, end: datetime) -> list[ColumnElement[bool]]:
    """Lines that last at some instant from ``start`` to ``end``, the latter not included; those of
    the signed out are not asked for.
    """
    row = AgentStateLogRow
    return [
        row.since >= _reaching_in(start),
        row.since < end,
        or_(row.until.is_(None), row.until > start),
        row.state != AgentState.OFFLINE,
    ]


def _reaching_in(start: datetime) -> ColumnElement[Any]:
    """When the earliest line began that still lasts at ``start``; else ``start``.

    Lines of one agent follow each other: only the last before ``start`` can last so long.
    """
    row, last = aliased(AgentStateLogRow), aliased(AgentStateLogRow)
    latest = (
        select(func.max(row.since))
        .where(row.agent_id == Staff.id, row.since < start)
        .correlate(Staff)
        .scalar_subquery()
    )
    earliest = (
        select(func.min(last.since))
        .join_from(Staff, last, and_(last.agent_id == Staff.id, last.since == latest))
        .where(or_(last.until.is_(None), last.until > start), last.state != AgentState.OFFLINE)
        .scalar_subquery()
    )
    return func.coalesce(earliest, literal(start, UtcDateTime()))
