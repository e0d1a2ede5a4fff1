"""The words for an opened number of the floor's figures: which figure, of what, of when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from config.figures import FigureRules
from dispatch.floor.call_facts import MICRO
from dispatch.floor.cells import NO_QUEUE, Cell
from dispatch.floor.measures import Figure, counts
from dispatch.floor.rates import Longest, Mean, Share, longest, means, missed_count, shares
from dispatch.floor.sheet import NEVER_QUEUED
from dispatch.reports.opened import OpenedFigure
from dispatch.rules import Rules


def opened_figure(cell: Cell, figure: str, rules: Rules, people: Mapping[str, str]) -> OpenedFigure:
    """``figure``: code of the column that was clicked, which may be made of the cell's count.

    :param people: names of agents by id.
    :raises KeyError: the cell is none.
    """
    counted = _counted(cell.code, rules.figures)
    made = {one.code: one for one in _made_of(cell.code, rules.figures)}
    opened = made.get(figure, counted)
    return OpenedFigure(
        label=opened.label,
        words=opened.words,
        counted="" if opened is counted else counted.label,
        parts=parts_of(cell, rules, people),
    )


def parts_of(cell: Cell, rules: Rules, people: Mapping[str, str]) -> list[str]:
    """What the cell is narrowed to, in words."""
    return list(_parts(cell.narrowed, rules, people))


def agents_of(cell: Cell) -> list[str]:
    """Ids of the agents whom a cell names."""
    return [cell.narrowed[key] for key in ("agent", "of") if key in cell.narrowed]


def _counted(code: str, rules: FigureRules) -> Figure:
    known: dict[str, Figure] = {one.code: one for one in (*counts(rules), missed_count())}
    first, _, less = code.partition("-")
    if not less:
        return known[first]
    label = f"{known[first].label}（不含{known[less].label}）"
    return Figure(code=code, label=label, words=known[first].words)


def _made_of(code: str, rules: FigureRules) -> Iterator[Figure]:
    """Shares, means and the longest wait that open the calls of this count."""
    made: tuple[Share | Mean | Longest, ...] = (*shares(rules), *means(), longest())
    for one in made:
        if _opens(one) == code:
            yield one


def _opens(figure: Share | Mean | Longest) -> str:
    if isinstance(figure, Longest):
        return "queued"
    less = figure.less if isinstance(figure, Share) else ""
    return f"{figure.of}-{less}" if less else figure.of


def _parts(narrowed: Mapping[str, str], rules: Rules, people: Mapping[str, str]) -> Iterator[str]:
    if "from" in narrowed and "to" in narrowed:
        yield _time(int(narrowed["from"]), int(narrowed["to"]), rules.zone)
    if "queue" in narrowed:
        code = narrowed["queue"]
        queue = rules.queues.queues.get(code)
        yield NEVER_QUEUED if code == NO_QUEUE else queue.name if queue else code
    yield from dict.fromkeys(
        people.get(narrowed[key], narrowed[key]) for key in ("agent", "of") if key in narrowed
    )
    if "wait" in narrowed:
        yield f"等候{int(narrowed['wait']) / MICRO:.1f}秒"


def _time(start: int, end: int, zone: ZoneInfo) -> str:
    first, last = (datetime.fromtimestamp(at, UTC).astimezone(zone) for at in (start, end))
    day = f"{first.month}月{first.day}日"
    if last - first >= timedelta(hours=23):  # a day, also one whose clock was changed
        return day
    return f"{day}{first:%H:%M}至{last:%H:%M}"
