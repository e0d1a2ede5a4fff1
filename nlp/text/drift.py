"""How the proposals fare: what people accept of them, and whether what comes in has changed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from config.taxonomy import Taxonomy
from models.store import Store
from models.tables import Suggestion, WorkOrder

#: Weeks shown; the last :data:`RECENT` of them are compared with the others.
WEEKS, RECENT = 12, 4
#: Orders of a week that are looked at, drawn by chance (by their query code).
SAMPLE = 300
#: Fewer orders on either side say nothing about a shift.
_FEWEST = 50
#: A class that one side never had counts as this share of it.
_LEAST = 0.001
FIELDS = (
    *("request_type", "category", "department", "urgency"),
    *("title", "place", "callback_phone", "occurred"),
)


@dataclass(frozen=True, kw_only=True)
class FieldFate:
    """What became of the proposals for one field: how many orders."""

    accepted: int
    edited: int
    ignored: int

    @property
    def share(self) -> float | None:
        """Accepted of all, 0–1; None without any."""
        together = self.accepted + self.edited + self.ignored
        return self.accepted / together if together else None


@dataclass(frozen=True, kw_only=True)
class Week:
    """One week of orders for which something was proposed; figures are of ``looked_at`` of them."""

    begins: date
    orders: int
    looked_at: int
    fields: dict[str, FieldFate]
    #: By field, in how many orders the machine abstained.
    abstained: dict[str, int]
    model_versions: list[str]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How far the shares of classes lie apart: the population stability index, Σ(a−b)·ln(a/b)."""

    index: float
    #: The classes that moved most: code, share before, share of late (0–1).
    moved: list[tuple[str, float, float]]


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The newest week first. Shifts are None while either side has too few orders."""

    weeks: list[Week]
    request_types: Shift | None
    categories: Shift | None
    #: Share of the words of late texts that training had seen, 0–1; None without texts.
    known_words: float | None


@dataclass(frozen=True)
class _Seen:
    """One order as this page needs it."""

    proposed: Mapping[str, Any]
    decisions: Mapping[str, str]
    version: str
    request_type: str
    category: str
    content: str


async def drift(
    store: Store,
    taxonomy: Taxonomy,
    now: datetime,
    zone: ZoneInfo,
    known_words: Callable[[Sequence[str]], float],
) -> Drift:
    """Over the last :data:`WEEKS` weeks, which begin on Mondays in ``zone``."""
    monday = now.astimezone(zone).date() - timedelta(days=now.astimezone(zone).weekday())
    begins = [monday - timedelta(weeks=n) for n in range(WEEKS)]
    counted = [await _week(store, day, zone) for day in begins]
    late = [seen for _, rows in counted[:RECENT] for seen in rows]
    before = [seen for _, rows in counted[RECENT:] for seen in rows]
    texts = [seen.content for seen in late]
    return Drift(
        weeks=[
            _summary(day, orders, rows)
            for day, (orders, rows) in zip(begins, counted, strict=True)
            if orders
        ],
        request_types=shift([s.request_type for s in before], [s.request_type for s in late]),
        categories=shift(_first_levels(taxonomy, before), _first_levels(taxonomy, late)),
        known_words=known_words(texts) if texts else None,
    )


def shift(before: Sequence[str], late: Sequence[str]) -> Shift | None:
    """Between two bags of labels."""
    if min(len(before), len(late)) < _FEWEST:
        return None
    old, new = _shares(before), _shares(late)
    moves = [(code, old.get(code, 0.0), new.get(code, 0.0)) for code in sorted({*old, *new})]
    index = sum(
        (max(b, _LEAST) - max(a, _LEAST)) * math.log(max(b, _LEAST) / max(a, _LEAST))
        for _, a, b in moves
    )
    furthest = sorted(moves, key=lambda move: -abs(move[2] - move[1]))[:5]
    return Shift(index=round(index, 4), moved=furthest)


def _shares(labels: Sequence[str]) -> dict[str, float]:
    return {label: count / len(labels) for label, count in Counter(labels).items()}


def _first_levels(taxonomy: Taxonomy, rows: Sequence[_Seen]) -> list[str]:
    return [taxonomy.ancestor(s.category, 1).code for s in rows if s.category in taxonomy]


async def _week(store: Store, begins: date, zone: ZoneInfo) -> tuple[int, list[_Seen]]:
    """How many orders, and a sample of them."""
    start = datetime(begins.year, begins.month, begins.day, tzinfo=zone)
    end = begins + timedelta(weeks=1)
    within = (
        WorkOrder.accepted_at >= start,
        WorkOrder.accepted_at < datetime(end.year, end.month, end.day, tzinfo=zone),
    )
    joined = select(Suggestion, WorkOrder).join(WorkOrder, WorkOrder.id == Suggestion.order_id)
    number = select(func.count()).select_from(Suggestion)
    async with store.read() as session:
        orders = await session.scalar(
            number.join(WorkOrder, WorkOrder.id == Suggestion.order_id).where(*within)
        )
        found = await session.execute(
            joined.where(*within).order_by(WorkOrder.query_code, WorkOrder.id).limit(SAMPLE)
        )
        rows = [_seen(suggestion, order) for suggestion, order in found]
    return orders or 0, rows


def _seen(suggestion: Suggestion, order: WorkOrder) -> _Seen:
    return _Seen(
        proposed=suggestion.proposed,
        decisions=suggestion.decisions,
        version=suggestion.model_version,
        request_type=order.request_type.value,
        category=order.category,
        # What is secret is not read for figures either.
        content="" if order.confidential else order.content,
    )


def _summary(begins: date, orders: int, rows: Sequence[_Seen]) -> Week:
    return Week(
        begins=begins,
        orders=orders,
        looked_at=len(rows),
        fields={field: _fate(field, rows) for field in FIELDS},
        abstained=dict(Counter(field for seen in rows for field in _doubted(seen))),
        model_versions=sorted({seen.version for seen in rows if seen.version}),
    )


def _fate(field: str, rows: Sequence[_Seen]) -> FieldFate:
    counts = Counter(seen.decisions.get(field) for seen in rows)
    return FieldFate(
        accepted=counts["accepted"], edited=counts["edited"], ignored=counts["ignored"]
    )


def _doubted(seen: _Seen) -> set[str]:
    doubts = cast(Sequence[Mapping[str, str]], seen.proposed.get("doubts") or ())
    return {doubt.get("field", "") for doubt in doubts} & set(FIELDS)
