"""Which days and hours are worked: read from ``calendar.yaml``, and further years each from a file
of its own: ``calendar/2027.yaml`` in the city's folder of rule files.

The arithmetic on it (due dates) is in ``dispatch``; this file only knows days and hours.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file

FILE = "calendar.yaml"
#: Of the city's rules: one file for each further year.
FOLDER = "calendar"
_MONTH_DAY = re.compile(r"(\d{2})-(\d{2})")
_HOURS = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


@dataclass(frozen=True, kw_only=True)
class Season:
    """Office hours of a part of the year; ``first`` and ``last`` as (month, day)."""

    first: tuple[int, int]
    last: tuple[int, int]
    hours: tuple[tuple[time, time], ...]

    def holds(self, day: date) -> bool:
        """Whether the day lies in it; a season may reach over the turn of the year."""
        here = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last


@dataclass(frozen=True, kw_only=True)
class WorkingCalendar:
    """Official days off and make-up days of the loaded years."""

    version: str
    years: frozenset[int]
    off: frozenset[date]
    work: frozenset[date]
    seasons: tuple[Season, ...]

    @cached_property
    def edition(self) -> str:
        """Tells calendars apart also where somebody forgot to give a new version."""
        days = sorted(day.isoformat() for day in self.off | self.work)
        content = repr((sorted(self.years), days, sorted(map(str, self.work)), self.seasons))
        return f"{self.version}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    def covers(self, day: date) -> bool:
        """Whether the year's official notice is loaded."""
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """Whether the day is worked; by weekday alone where the year is not loaded."""
        if day in self.work:
            return True
        return day not in self.off and day.weekday() < 5

    def is_make_up(self, day: date) -> bool:
        """A weekend day worked in exchange for a day off."""
        return day in self.work

    def office_hours(self, day: date) -> tuple[tuple[time, time], ...]:
        """The hours worked on a day; empty on a day off."""
        if not self.is_working(day):
            return ()
        return next((season.hours for season in self.seasons if season.holds(day)), ())

    def add_working_days(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``, which itself is not counted."""
        for _ in range(count):
            day = self.next_working_day(day)
        return day

    def next_working_day(self, day: date) -> date:
        """The first working day after ``day``."""
        day += timedelta(days=1)
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def working_days_after(self, first: date, last: date) -> int:
        """How many working days lie after ``first``, up to and including ``last``."""
        span = range(1, (last - first).days + 1)
        return sum(self.is_working(first + timedelta(days=n)) for n in span)

    def days_off_between(self, first: date, last: date) -> tuple[date, ...]:
        """Days not worked after ``first`` and before ``last``."""
        days = (first + timedelta(days=n) for n in range(1, (last - first).days))
        return tuple(day for day in days if not self.is_working(day))


def load_calendar(rules: Path | None = None) -> WorkingCalendar:
    """Read the calendar. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    data = read_yaml(path)
    top = RowReader(path.name, "顶层", data)
    top.only("version", "years", "office_hours")
    years = data.get("years")
    if not isinstance(years, dict) or not years:
        raise top.error("years 应按年份列出放假和调休上班的日期")
    readers = {year: RowReader(path.name, f"{year} 年", row) for year, row in years.items()}
    readers |= _further_years(rules)
    off: set[date] = set()
    work: set[date] = set()
    for year, reader in readers.items():
        if not isinstance(year, int) or not 2000 <= year <= 2100:
            raise top.error(f"years 中的 {year} 不是年份")
        reader.only("source", "holidays", "make_up")
        off |= _days(reader, year, "holidays")
        work |= _days(reader, year, "make_up")
        _check_year(reader, off, work)
    seasons = tuple(_season(path.name, n, row) for n, row in enumerate(top.rows("office_hours"), 1))
    _check_seasons(top, seasons)
    return WorkingCalendar(
        version=top.text("version"),
        years=frozenset(readers),
        off=frozenset(off),
        work=frozenset(work),
        seasons=seasons,
    )


def _further_years(rules: Path | None) -> dict[int, RowReader]:
    """A year with a file of its own; it stands in place of the same year in ``calendar.yaml``."""
    found: dict[int, RowReader] = {}
    for path in sorted((rules / FOLDER).glob("*.yaml")) if rules is not None else ():
        name, data = f"{FOLDER}/{path.name}", read_yaml(path)
        reader = RowReader(name, "顶层", data)
        if not re.fullmatch(r"\d{4}", path.stem):
            raise reader.error("文件名应是年份，如 2027.yaml")
        found[int(path.stem)] = reader
    return found


def _days(reader: RowReader, year: int, key: str) -> set[date]:
    found: set[date] = set()
    for item in reader.texts(key):
        first, _, last = item.partition("..")
        start, end = _day(reader, year, first), _day(reader, year, last or first)
        if end < start:
            raise reader.error(f"{key} 中的 {item} 起止颠倒")
        found |= {start + timedelta(days=n) for n in range((end - start).days + 1)}
    return found


def _day(reader: RowReader, year: int, text: str) -> date:
    month, day = _month_day(reader, text)
    try:
        return date(year, month, day)
    except ValueError:
        raise reader.error(f"{year} 年没有 {text} 这一天") from None


def _month_day(reader: RowReader, text: str) -> tuple[int, int]:
    match = _MONTH_DAY.fullmatch(text)
    if not match:
        raise reader.error(f"日期 {text} 应写作 月-日，如 05-01")
    return int(match[1]), int(match[2])


def _check_year(reader: RowReader, off: set[date], work: set[date]) -> None:
    if both := sorted(off & work):
        raise reader.error(f"{both[0]:%m-%d} 既是放假又是上班")
    if odd := sorted(day for day in work if day.weekday() < 5):
        raise reader.error(f"{odd[0]:%m-%d} 本来就是工作日，不必列为调休上班")


def _season(file: str, number: int, row: object) -> Season:
    reader = RowReader(file, f"office_hours 第 {number} 行", row)
    reader.only("from", "to", "hours")
    hours = tuple(_span(reader, item) for item in reader.texts("hours"))
    if not hours or any(a[1] > b[0] for a, b in pairwise(hours)):
        raise reader.error("hours 应是先后排列、互不重叠的时段")
    return Season(
        first=_month_day(reader, reader.text("from")),
        last=_month_day(reader, reader.text("to")),
        hours=hours,
    )


def _span(reader: RowReader, text: str) -> tuple[time, time]:
    match = _HOURS.fullmatch(text)
    try:
        if not match:
            raise ValueError
        start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    except ValueError:
        raise reader.error(f"时段 {text} 应写作 09:00-12:00") from None
    if end <= start:
        raise reader.error(f"时段 {text} 起止颠倒")
    return start, end


def _check_seasons(top: RowReader, seasons: tuple[Season, ...]) -> None:
    year = (date(2024, 1, 1) + timedelta(days=n) for n in range(366))
    for day in year:
        if not any(season.holds(day) for season in seasons):
            raise top.error(f"office_hours 没有说明 {day:%m-%d} 的办公时间")
