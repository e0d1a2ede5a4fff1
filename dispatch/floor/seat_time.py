"""What a number of seat time is made of: the states of the ledger, added up, and their lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.floor.call_facts import MICRO, Span, instant
from dispatch.floor.cell_names import parts_of
from dispatch.floor.cells import Cell, Narrowing, unknown_cell
from dispatch.floor.counting import classes_of, clipped
from dispatch.floor.figures import require_figures
from dispatch.floor.ledger import touching
from dispatch.floor.measures import Figure
from dispatch.floor.rates import Share, signed_in, time_shares
from dispatch.reports.facts import Period
from dispatch.reports.opened import OpenedFigure
from dispatch.rules import Rules
from models.clock import Clock
from models.guards import Actor
from models.store import Store
from models.tables import AgentStateLogRow, Staff
from models.vocabulary import AgentState

#: More lines of one agent are not shown at once; their sums are whole.
MOST_LINES = 1000


class StateTime(BaseModel):
    """All time in one state. ``counts_as``: which sums it is part of."""

    state: AgentState
    label: str
    lines: int
    seconds: float
    #: Part of the working time, and of the time in which an agent could be reached.
    work: bool
    available: bool


class AgentTime(BaseModel):
    """One agent's part, with the cell that opens it."""

    agent_id: str
    name: str
    work_s: float
    available_s: float
    signed_s: float
    cell: str


class LedgerLine(BaseModel):
    """One agent in one state; only what lies in the period. ``until`` None: it goes on."""

    agent_id: str
    name: str
    state: AgentState
    label: str
    since: datetime
    until: datetime | None
    seconds: float


class SeatTime(BaseModel):
    """The number, and everything that it is made of."""

    figure: OpenedFigure
    #: Share (0–1) of ``over_s``; of time itself in seconds.
    value: float | None
    unit: str
    work_s: float
    #: What it is divided by; None for a time.
    over_s: float | None
    start: datetime
    end: datetime
    states: list[StateTime]
    agents: list[AgentTime]
    #: Of a single agent, in order of time.
    lines: list[LedgerLine]
    more_lines: bool


@dataclass(frozen=True, kw_only=True)
class _Asked:
    figure: Figure
    start: datetime
    end: datetime
    agent: str


class SeatTimes:
    """Opens numbers of seat time."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def opened(self, actor: Actor, first: date, last: date, cell: str) -> SeatTime:
        """What a number of a table of these local days is made of.

        :raises Forbidden: for a reader without the permission of figures.
        :raises NotFound: there is no such number.
        """
        require_figures(self._rules, actor)
        period = Period(first=first, last=last, zone=self._rules.zone)
        span = Span(start=period.start, end=period.end, now=self._clock.now())
        asked = self._asked(Cell.parse(cell), span)
        async with self._store.read() as session:
            sums = list(await session.execute(_sums(asked, span)))
            lines = list(await session.execute(_lines(asked, span))) if asked.agent else []
            names = await _names(session, {row.agent_id for row in sums} | {asked.agent})
        return self._view(asked, Cell.parse(cell), sums, lines, names, span)

    def _asked(self, cell: Cell, span: Span) -> _Asked:
        figures = [*time_shares(self._rules.figures), signed_in()]
        known = {figure.code: figure for figure in figures}
        narrowed = cell.narrowed
        agents = {narrowed[key] for key in ("agent", "of") if key in narrowed}
        if cell.code not in known or len(agents) > 1 or set(narrowed) & {"queue", "wait"}:
            raise unknown_cell(cell.code)
        start, end = span.start, min(span.end, span.now)
        try:
            if "from" in narrowed or "to" in narrowed:
                start = max(start, datetime.fromtimestamp(int(narrowed["from"]), UTC))
                end = min(end, datetime.fromtimestamp(int(narrowed["to"]), UTC))
        except (KeyError, ValueError, OverflowError, OSError):
            raise unknown_cell(cell.code) from None
        return _Asked(
            figure=known[cell.code], start=start, end=max(start, end), agent="".join(agents)
        )

    def _view(
        self,
        asked: _Asked,
        cell: Cell,
        sums: Sequence[Row[Any]],
        lines: Sequence[Row[Any]],
        names: Mapping[str, str],
        span: Span,
    ) -> SeatTime:
        states = _by_state(sums)
        agents = _by_agent(sums, names, cell)
        totals = {"work_us": sum(a.work_s for a in agents),
                  "available_us": sum(a.available_s for a in agents),
                  "signed_us": sum(a.signed_s for a in agents)}  # fmt: skip
        figure, over = asked.figure, None
        value: float | None = totals["signed_us"]
        if isinstance(figure, Share):
            over = totals[figure.of]
            value = totals[figure.hits] / over if over else None
        return SeatTime(
            figure=OpenedFigure(
                label=figure.label,
                words=figure.words,
                counted="",
                parts=parts_of(cell, self._rules, names),
            ),
            value=value,
            unit="share" if isinstance(figure, Share) else "seconds",
            work_s=totals["work_us"],
            over_s=over,
            start=asked.start,
            end=asked.end,
            states=states,
            agents=agents,
            lines=[_line(row, names, asked, span) for row in lines[:MOST_LINES]],
            more_lines=len(lines) > MOST_LINES,
        )


def _condition(asked: _Asked) -> list[Any]:
    found: list[Any] = touching(asked.start, asked.end)
    return [*found, AgentStateLogRow.agent_id == asked.agent] if asked.agent else found


def _sums(asked: _Asked, span: Span) -> Any:
    row = AgentStateLogRow
    lasted = clipped(asked.start, asked.end, span.now)
    return (
        select(
            row.agent_id,
            row.state,
            func.count().label("lines"),
            func.sum(lasted).label("micros"),
        )
        .where(*_condition(asked))
        .group_by(row.agent_id, row.state)
    )


def _lines(asked: _Asked, span: Span) -> Any:
    row = AgentStateLogRow
    return (
        select(row.agent_id, row.state, row.since, row.until)
        .where(*_condition(asked), row.since < instant(span.now))
        .order_by(row.since)
        .limit(MOST_LINES + 1)
    )


def _by_state(sums: Sequence[Row[Any]]) -> list[StateTime]:
    spent: dict[AgentState, int] = defaultdict(int)
    lines: dict[AgentState, int] = defaultdict(int)
    for row in sums:
        spent[row.state] += int(row.micros)
        lines[row.state] += row.lines
    return [
        StateTime(
            state=state,
            label=state.label,
            lines=lines[state],
            seconds=spent[state] / MICRO,
            work="work_us" in classes_of(state),
            available="available_us" in classes_of(state),
        )
        for state in AgentState
        if state in spent
    ]


def _by_agent(sums: Sequence[Row[Any]], names: Mapping[str, str], cell: Cell) -> list[AgentTime]:
    spent: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in sums:
        for name in classes_of(row.state):
            spent[row.agent_id][name] += int(row.micros)
    whole = Narrowing(
        start=_instant(cell, "from"),
        end=_instant(cell, "to"),
    )
    found = [
        AgentTime(
            agent_id=agent,
            name=names.get(agent, agent),
            work_s=times["work_us"] / MICRO,
            available_s=times["available_us"] / MICRO,
            signed_s=times["signed_us"] / MICRO,
            cell=f"{whole.cell(cell.code)}/of/{agent}",
        )
        for agent, times in spent.items()
    ]
    return sorted(found, key=lambda one: (-one.signed_s, one.name))


def _instant(cell: Cell, key: str) -> datetime | None:
    text = cell.narrowed.get(key)
    return datetime.fromtimestamp(int(text), UTC) if text else None


def _line(row: Row[Any], names: Mapping[str, str], asked: _Asked, span: Span) -> LedgerLine:
    since = max(row.since, asked.start)
    lasts = row.until is None and asked.end == span.now
    until = min(row.until or span.now, asked.end)
    return LedgerLine(
        agent_id=row.agent_id,
        name=names.get(row.agent_id, row.agent_id),
        state=row.state,
        label=row.state.label,
        since=since,
        until=None if lasts else until,
        seconds=max(timedelta(), until - since).total_seconds(),
    )


async def _names(session: AsyncSession, ids: set[str]) -> dict[str, str]:
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    return {staff_id: name for staff_id, name in rows}
