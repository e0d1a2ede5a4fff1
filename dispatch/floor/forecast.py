"""How many calls will be offered, foreseen from the same days and hours of the past weeks.

Pure: counts in, counts out. A day is 96 counts, one for each quarter of an hour of local time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from config.calendar import WorkingCalendar
from config.figures import ForecastRules

QUARTERS = 96
#: Counts by quarter hour; NaN where nothing was counted that could have been (a gap).
Counts: TypeAlias = npt.NDArray[np.float64]

#: A run of quarters without any call is a gap in the records when so many were to be expected.
_GAP_CALLS = 8.0
#: Median absolute deviation × this is a standard deviation, for the normal distribution.
_MAD = 1.4826
_FEWEST_DAYS = 2


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How far forecasts of past days were off, beside "as a week before". Shares; 0.1 is 10 %."""

    days: int
    #: Sum of deviations ÷ sum of calls, by half hour.
    wape: float
    naive_wape: float
    #: Mean of the deviations of whole days.
    day_mape: float
    naive_day_mape: float


class Forecaster:
    """Foresees days. ``history`` holds every complete local day that is known."""

    def __init__(
        self, history: Mapping[date, Counts], calendar: WorkingCalendar, rules: ForecastRules
    ) -> None:
        self._history = history
        self._calendar = calendar
        self._rules = rules

    def day(self, day: date, *, known_before: date | None = None) -> Counts | None:
        """Expected calls by quarter hour; None without a past to go by.

        :param known_before: days from here on count as not yet known (for the back-test).
        """
        limit = min(day, known_before or day)
        first = limit - timedelta(weeks=self._rules.weeks)
        known = [d for d in sorted(self._history) if first <= d < limit]
        similar = self._similar(day, known)
        if not similar:
            return None
        kind = [d for d in known if self._off(d) == self._off(day)] or similar
        own = self._mean(similar, limit)
        return _with_shape(own, self._mean(kind, limit), len(similar), self._rules.shape_calls)

    def accuracy(self, until: date) -> Accuracy | None:
        """Forecast the last weeks before ``until`` anew, each day from what was known a week
        before it, and compare with what came. None without such weeks.
        """
        span = range(1, self._rules.back_test_weeks * 7 + 1)
        tried = [self._tried(until - timedelta(days=n)) for n in span]
        found = [item for item in tried if item is not None]
        return _accuracy(found) if found else None

    def _tried(self, day: date) -> tuple[Counts, Counts, Counts] | None:
        """What came, what we would have said, what the week before would have said."""
        before = day - timedelta(days=7)
        real, naive = self._history.get(day), self._history.get(before)
        if real is None or naive is None or not real.sum():
            return None
        ours = self.day(day, known_before=before + timedelta(days=1))
        return None if ours is None else (real, ours, naive)

    def _off(self, day: date) -> bool:
        return not self._calendar.is_working(day)

    def _similar(self, day: date, known: Sequence[date]) -> list[date]:
        """Days that tell most of this one; wider circles while there are too few."""
        kind = [d for d in known if self._off(d) == self._off(day)]
        ordinary = not self._calendar.is_make_up(day) and self._off(day) == (day.weekday() > 4)
        # A holiday in the week is like other days off, a worked weekend like other working days.
        circles = [[d for d in kind if d.weekday() == day.weekday()]] if ordinary else []
        circles += [kind, list(known)]
        return next((circle for circle in circles if len(circle) >= _FEWEST_DAYS), list(known))

    def _mean(self, days: Sequence[date], limit: date) -> Counts:
        """The mean of days, newer ones weighing more, without gaps and outliers."""
        counts = cleaned(np.array([self._history[d] for d in days]), self._rules.outlier)
        ages = np.array([(limit - d).days / 7 for d in days])
        weights = 0.5 ** (ages / self._rules.half_life_weeks)
        there = ~np.isnan(counts)
        weighed = np.where(there, weights[:, None], 0.0)
        total = np.where(there, counts, 0.0) * weighed
        return np.asarray(total.sum(axis=0) / np.maximum(weighed.sum(axis=0), 1e-12))


def cleaned(days: Counts, outlier: float) -> Counts:
    """Days (rows) with gaps as NaN, and single counts far above their fellows cut down."""
    middle = np.median(days, axis=0)
    expected = np.concatenate(([0.0], np.cumsum(middle)))
    days = np.array([_without_gaps(row, expected) for row in days])
    # An hour around each quarter: one quarter alone has too few calls to tell what is usual.
    near = _smooth(np.nan_to_num(middle))
    spread = _MAD * np.nanmedian(np.abs(np.nan_to_num(days) - near), axis=0)
    most = near + outlier * np.maximum(spread, np.sqrt(near + 1.0))
    return np.where(np.isnan(days), np.nan, np.minimum(np.nan_to_num(days), most))


def _without_gaps(row: Counts, expected: Counts) -> Counts:
    """Silence where many calls were to be expected is a fault of ours, not of the citizens.

    :param expected: how many until each quarter of the day, and until its end.
    """
    found, called = row.copy(), np.flatnonzero(row)
    begins, ends = np.append(0, called + 1), np.append(called, len(row))
    silent = expected[ends] - expected[begins] >= _GAP_CALLS
    for begin, end in zip(begins[silent], ends[silent], strict=True):
        found[begin:end] = np.nan
    return found


def _smooth(counts: Counts) -> Counts:
    padded = np.pad(counts, 2, mode="wrap")
    return np.asarray(np.convolve(padded, np.full(5, 0.2), mode="valid"))


def _with_shape(own: Counts, kind: Counts, days: int, weight: float) -> Counts:
    """The own level; the shape of the day drawn towards that of all days of its kind when the
    own days had few calls.
    """
    level, whole = own.sum(), kind.sum()
    if not level or not whole:
        return own
    seen = level * days
    return np.asarray((own * seen + kind * (level / whole) * weight) / (seen + weight))


def _accuracy(tried: Sequence[tuple[Counts, Counts, Counts]]) -> Accuracy:
    real, ours, naive = (np.array([item[n] for item in tried]) for n in range(3))

    def wape(guess: Counts) -> float:
        off = np.abs(_half_hours(guess) - _half_hours(real)).sum()
        return float(off / real.sum())

    def day_mape(guess: Counts) -> float:
        sums = real.sum(axis=1)
        return float(np.mean(np.abs(guess.sum(axis=1) - sums) / sums))

    return Accuracy(
        days=len(tried),
        wape=wape(ours),
        naive_wape=wape(naive),
        day_mape=day_mape(ours),
        naive_day_mape=day_mape(naive),
    )


def _half_hours(days: Counts) -> Counts:
    return np.asarray(days.reshape(len(days), QUARTERS // 2, 2).sum(axis=2))
