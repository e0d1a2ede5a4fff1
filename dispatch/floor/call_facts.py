"""What every inbound call of a period is counted by: one row a call, made inside the database.

A span is half-open: its first instant belongs to it, its last does not. A call belongs to the span
in which it began, also when it runs over midnight or is still running.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import CTE, ColumnElement, Select, case, func, literal, select

from config.figures import FigureRules
from dispatch.floor.sql_numbers import caller_key, is_known
from dispatch.floor.sql_time import micros_of, quarter_of
from models.tables import AgentStateLogRow, Call, Callback, CallEventRow
from models.tables.base import UtcDateTime
from models.vocabulary import (
    WITH_CITIZEN,
    AgentState,
    CallDirection,
    CallEventKind,
    ContactOutcome,
)

MICRO = 1_000_000
#: What a call in an agent's hands is made of, by state of the ledger.
TALKING = (AgentState.TALKING, AgentState.CONSULT, AgentState.CONFERENCE)
HOLDING = (AgentState.HOLD,)
HANDLING = (*TALKING, *HOLDING, AgentState.WRAP_UP)
#: Nobody writes up a call for longer than this after the span in which it began.
_LONGEST_HANDLING = timedelta(hours=12)

#: A query, whatever its columns are.
Rows: TypeAlias = Select[*tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Span:
    """From ``start`` to ``end``, the latter not included. What is open lasts until ``now``."""

    start: datetime
    end: datetime
    now: datetime


def instant(value: datetime) -> ColumnElement[Any]:
    """A moment as the database keeps them."""
    return literal(value, UtcDateTime())


def call_facts(span: Span, rules: FigureRules) -> CTE:
    """The rows. Lengths are in microseconds.

    Columns: ``id quarter queue agent_id outcome answered wait_us lasted_us transfers again asked
    satisfaction callback_state callback_due callback_done``. ``wait_us`` counts from entering the
    queue to the answer, to giving up, or to now; NULL for who never queued. ``again``: the same
    number had begun a call within the limit of repeat calls.
    """
    waited_until = func.coalesce(Call.answered_at, Call.ended_at, instant(span.now))
    repeated = _repeated(span, timedelta(hours=rules.repeat_hours))
    query = (
        select(
            Call.id,
            quarter_of(Call.started_at).label("quarter"),
            Call.queue,
            Call.agent_id,
            Call.outcome,
            Call.answered_at.is_not(None).label("answered"),
            (micros_of(waited_until) - micros_of(Call.queued_at)).label("wait_us"),
            (micros_of(Call.ended_at) - micros_of(Call.started_at)).label("lasted_us"),
            Call.transfers,
            Call.id.in_(repeated).label("again"),
            Call.rating_asked_at.is_not(None).label("asked"),
            Call.satisfaction,
            Callback.state.label("callback_state"),
            Callback.due_at.label("callback_due"),
            Callback.done_at.label("callback_done"),
        )
        .join_from(Call, Callback, Callback.call_id == Call.id, isouter=True)
        .where(
            Call.direction == CallDirection.INBOUND,
            Call.started_at >= span.start,
            Call.started_at < span.end,
        )
    )
    # Each row is looked at by some thirty measures: it is reckoned once.
    return query.cte("facts").prefix_with("MATERIALIZED")


def _repeated(span: Span, reach: timedelta) -> Rows:
    """Calls whose number, in whatever dress, had called shortly before; hidden numbers and calls of
    the nuisance list do not count.
    """
    previous = func.lag(Call.started_at).over(
        partition_by=caller_key(Call.citizen_number), order_by=(Call.started_at, Call.id)
    )
    calls = (
        select(Call.id, Call.started_at, previous.label("previous"))
        .where(
            Call.direction == CallDirection.INBOUND,
            Call.started_at >= span.start - reach,
            Call.started_at < span.end,
            is_known(Call.citizen_number),
            Call.outcome != ContactOutcome.BLOCKED,
        )
        .subquery()
    )
    since_last = micros_of(calls.c.started_at) - micros_of(calls.c.previous)
    found: Rows = select(calls.c.id)
    return found.where(since_last <= int(reach / timedelta(microseconds=1)))


def handled(span: Span) -> Select[Any, Any]:
    """Who talked with the caller in which call: ``agent_id call_id``, once each.

    A colleague who was only asked has not.
    """
    row = AgentStateLogRow
    return (
        select(row.agent_id, row.call_id)
        .where(
            row.since >= span.start,
            row.since < span.end + _LONGEST_HANDLING,
            row.state.in_(WITH_CITIZEN),
            row.call_id.is_not(None),
        )
        .distinct()
    )


def missed(span: Span) -> Rows:
    """Whose phone rang for nothing in which call: ``agent_id call_id``."""
    row = CallEventRow
    query: Rows = (
        select(row.actor.label("agent_id"), row.call_id)
        .where(
            row.at >= span.start,
            row.at < span.end + _LONGEST_HANDLING,
            row.kind.in_((CallEventKind.MISSED, CallEventKind.DECLINED)),
            row.actor != "system",
        )
        .distinct()
    )
    return query


def handling(span: Span, agent: str = "", *, each_agent: bool = True) -> Rows:
    """Talk, hold and wrap-up in each call: ``[agent_id] call_id talk_us hold_us wrap_us``, for each
    agent who talked in it, or for all of them (or the chosen one) together.
    """
    row = AgentStateLogRow
    lasted = micros_of(func.coalesce(row.until, instant(span.now))) - micros_of(row.since)

    def total(*states: AgentState) -> ColumnElement[Any]:
        return func.sum(case((row.state.in_(states), lasted), else_=0))

    keys = [row.call_id, row.agent_id] if each_agent else [row.call_id]
    query: Rows = select(
        *keys,
        total(*TALKING).label("talk_us"),
        total(*HOLDING).label("hold_us"),
        total(AgentState.WRAP_UP).label("wrap_us"),
    ).where(
        row.since >= span.start,
        row.since < span.end + _LONGEST_HANDLING,
        row.call_id.is_not(None),
        row.state.in_(HANDLING),
    )
    if agent:
        query = query.where(row.agent_id == agent)
    took_part = func.max(case((row.state.in_(WITH_CITIZEN), 1), else_=0)) == 1
    return query.group_by(*keys).having(took_part)
