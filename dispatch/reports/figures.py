"""Counting: rates with their uncertainty, and the period formula. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from config.scoring import ScoringRules
from dispatch.assessment.assess import one_decimal
from dispatch.reports.facts import Facts, Period, TaskFact
from models.vocabulary import Satisfaction, SolvedByCaller

#: Standard normal quantile of a 95 % interval.
_Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share. ``hits`` may be weighted (a satisfaction of 0.9); ids can be opened."""

    hits: float
    of: int
    hit_ids: tuple[str, ...]
    miss_ids: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The whole sample."""
        return self.hit_ids + self.miss_ids

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the true share lies with 95 % confidence."""
        return wilson(self.hits, self.of) if self.of else None


def wilson(hits: float, of: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share; sound for small numbers and near 0 or 1."""
    share = hits / of
    centre = share + _Z**2 / (2 * of)
    spread = _Z * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    scale = 1 + _Z**2 / of
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


class _Counted(Protocol):
    @property
    def order_id(self) -> str: ...


Row = TypeVar("Row", bound=_Counted)


def rate_of(rows: Sequence[Row], value: Callable[[Row], float]) -> Rate:
    """The share of rows, each counted with its value between 0 and 1."""
    return Rate(
        hits=sum(value(row) for row in rows),
        of=len(rows),
        hit_ids=tuple(row.order_id for row in rows if value(row) > 0),
        miss_ids=tuple(row.order_id for row in rows if value(row) == 0),
    )


def _done_by(done: datetime | None, due: datetime | None) -> float:
    return float(done is not None and due is not None and done <= due)


def _decided(row: TaskFact, done: datetime | None, due: datetime, now: datetime) -> bool:
    """Whether it is known if the limit was kept. While the clocks stand still nothing comes due;
    what was late when they stopped is late."""
    return done is not None or due < min(now, row.stopped_at or now)


def received(facts: Facts, period: Period) -> tuple[str, ...]:
    """Orders given to the unit in the period; a redo is no new one."""
    return tuple(
        row.order_id for row in facts.tasks if not row.redo and period.holds(row.dispatched_at)
    )


def redone(facts: Facts, period: Period) -> tuple[str, ...]:
    """Orders the unit had to do again, by the day it got them again."""
    return tuple(
        row.order_id for row in facts.tasks if row.redo and period.holds(row.dispatched_at)
    )


def misdirected(facts: Facts) -> tuple[str, ...]:
    """Orders that were sent to the unit in the period and were not its own."""
    return tuple(row.order_id for row in facts.sent if row.wrong)


def suspended(facts: Facts) -> tuple[str, ...]:
    """Orders whose clocks were stopped for the unit in the period, each time counted."""
    return tuple(row.order_id for row in facts.pauses)


def accurate(facts: Facts, sender_id: str) -> Rate:
    """Sent to the right unit, of all that one dispatcher sent in the period."""
    rows = [row for row in facts.sent if row.sender_id == sender_id]
    return rate_of(rows, lambda row: float(not row.wrong))


def signed(facts: Facts, period: Period, now: datetime) -> Rate:
    """Signed in the limit, of those dispatched in the period and signed or past due."""
    rows = [
        row
        for row in facts.tasks
        if period.holds(row.dispatched_at) and _decided(row, row.signed_at, row.sign_due, now)
    ]
    return rate_of(rows, lambda row: _done_by(row.signed_at, row.sign_due))


def contacted(facts: Facts, period: Period, now: datetime) -> Rate:
    """Contacted in the limit, of those dispatched in the period whose citizen can be contacted."""
    rows = [
        row
        for row in facts.tasks
        if period.holds(row.dispatched_at)
        and row.first_contact_due is not None
        and _decided(row, row.first_contacted_at, row.first_contact_due, now)
    ]
    return rate_of(rows, lambda row: _done_by(row.first_contacted_at, row.first_contact_due))


def on_time(facts: Facts, period: Period, now: datetime) -> Rate:
    """Result in the limit, of those due in the period: leaving one open hides nothing."""
    rows = [
        row
        for row in facts.tasks
        if period.holds(row.due_at) and _decided(row, row.submitted_at, row.due_at, now)
    ]
    return rate_of(rows, lambda row: _done_by(row.submitted_at, row.due_at))


def response(facts: Facts) -> Rate:
    """The unit contacted the citizen, as the citizen says."""
    return rate_of(facts.opinions, lambda row: float(row.contacted))


def resolution(facts: Facts) -> Rate:
    """The demand is solved, as the citizen says."""
    return rate_of(facts.opinions, lambda row: float(row.solved is SolvedByCaller.SOLVED))


def satisfaction(facts: Facts, values: dict[Satisfaction, float]) -> Rate:
    """The citizen's grades, each with its value."""
    return rate_of(facts.opinions, lambda row: values[row.satisfaction])


def period_score(rates: Mapping[str, Rate], scoring: ScoringRules) -> float | None:
    """The three rates weighted to 100, one decimal; None without a valid follow-up."""
    weights, total = scoring.period, 0.0
    for name in ("response", "resolution", "satisfaction"):
        value = rates[name].value
        if value is None:
            return None
        total += getattr(weights, name) * value
    return one_decimal(total)


def mean_score(facts: Facts) -> float | None:
    """The mean closure score, one decimal."""
    if not facts.scores:
        return None
    return one_decimal(sum(row.score for row in facts.scores) / len(facts.scores))


def of_unit(facts: Facts, departments: frozenset[str]) -> Facts:
    """The facts that belong to some units; intake belongs to the hotline, not to a unit."""
    return Facts(
        orders=(),
        tasks=[row for row in facts.tasks if row.department in departments],
        opinions=[row for row in facts.opinions if row.department in departments],
        scores=[row for row in facts.scores if row.department in departments],
        sent=[row for row in facts.sent if row.department in departments],
        pauses=[row for row in facts.pauses if row.department in departments],
    )
