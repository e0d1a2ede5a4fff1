"""One table of figures: rows made of sums, every number with the cell that opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from dispatch.floor.call_facts import MICRO, Span
from dispatch.floor.cells import Narrowing
from dispatch.floor.counting import LONGEST, Chosen, Groups, Sums, add_up, fold
from dispatch.floor.measures import By, Figure, Unit, counts
from dispatch.floor.rates import longest, means, missed_count, shares, signed_in, time_shares
from dispatch.floor.sql_time import QUARTER_SECONDS
from dispatch.reports.facts import Period
from dispatch.rules import Rules

_HALF_HOUR = timedelta(minutes=30)
NEVER_QUEUED = "未进入排队"


class Value(BaseModel):
    """A number. Of shares and means: made of ``hits`` and ``of``. Lengths are in seconds."""

    value: float | None
    #: Opens the calls behind it; None where there are none to open.
    cell: str | None = None
    hits: float | None = None
    of: float | None = None
    hits_cell: str | None = None


class FigureColumn(BaseModel):
    """What a figure means, in words."""

    code: str
    label: str
    words: str
    unit: Unit


class FigureRow(BaseModel):
    """The figures of one half hour, day, agent, queue, or of all."""

    key: str
    label: str
    start: datetime | None = None
    values: dict[str, Value]
    #: Expected calls, as known before that day; None where the past is too short.
    forecast: float | None = None


class Sheet:
    """Makes rows of sums."""

    def __init__(self, rules: Rules, period: Period, by: By, chosen: Chosen) -> None:
        figures = rules.figures
        self.by = by
        self._rules = rules
        self._period = period
        self._chosen = chosen
        self._counts = [c for c in counts(figures) if c.shown and by in c.rows]
        self._shares = [s for s in shares(figures) if by in s.rows]
        self._means = [m for m in means() if by in m.rows]
        self._longest = [longest()] if by in longest().rows else []
        self._times = [s for s in time_shares(figures) if by in s.rows and not chosen.queue]
        self._signed = [signed_in()] if by in signed_in().rows and not chosen.queue else []
        self._missed = [missed_count()] if by == "agent" else []

    def columns(self) -> list[FigureColumn]:
        """The figures of this table, in order."""

        def told(figures: list[Any], unit: Unit) -> list[FigureColumn]:
            return [_column(figure, unit) for figure in figures]

        return [
            *told([*self._counts, *self._missed], "count"),
            *told([*self._shares, *self._times], "share"),
            *told([*self._means, *self._longest, *self._signed], "seconds"),
        ]

    def total(self, sums: Sums) -> FigureRow:
        """All together, each call once."""
        narrow = Narrowing(queue=self._chosen.queue, agent=self._chosen.agent)
        whole = Sheet(self._rules, self._period, "day", self._chosen)
        whole._missed = self._missed
        return FigureRow(key="total", label="合计", values=whole.values(sums, narrow))

    def agents(self, found: Groups, names: Mapping[str, str]) -> list[FigureRow]:
        """A row for each agent who was there, by name."""
        rows = []
        for agent, sums in found.items():
            narrow = Narrowing(queue=self._chosen.queue, agent=self._chosen.agent, of_agent=agent)
            values = self.values(sums, narrow)
            rows.append(FigureRow(key=agent, label=names.get(agent, agent), values=values))
        return sorted(rows, key=lambda row: (-(row.values["answered"].value or 0), row.label))

    def queues(self, found: Groups, names: Mapping[str, str]) -> list[FigureRow]:
        """A row for each queue in which somebody waited, and for those who never did."""
        rows = []
        for queue in sorted(found, key=lambda code: (code == "", code)):
            narrow = Narrowing(queue=queue, agent=self._chosen.agent, of_queue=True)
            label = names.get(queue, queue) if queue else NEVER_QUEUED
            values = self.values(found[queue], narrow)
            rows.append(FigureRow(key=queue, label=label, values=values))
        return rows

    def times(self, found: Groups, span: Span) -> list[FigureRow]:
        """A row for each half hour or day until now, also those without a call."""
        zone, by = self._period.zone, self.by
        begin = _half_hour_begin if by == "half_hour" else _day_begin

        def start_of(quarter: int) -> datetime:
            return begin(datetime.fromtimestamp(quarter * QUARTER_SECONDS, zone)).astimezone(UTC)

        groups: Groups = {start: {} for start in self._starts(span, start_of)}
        add_up(groups, fold(found, start_of))
        rows = []
        for start in sorted(groups):
            local = start.astimezone(zone)
            end = start + _HALF_HOUR
            if by == "day":
                end = _day_begin(local + timedelta(days=1, hours=3)).astimezone(UTC)
            narrow = Narrowing(
                queue=self._chosen.queue, agent=self._chosen.agent, start=start, end=end
            )
            label = f"{local:%m-%d}" if by == "day" else f"{local:%H:%M}"
            values = self.values(groups[start], narrow)
            rows.append(FigureRow(key=f"{local:%Y-%m-%dT%H:%M}", label=label, start=start,
                                  values=values))  # fmt: skip
        return rows

    def _starts(self, span: Span, start_of: Callable[[int], datetime]) -> set[datetime]:
        first = int(span.start.timestamp()) // QUARTER_SECONDS
        last = int(min(span.end, max(span.now, span.start)).timestamp() - 1) // QUARTER_SECONDS
        return {start_of(quarter) for quarter in range(first, last + 1)}

    def values(self, sums: Sums, narrow: Narrowing) -> dict[str, Value]:
        """All figures of one row."""
        found: dict[str, Value] = {}
        for figure in [*self._counts, *self._missed]:
            count = sums.get(figure.code, 0)
            found[figure.code] = Value(value=count, cell=narrow.cell(figure.code))
        for share in self._shares:
            code = f"{share.of}-{share.less}" if share.less else share.of
            of = sums.get(share.of, 0) - (sums.get(share.less, 0) if share.less else 0)
            hits = sums.get(share.hits, 0)
            found[share.code] = Value(
                value=hits / of if of else None,
                hits=hits,
                of=of,
                cell=narrow.cell(code),
                hits_cell=narrow.cell(share.hits),
            )
        for share in self._times:
            spent, there = sums.get(share.hits, 0) / MICRO, sums.get(share.of, 0) / MICRO
            value = spent / there if there else None
            found[share.code] = Value(
                value=value, hits=spent, of=there, cell=narrow.cell(share.code)
            )
        for mean in self._means:
            of = sums.get(mean.of, 0)
            seconds = sum(sums.get(name, 0) for name in mean.sums) / MICRO
            found[mean.code] = Value(
                value=seconds / of if of else None, hits=seconds, of=of, cell=narrow.cell(mean.of)
            )
        for figure in self._longest:
            found[figure.code] = _longest_value(sums, narrow)
        for figure in self._signed:
            found[figure.code] = Value(
                value=sums.get("signed_us", 0) / MICRO, cell=narrow.cell(figure.code)
            )
        return found


def _column(figure: Figure, unit: Unit) -> FigureColumn:
    return FigureColumn(code=figure.code, label=figure.label, words=figure.words, unit=unit)


def _longest_value(sums: Sums, narrow: Narrowing) -> Value:
    if not sums.get("queued"):
        return Value(value=None)
    micros = sums.get(LONGEST, 0)
    return Value(value=micros / MICRO, cell=narrow.cell("queued", wait_us=micros))


def _half_hour_begin(local: datetime) -> datetime:
    return local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0)


def _day_begin(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
