"""When something is due: limits counted on the working calendar.

Pure functions. Counting: the day a limit in days starts on is not counted, whatever the hour; the
last day counts until 24:00; a limit may say otherwise (``config.limits``). Working hours run only
in office hours. A due time that needs a year whose holiday notice is not loaded is provisional.

*Effective time* is the time a limit counts in: office hours for WH, working days of 24 hours for
WD, the clock itself for the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.calendar import WorkingCalendar
from config.hours import Span
from config.limits import Begin, DayOff, End, Limit
from models.vocabulary import LimitUnit

#: The last instant of a local day: 24:00 with the right date on it.
END_OF_DAY = time(23, 59, 59, 999999)
_DAY = timedelta(days=1)
_NOTHING = timedelta()


@dataclass(frozen=True, kw_only=True)
class Due:
    """The end of a limit. ``at`` is inclusive: done at it is done in time.

    ``begun``: from when it is counted; later than ``start`` where that lies outside office hours.
    """

    start: datetime
    begun: datetime
    limit: Limit
    at: datetime
    provisional: bool


class Counter:
    """Counts limits on one calendar in one time zone. Returned instants are UTC."""

    def __init__(
        self, calendar: WorkingCalendar, zone: ZoneInfo, hours: tuple[Span, ...] = ()
    ) -> None:
        """``hours``: worked on each working day, in place of the calendar's office hours."""
        self.calendar = calendar
        self.zone = zone
        self.hours = hours

    def in_hours(self, hours: tuple[Span, ...]) -> Counter:
        """One that counts in these hours; empty: in the calendar's."""
        return self if hours == self.hours else Counter(self.calendar, self.zone, hours)

    def due(self, start: datetime, limit: Limit) -> Due:
        """The end of ``limit`` counted from ``start`` (aware)."""
        if limit.hours != self.hours and limit.hours:
            return self.in_hours(limit.hours).due(start, limit)
        begun = self._begun(start, limit)
        at = self._end(begun, limit)
        return Due(
            start=start,
            begun=begun,
            limit=limit,
            at=at.astimezone(UTC),
            provisional=self._is_provisional(start, at, limit),
        )

    def local(self, instant: datetime) -> datetime:
        """The instant on the city's clock."""
        return instant.astimezone(self.zone)

    def day(self, instant: datetime) -> date:
        """The city's day of the instant."""
        return self.local(instant).date()

    def working_days_late(self, due: datetime, done: datetime) -> int:
        """Started working days after the due time; at least 1 when late at all, 0 in time."""
        if done <= due:
            return 0
        return max(1, self.calendar.working_days_after(self.day(due), self.day(done)))

    # --- effective time -------------------------------------------------------------------------

    def effective(self, first: datetime, last: datetime, unit: LimitUnit) -> timedelta:
        """The effective time between two instants; nothing when ``last`` is not after ``first``."""
        if unit not in (LimitUnit.WD, LimitUnit.WH):
            return max(last - first, _NOTHING)
        begin, end, spent = self.local(first), self.local(last), _NOTHING
        for opening, closing in self._spans_from(begin.date(), unit):
            if opening >= end:
                return spent
            spent += max(min(closing, end) - max(opening, begin), _NOTHING)
        raise AssertionError("the calendar always has a later working day")

    def forward(self, instant: datetime, amount: timedelta, unit: LimitUnit) -> datetime:
        """The moment that lies ``amount`` of effective time after ``instant``."""
        if unit not in (LimitUnit.WD, LimitUnit.WH):
            return instant + amount
        begin = self.local(instant)
        for opening, closing in self._spans_from(begin.date(), unit):
            opening = max(opening, begin)
            span = max(closing - opening, _NOTHING)
            if amount <= span:
                return (opening + amount).astimezone(UTC)
            amount -= span
        raise AssertionError("the calendar always has a later working day")

    def back(self, instant: datetime, amount: timedelta, unit: LimitUnit) -> datetime:
        """The moment that lies ``amount`` of effective time before ``instant``."""
        if unit not in (LimitUnit.WD, LimitUnit.WH):
            return instant - amount
        end = self.local(instant)
        for opening, closing in self._spans_before(end.date(), unit):
            closing = min(closing, end)
            span = max(closing - opening, _NOTHING)
            if amount <= span:
                return (closing - amount).astimezone(UTC)
            amount -= span
        raise AssertionError("the calendar always has an earlier working day")

    # --- inside ---------------------------------------------------------------------------------

    def _begun(self, start: datetime, limit: Limit) -> datetime:
        """The start, or the next opening of the office where the limit wants one."""
        if limit.begin is not Begin.OFFICE_HOURS:
            return start
        moment = self.local(start)
        for opening, closing in self._spans_from(moment.date(), LimitUnit.WH):
            if moment < closing:
                return max(moment, opening).astimezone(UTC)
        raise AssertionError("the calendar always has a later working day")

    def _end(self, begun: datetime, limit: Limit) -> datetime:
        match limit.unit:
            case LimitUnit.NM:
                return begun + timedelta(minutes=limit.amount)
            case LimitUnit.NH:
                return begun + timedelta(hours=limit.amount)
            case LimitUnit.WH:
                return self.forward(begun, timedelta(hours=limit.amount), LimitUnit.WH)
            case LimitUnit.ND | LimitUnit.WD:
                return self._end_of(self._last_day(begun, limit), limit.end)

    def _last_day(self, begun: datetime, limit: Limit) -> date:
        day = self.day(begun)
        if limit.begin is Begin.SAME_DAY:
            day -= _DAY
        if limit.unit is LimitUnit.WD:
            return self.calendar.add_working_days(day, int(limit.amount))
        day += _DAY * int(limit.amount)
        if limit.day_off is DayOff.MOVES and not self.calendar.is_working(day):
            return self.calendar.next_working_day(day)
        return day

    def _end_of(self, day: date, end: End) -> datetime:
        hours = self._office_hours(day) if end is End.OFFICE_CLOSE else ()
        return self._at(day, hours[-1][1] if hours else END_OF_DAY)

    def _is_provisional(self, start: datetime, end: datetime, limit: Limit) -> bool:
        counts_days = limit.unit in (LimitUnit.WD, LimitUnit.WH)
        asks = limit.end is End.OFFICE_CLOSE or limit.day_off is DayOff.MOVES
        if not (counts_days or asks or limit.begin is Begin.OFFICE_HOURS):
            return False
        first, last = self.day(start).year, self.day(end).year
        return not set(range(first, last + 1)) <= self.calendar.years

    def _spans_from(self, day: date, unit: LimitUnit) -> Iterator[tuple[datetime, datetime]]:
        while True:
            yield from self._spans(day, unit)
            day += _DAY

    def _spans_before(self, day: date, unit: LimitUnit) -> Iterator[tuple[datetime, datetime]]:
        while True:
            yield from reversed(self._spans(day, unit))
            day -= _DAY

    def _spans(self, day: date, unit: LimitUnit) -> list[tuple[datetime, datetime]]:
        """The effective time of a day: office hours, or the whole of a working day."""
        if unit is LimitUnit.WH:
            hours = self._office_hours(day)
            return [(self._at(day, opening), self._at(day, closing)) for opening, closing in hours]
        if not self.calendar.is_working(day):
            return []
        return [(self._at(day, time()), self._at(day + _DAY, time()))]

    def _office_hours(self, day: date) -> tuple[Span, ...]:
        if self.hours:
            return self.hours if self.calendar.is_working(day) else ()
        return self.calendar.office_hours(day)

    def _at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self.zone)
