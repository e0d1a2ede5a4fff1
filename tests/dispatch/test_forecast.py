"""Foreseeing calls: weeks as they come, with holidays, gaps and an incident in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from config.calendar import WorkingCalendar, load_calendar
from config.figures import ForecastRules, load_figures
from dispatch.floor.expected import expected_offered
from dispatch.floor.forecast import QUARTERS, Counts, Forecaster
from dispatch.rules import Rules
from models.store import Store
from models.tables import Call
from models.vocabulary import CallDirection, CallState, ContactOutcome
from tests.dispatch.desk import ZONE

#: Where the made-up history ends: a Monday after ten ordinary weeks and the October holidays.
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    return load_calendar()


@pytest.fixture(scope="module")
def how() -> ForecastRules:
    return load_figures().forecast


def usual(day: date, calls: float, calendar: WorkingCalendar) -> Counts:
    """What a day has on the long average: two peaks, Mondays fuller, days off emptier."""
    hours = np.arange(QUARTERS) / 4
    shape = 0.15 + np.exp(-((hours - 10) ** 2) / 4) + 0.8 * np.exp(-((hours - 15.5) ** 2) / 5)
    level = (1.25, 1.1, 1.0, 1.0, 0.95, 0.5, 0.45)[day.weekday()]
    if day.weekday() < 5 and not calendar.is_working(day):
        level = 0.5
    if calendar.is_make_up(day):
        level = 1.0
    return np.asarray(shape / shape.sum() * calls * level)


def weeks(
    calls: float, calendar: WorkingCalendar, seed: int, count: int = 13
) -> dict[date, Counts]:
    """Days before TODAY, each quarter hour drawn by chance."""
    chance = np.random.default_rng(seed)
    days = [TODAY - timedelta(days=n) for n in range(1, 7 * count + 1)]
    return {day: chance.poisson(usual(day, calls, calendar)).astype(float) for day in days}


@pytest.mark.unit
@pytest.mark.parametrize("calls", [230, 3000])
def test_forecasts_are_nearer_than_the_week_before(
    calls: float, calendar: WorkingCalendar, how: ForecastRules
) -> None:
    """On weeks that were held out, for a county and for a city."""
    accuracy = Forecaster(weeks(calls, calendar, 1), calendar, how).accuracy(TODAY)
    assert accuracy is not None
    assert accuracy.days == 28
    assert accuracy.wape < 0.85 * accuracy.naive_wape
    assert accuracy.day_mape < accuracy.naive_day_mape


@pytest.mark.unit
def test_a_forecast_is_near_the_truth_it_was_drawn_from(
    calendar: WorkingCalendar, how: ForecastRules
) -> None:
    forecaster = Forecaster(weeks(3000, calendar, 2), calendar, how)
    for offset in range(7):
        day = TODAY + timedelta(days=offset)
        expected = forecaster.day(day)
        assert expected is not None
        assert expected.sum() == pytest.approx(usual(day, 3000, calendar).sum(), rel=0.04)


@pytest.mark.unit
def test_an_incident_and_an_outage_do_not_bend_the_forecast(
    calendar: WorkingCalendar, how: ForecastRules
) -> None:
    history = weeks(3000, calendar, 3)
    before = Forecaster(history, calendar, how).day(TODAY)
    history[TODAY - timedelta(days=7)][36:48] *= 6  # pipes burst last Monday morning
    history[TODAY - timedelta(days=14)][40:64] = 0  # the server was away a fortnight ago
    after = Forecaster(history, calendar, how).day(TODAY)
    assert before is not None
    assert after is not None
    assert after.sum() == pytest.approx(before.sum(), rel=0.06)
    assert np.abs(after - before)[36:64].sum() < 0.12 * before[36:64].sum()


@pytest.mark.unit
def test_a_day_without_records_counts_as_unknown_not_as_quiet(
    calendar: WorkingCalendar, how: ForecastRules
) -> None:
    history = weeks(230, calendar, 4)
    before = Forecaster(history, calendar, how).day(TODAY)
    history[TODAY - timedelta(days=7)][:] = 0
    after = Forecaster(history, calendar, how).day(TODAY)
    assert before is not None
    assert after is not None
    assert after.sum() == pytest.approx(before.sum(), rel=0.1)


@pytest.mark.unit
def test_holidays_follow_days_off_and_worked_weekends_follow_working_days(
    calendar: WorkingCalendar, how: ForecastRules
) -> None:
    """Spring Festival lies ahead of this history; the calendar tells what its days are like."""
    made = weeks(3000, calendar, 5, count=9)
    shifted = {day - timedelta(weeks=41): counts for day, counts in made.items()}
    forecaster = Forecaster(shifted, calendar, how)
    holiday, make_up = forecaster.day(date(2026, 2, 18)), forecaster.day(date(2026, 2, 14))
    assert holiday is not None
    assert make_up is not None
    assert holiday.sum() == pytest.approx(0.48 * 3000, rel=0.15)
    assert make_up.sum() == pytest.approx(1.06 * 3000, rel=0.15)


@pytest.mark.unit
def test_without_a_past_there_is_no_forecast(calendar: WorkingCalendar, how: ForecastRules) -> None:
    empty = Forecaster({}, calendar, how)
    assert empty.day(TODAY) is None
    assert empty.accuracy(TODAY) is None


def call_at(local: datetime, outcome: ContactOutcome, direction: CallDirection) -> Call:
    return Call(
        direction=direction,
        state=CallState.ENDED,
        started_at=local.astimezone(UTC),
        outcome=outcome,
    )


@pytest.mark.store
async def test_expected_calls_of_a_span_come_from_the_calls_of_past_weeks(
    store: Store, rules: Rules
) -> None:
    """Four calls between nine and ten on each of eight Mondays; blocked calls and our own calls
    are no demand.
    """
    inbound, out = CallDirection.INBOUND, CallDirection.OUTBOUND
    monday = datetime(2026, 11, 23, 9, tzinfo=ZONE)
    async with store.transaction() as work:
        for week in range(1, 9):
            for minute in (0, 15, 30, 45):
                at = monday - timedelta(weeks=week) + timedelta(minutes=minute)
                work.session.add(call_at(at, ContactOutcome.SERVED, inbound))
                work.session.add(call_at(at, ContactOutcome.BLOCKED, inbound))
                work.session.add(call_at(at, ContactOutcome.SERVED, out))
    quarter = timedelta(minutes=15)
    hour = await expected_offered(store, rules, monday, monday + 4 * quarter)
    first = await expected_offered(store, rules, monday, monday + quarter)
    part = await expected_offered(store, rules, monday - quarter / 3, monday + quarter / 3)
    assert hour == pytest.approx(4.0)
    assert first == pytest.approx(1.0)
    assert part == pytest.approx(1 / 3)
