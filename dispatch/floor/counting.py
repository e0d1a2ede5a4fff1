"""Adding up the floor's figures inside the database: sums by quarter hour, queue or agent.

Everything comes as sums, which can be added again: half hours into days, queues into the whole.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Row,
    Subquery,
    and_,
    case,
    distinct,
    exists,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from config.figures import FigureRules
from dispatch.floor.call_facts import (
    MICRO,
    Rows,
    Span,
    call_facts,
    handled,
    handling,
    instant,
    missed,
)
from dispatch.floor.ledger import touching
from dispatch.floor.measures import By, Count, Facts, by_code, counts
from dispatch.floor.sql_time import QUARTER_SECONDS, micros_of, past_quarter, quarter_of
from models.tables import AgentStateLogRow, CallEventRow
from models.vocabulary import AgentState, CallEventKind

#: Sums by name: counts, microseconds, and ``longest_us``, which is a maximum.
Sums: TypeAlias = dict[str, int]
#: Sums of each group: quarter hours since 1970, codes of queues, ids of agents.
Groups: TypeAlias = dict[Any, Sums]

LONGEST = "longest_us"
_SECONDS = ("signed_us", "available_us", "work_us")
#: Rows read in one go, so that nothing else has to wait longer than some milliseconds.
_AT_ONCE = 500
_WORK = (
    AgentState.TALKING,
    AgentState.HOLD,
    AgentState.CONSULT,
    AgentState.CONFERENCE,
    AgentState.OUTBOUND,
    AgentState.WRAP_UP,
)
_AVAILABLE = (*_WORK, AgentState.READY, AgentState.RINGING)
#: Of the agents' table: only the agent who served last is graded.
_LAST_AGENT_ONLY = frozenset({"asked", "rated", "satisfied"})


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Only calls of a queue, or of an agent. Empty: all."""

    queue: str = ""
    agent: str = ""


class Counting:
    """Counts the calls of one span."""

    def __init__(self, span: Span, rules: FigureRules, chosen: Chosen) -> None:
        self.span = span
        self._chosen = chosen
        self._counts = counts(rules)
        self.facts = Facts(cte=call_facts(span, rules), rules=rules, now=span.now)

    async def groups(self, session: AsyncSession, beside: AsyncSession, by: By) -> Groups:
        """All sums, by quarter hour (for half hours and days), queue or agent.

        :param beside: a second session: calls and ledger are read at the same time.
        """
        if by == "queue" or (by != "agent" and self._chosen.queue):
            return await _read(session, self._calls(by))
        spent = self._agent_seconds if by == "agent" else self._seconds_by_quarter
        async with asyncio.TaskGroup() as both:
            counted = both.create_task(_read(session, self._calls(by)))
            spending = both.create_task(spent(beside))
        found, seconds = counted.result(), spending.result()
        await asyncio.to_thread(add_up, found, seconds)
        if by == "agent":
            add_up(found, await _read(session, self._missed()))
        return found

    async def whole(self, session: AsyncSession, by: By, found: Groups) -> Sums:
        """All sums of the span, each call once.

        :param found: the groups of this span: what is in exactly one of them is not read again.
        """
        if by == "agent":  # a call may be in several agents' lines; their seconds are not
            whole = {"agents": {name: sum(sums.get(name, 0) for sums in found.values())
                                for name in _SECONDS}}  # fmt: skip
            add_up(whole, {"agents": await self.calls(session, with_ledger=True)})
            rung = (await session.execute(self._missed(each_agent=False))).scalar_one()
            whole["agents"]["missed"] = int(rung or 0)
            return whole["agents"]
        groups = dict(found)
        if by == "queue" and not self._chosen.queue:
            add_up(groups, await self._seconds_by_quarter(session))
        return (await asyncio.to_thread(fold, groups, lambda _key: 0)).get(0, {})

    async def calls(self, session: AsyncSession, *, with_ledger: bool = False) -> Sums:
        """The sums of calls alone, each call once.

        :param with_ledger: also how long they were talked with, put on hold and written up.
        """
        query = self._calls(None, with_ledger=with_ledger)
        row = (await session.execute(query)).one()
        return {name: int(value or 0) for name, value in row._mapping.items()}

    def ids(self, code: str) -> Rows:
        """Ids of the calls behind a count. ``offered-short``: those of the first only.

        :raises KeyError: there is no such count.
        """
        facts, wanted = self.facts, by_code(self._counts)
        if code == "missed":
            let_ring = select(missed(self.span).subquery().c.call_id)
            return select(facts.cte.c.id).where(facts.id.in_(let_ring), *self._conditions())
        first, _, less = code.partition("-")
        query = select(facts.cte.c.id).where(wanted[first].holds(facts), *self._conditions())
        return query.where(~wanted[less].holds(facts)) if less else query

    def agent_ids(self, code: str, agent_id: str) -> Rows:
        """The same for a number in an agent's line."""
        facts = self.facts
        if code == "missed":
            rung = missed(self.span).subquery()
            mine = select(rung.c.call_id).where(rung.c.agent_id == agent_id)
            return select(facts.cte.c.id).where(facts.id.in_(mine), *self._conditions())
        took_part = handled(self.span).subquery()
        count = by_code(self._counts)[code]
        return (
            select(facts.cte.c.id)
            .join_from(facts.cte, took_part, took_part.c.call_id == facts.id)
            .where(
                took_part.c.agent_id == agent_id,
                self._for_agent(count, took_part.c.agent_id),
                *self._conditions(),
            )
        )

    # --- calls ----------------------------------------------------------------------------------

    def _calls(self, by: By | None, *, with_ledger: bool = True) -> Rows:
        facts, agents = self.facts, by == "agent"
        spent = handling(self.span, self._chosen.agent, each_agent=agents).subquery()
        if agents:
            key: ColumnElement[Any] = spent.c.agent_id
            held = {c.code: self._for_agent(c, key) for c in self._counts if by in c.rows}
        else:
            key = facts.queue if by == "queue" else facts.quarter
            held = {count.code: count.holds(facts) for count in self._counts}
        columns = [*_counted(held), *([] if agents else _waits(facts, held))]
        query: Rows = select(*columns)
        if with_ledger:
            query = select(*columns, *_handled(spent)).join_from(
                facts.cte, spent, spent.c.call_id == facts.id, isouter=not agents
            )
        query = query.where(*self._conditions())
        return query if by is None else query.add_columns(key.label("key")).group_by(key)

    def _for_agent(self, count: Count, agent: ColumnElement[Any]) -> ColumnElement[bool]:
        condition = count.holds(self.facts)
        if count.code in _LAST_AGENT_ONLY:
            return and_(condition, self.facts.agent_id == agent)
        if count.code == "transferred":
            moved = exists().where(
                CallEventRow.call_id == self.facts.id,
                CallEventRow.kind == CallEventKind.TRANSFERRED,
                CallEventRow.actor == agent,
            )
            return and_(condition, moved)
        return condition

    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self._chosen.queue:
            found.append(self.facts.queue == self._chosen.queue)
        if self._chosen.agent:
            took_part = handled(self.span).subquery()
            mine = select(took_part.c.call_id).where(took_part.c.agent_id == self._chosen.agent)
            found.append(self.facts.id.in_(mine))
        return found

    # --- the ledger -----------------------------------------------------------------------------

    def _missed(self, *, each_agent: bool = True) -> Rows:
        """Calls that an agent let ring; without ``each_agent`` each call once."""
        facts, rung = self.facts, missed(self.span).subquery()
        query: Rows = (
            select(func.count(distinct(rung.c.call_id)).label("missed"))
            .join_from(rung, facts.cte, facts.id == rung.c.call_id)
            .where(*self._conditions())
        )
        return query.add_columns(rung.c.agent_id).group_by(rung.c.agent_id) if each_agent else query

    async def _agent_seconds(self, session: AsyncSession) -> Groups:
        """Time of agents inside the span itself, to the microsecond."""
        row, span = AgentStateLogRow, self.span
        lasted = clipped(span.start, min(span.end, span.now), span.now)
        query = (
            select(row.agent_id, row.state, func.sum(lasted))
            .where(*self._touching())
            .group_by(row.agent_id, row.state)
        )
        found: Groups = defaultdict(lambda: defaultdict(int))
        for agent, state, micros in await session.execute(query):
            for name in classes_of(state):
                found[agent][name] += int(micros)
        return found

    def _touching(self) -> list[ColumnElement[bool]]:
        found = touching(self.span.start, min(self.span.end, self.span.now))
        if self._chosen.agent:
            found.append(AgentStateLogRow.agent_id == self._chosen.agent)
        return found

    async def _seconds_by_quarter(self, session: AsyncSession) -> Groups:
        """Time of all agents, spread over the quarter hours that their states lasted.

        Lines that begin in the same quarter and end in the same quarter are added up in the
        database: only their sums are spread.
        """
        row, span = AgentStateLogRow, self.span
        until = func.coalesce(row.until, instant(span.now))
        first, last = quarter_of(row.since), quarter_of(until)
        query = (
            select(
                row.state,
                first.label("first"),
                last.label("last"),
                func.count().label("lines"),
                func.sum(past_quarter(row.since)).label("since"),
                func.sum(past_quarter(until)).label("until"),
            )
            .where(*self._touching())
            .group_by(row.state, first, last)
        )
        found: Groups = defaultdict(lambda: defaultdict(int))
        limits = _quarter(span.start), _quarter(min(span.end, span.now) - timedelta(microseconds=1))
        stream = await session.stream(query)
        async for rows in stream.partitions(_AT_ONCE):  # the loop turns between two
            for state, begin, end, lines, since, rest in rows:
                names = classes_of(state)
                for quarter in range(max(begin, limits[0]), min(end, limits[1]) + 1):
                    whole = 0 if quarter == end else lines * QUARTER_SECONDS * MICRO
                    lasted = whole + int(rest if quarter == end else 0)
                    lasted -= int(since) if quarter == begin else 0
                    for name in names:
                        found[quarter][name] += lasted
        return found


def clipped(start: datetime, end: datetime, now: datetime) -> ColumnElement[Any]:
    """How long a line of the ledger lasts within ``start`` to ``end``, in microseconds."""
    row, first, last = AgentStateLogRow, instant(start), instant(end)
    until = func.coalesce(row.until, instant(now))
    return micros_of(case((until < last, until), else_=last)) - micros_of(
        case((row.since > first, row.since), else_=first)
    )


def classes_of(state: AgentState) -> list[str]:
    """Which sums of time a state belongs to; OFFLINE is never asked for."""
    names = ["signed_us"]
    if state in _AVAILABLE:
        names.append("available_us")
    return [*names, "work_us"] if state in _WORK else names


def _quarter(at: datetime) -> int:
    return int(at.timestamp() // QUARTER_SECONDS)


def _counted(held: Mapping[str, ColumnElement[bool]]) -> list[ColumnElement[Any]]:
    return [func.sum(case((condition, 1), else_=0)).label(c) for c, condition in held.items()]


def _handled(spent: Subquery) -> list[ColumnElement[Any]]:
    return [func.sum(spent.c[name]).label(name) for name in ("talk_us", "hold_us", "wrap_us")]


def _waits(facts: Facts, held: Mapping[str, ColumnElement[bool]]) -> list[ColumnElement[Any]]:
    def wait_of(code: str) -> ColumnElement[Any]:
        return case((held[code], facts.wait_us), else_=0)

    return [
        func.sum(wait_of("answered_queued")).label("wait_us"),
        func.sum(wait_of("abandoned_waited")).label("abandon_us"),
        func.max(wait_of("queued")).label(LONGEST),
    ]


async def _read(session: AsyncSession, query: Rows) -> Groups:
    """Groups of a query whose last column is their key."""
    rows = (await session.execute(query)).all()
    return await asyncio.to_thread(_grouped, rows)


def _grouped(rows: Sequence[Row[Any]]) -> Groups:
    if not rows:
        return {}
    names = list(rows[0]._fields)[:-1]
    return {
        row[-1]: {name: int(value or 0) for name, value in zip(names, row, strict=False)}
        for row in rows
    }


def add_up(groups: Groups, more: Mapping[Any, Mapping[str, int]]) -> None:
    """Add sums to the groups of the same key; the longest of both stays the longest."""
    for key, sums in more.items():
        mine = groups.setdefault(key, {})
        for name, value in sums.items():
            mine[name] = (
                max(mine.get(name, 0), value) if name == LONGEST else (mine.get(name, 0) + value)
            )


def fold(groups: Groups, key: Any) -> Groups:
    """Groups brought together under ``key(group)``."""
    found: Groups = {}
    for group, sums in groups.items():
        add_up(found, {key(group): sums})
    return found
