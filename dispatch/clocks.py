"""When something is due: limits counted on the working calendar, and said in words.

Pure functions. Counting: the day a limit in days starts on is not counted, whatever the hour; the
last day counts until 24:00. Working hours run only in office hours. A due time that needs a year
whose holiday notice is not loaded is provisional.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.calendar import WorkingCalendar
from config.service_levels import Limit
from models.vocabulary import LimitUnit

#: The last instant of a local day: 24:00 with the right date on it.
END_OF_DAY = time(23, 59, 59, 999999)


@dataclass(frozen=True, kw_only=True)
class Due:
    """The end of a limit. ``at`` is inclusive: done at it is done in time."""

    start: datetime
    limit: Limit
    at: datetime
    provisional: bool


class Counter:
    """Counts limits on one calendar in one time zone."""

    def __init__(self, calendar: WorkingCalendar, zone: ZoneInfo) -> None:
        self.calendar = calendar
        self.zone = zone

    def due(self, start: datetime, limit: Limit) -> Due:
        """The end of ``limit`` counted from ``start`` (aware)."""
        at = self._end(start, limit)
        last = self.local(at).date()
        counts_days = limit.unit in (LimitUnit.WD, LimitUnit.WH)
        provisional = counts_days and not self._covered(self.local(start).date(), last)
        return Due(start=start, limit=limit, at=at.astimezone(UTC), provisional=provisional)

    def local(self, instant: datetime) -> datetime:
        """The instant on the city's clock."""
        return instant.astimezone(self.zone)

    def working_days_late(self, due: datetime, done: datetime) -> int:
        """Started working days after the due time; at least 1 when late at all, 0 in time."""
        if done <= due:
            return 0
        first, last = self.local(due).date(), self.local(done).date()
        return max(1, self.calendar.working_days_after(first, last))

    def back_working_hours(self, instant: datetime, amount: timedelta) -> datetime:
        """The moment that lies ``amount`` of office time before ``instant``."""
        end = self.local(instant)
        for opening, closing in self._hours_before(end.date()):
            closing = min(closing, end)
            span = max(closing - opening, timedelta())
            if amount <= span:
                return (closing - amount).astimezone(UTC)
            amount -= span
        raise AssertionError("the calendar always has an earlier working day")

    def back_working_days(self, instant: datetime, days: float) -> datetime:
        """The moment that lies ``days`` working days of 24 hours before ``instant``."""
        amount = timedelta(days=days)
        end = self.local(instant)
        day = end.date()
        while True:
            midnight = datetime.combine(day, time(), self.zone)
            if self.calendar.is_working(day):
                span = end - midnight
                if amount <= span:
                    return (end - amount).astimezone(UTC)
                amount -= span
            day -= timedelta(days=1)
            end = midnight

    def _end(self, start: datetime, limit: Limit) -> datetime:
        day = self.local(start).date()
        match limit.unit:
            case LimitUnit.NM:
                return start + timedelta(minutes=limit.amount)
            case LimitUnit.NH:
                return start + timedelta(hours=limit.amount)
            case LimitUnit.ND:
                return self._end_of(day + timedelta(days=limit.amount))
            case LimitUnit.WD:
                return self._end_of(self.calendar.add_working_days(day, limit.amount))
            case LimitUnit.WH:
                return self._add_working_hours(start, timedelta(hours=limit.amount))

    def _end_of(self, day: date) -> datetime:
        return datetime.combine(day, END_OF_DAY, self.zone)

    def _add_working_hours(self, start: datetime, amount: timedelta) -> datetime:
        begin = self.local(start)
        for opening, closing in self._hours_from(begin.date()):
            opening = max(opening, begin)
            span = max(closing - opening, timedelta())
            if amount <= span:
                return opening + amount
            amount -= span
        raise AssertionError("the calendar always has a later working day")

    def _hours_from(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        while True:
            for opening, closing in self.calendar.office_hours(day):
                yield self._at(day, opening), self._at(day, closing)
            day += timedelta(days=1)

    def _hours_before(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        while True:
            for opening, closing in reversed(self.calendar.office_hours(day)):
                yield self._at(day, opening), self._at(day, closing)
            day -= timedelta(days=1)

    def _at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self.zone)

    def _covered(self, first: date, last: date) -> bool:
        return all(year in self.calendar.years for year in range(first.year, last.year + 1))


def explain_due(due: Due, counter: Counter) -> str:
    """How the due time came about, in a Chinese sentence."""
    start, end = counter.local(due.start), counter.local(due.at)
    if due.limit.unit in (LimitUnit.NM, LimitUnit.NH):
        return (
            f"从{_moment(start)}起算{due.limit.text}，节假日照常计算，至{_moment(end, start)}止。"
        )
    if due.limit.unit is LimitUnit.WH:
        text = f"从{_moment(start)}起算{due.limit.text}，只计办公时间"
        ending = f"至{_moment(end, start)}止。"
    else:
        text = f"从{_day(start.date())}起算{due.limit.text}，当日不计"
        ending = f"至{_day(end.date(), start.date())}24时止。"
    return "，".join([text, *_skipped(due, counter), ending]) + _provisional(due, counter)


def _skipped(due: Due, counter: Counter) -> list[str]:
    if due.limit.unit is LimitUnit.ND:
        return ["节假日照常计算"]
    first, last = counter.local(due.start).date(), counter.local(due.at).date()
    parts = []
    if off := counter.calendar.days_off_between(first, last):
        parts.append(f"{_ranges(off, first)}休息不计")
    days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    if made_up := [day for day in days if counter.calendar.is_make_up(day)]:
        parts.append(f"{_ranges(tuple(made_up), first)}调休上班计入")
    return parts


def _provisional(due: Due, counter: Counter) -> str:
    if not due.provisional:
        return ""
    first, last = counter.local(due.start).year, counter.local(due.at).year
    years = [y for y in range(first, last + 1) if y not in counter.calendar.years]
    listed = "、".join(f"{year}年" for year in years)
    return f"{listed}的放假安排尚未载入，暂按周一至周五为工作日计算。"


def due_text(local: datetime) -> str:
    """A local moment without its year; the end of a day is 24:00 of that day."""
    if local.time() == END_OF_DAY:
        return f"{local.month}月{local.day}日24:00"
    return f"{local.month}月{local.day}日{local:%H:%M}"


def _ranges(days: tuple[date, ...], since: date) -> str:
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return "、".join(_run(run, since) for run in runs)


def _run(run: list[date], since: date) -> str:
    first, last = run[0], run[-1]
    if first == last:
        return _day(first, since)
    end = f"{last.day}日" if first.month == last.month else _day(last, first)
    return f"{_day(first, since)}至{end}"


def _day(day: date, since: date | None = None) -> str:
    year = "" if since and since.year == day.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def _moment(instant: datetime, since: datetime | None = None) -> str:
    return f"{_day(instant.date(), since.date() if since else None)}{instant:%H:%M}"
