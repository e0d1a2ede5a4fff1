"""Working days: the official calendar, make-up days, and years nobody has announced yet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import load_calendar
from config.limits import Limit
from dispatch.clocks import Counter
from dispatch.due_words import explain_due
from dispatch.rules import Rules
from models.errors import ConfigurationError
from models.vocabulary import LimitUnit
from tests.dispatch.desk import ZONE

pytestmark = pytest.mark.unit

#: Dispatched on, working days, due on: from the State Council's notice for 2026.
GOLDEN = [
    ("02-13", 5, "02-27"),
    ("02-13", 3, "02-25"),
    ("02-14", 1, "02-24"),
    ("09-18", 5, "09-24"),
    ("09-18", 7, "09-29"),
    ("09-24", 1, "09-28"),
    ("09-30", 3, "10-10"),
    ("05-08", 1, "05-09"),
    ("04-30", 1, "05-06"),
    ("01-03", 1, "01-04"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def due(counter: Counter, start: str, amount: int, unit: str) -> datetime:
    limit = Limit(amount=amount, unit=LimitUnit(unit))
    return counter.local(counter.due(at(start), limit).at)


@pytest.mark.parametrize(("start", "days", "expected"), GOLDEN)
@pytest.mark.parametrize("hour", ["00:00", "10:00", "23:59"])
def test_official_calendar_2026(
    rules: Rules, start: str, days: int, expected: str, hour: str
) -> None:
    found = due(rules.counter, f"2026-{start}T{hour}", days, "WD")
    assert f"{found:%m-%d %H:%M:%S}" == f"{expected} 23:59:59"


@pytest.mark.parametrize(("year", "days"), [(2025, 248), (2026, 248)])
def test_working_days_of_a_year(rules: Rules, year: int, days: int) -> None:
    first = date(year - 1, 12, 31)
    assert rules.calendar.working_days_after(first, date(year, 12, 31)) == days


def test_working_hours_stop_at_noon_overnight_and_over_the_weekend(rules: Rules) -> None:
    counter = rules.counter
    assert due(counter, "2026-11-20T09:30", 1, "WH") == at("2026-11-20T10:30")
    assert due(counter, "2026-11-20T11:30", 1, "WH") == at("2026-11-20T14:00")
    assert due(counter, "2026-11-20T16:30", 4, "WH") == at("2026-11-23T12:00")
    assert due(counter, "2026-11-21T03:00", 1, "WH") == at("2026-11-23T10:00")


def test_summer_hours_begin_in_may(rules: Rules) -> None:
    assert due(rules.counter, "2026-04-28T11:30", 1, "WH") == at("2026-04-28T14:00")
    assert due(rules.counter, "2026-05-06T11:30", 1, "WH") == at("2026-05-06T15:30")


def test_natural_time_ignores_holidays(rules: Rules) -> None:
    assert due(rules.counter, "2026-10-01T08:00", 24, "NH") == at("2026-10-02T08:00")
    assert due(rules.counter, "2026-10-01T08:00", 15, "NM") == at("2026-10-01T08:15")
    assert due(rules.counter, "2026-10-01T08:00", 2, "ND").date() == date(2026, 10, 3)


def test_date_beyond_the_loaded_years_is_provisional(rules: Rules) -> None:
    found = rules.counter.due(at("2026-12-30T10:00"), Limit(amount=3, unit=LimitUnit.WD))
    assert found.provisional
    assert "2027年的放假安排尚未载入" in explain_due(found, rules.counter)
    hours = rules.counter.due(at("2026-12-30T10:00"), Limit(amount=90, unit=LimitUnit.NH))
    assert not hours.provisional


@pytest.mark.parametrize(
    ("start", "amount", "unit", "expected"),
    [
        (
            "2026-09-18T10:00",
            7,
            "WD",
            "从2026年9月18日起算7个工作日，当日不计，9月19日、9月25日至27日休息不计，"
            "9月20日调休上班计入，至9月29日24时止。",
        ),
        (
            "2026-11-20T16:30",
            4,
            "WH",
            "从2026年11月20日16:30起算4个工作小时，只计办公时间，11月21日至22日休息不计，"
            "至11月23日12:00止。",
        ),
        (
            "2026-11-20T16:30",
            24,
            "NH",
            "从2026年11月20日16:30起算24小时，节假日照常计算，至11月21日16:30止。",
        ),
    ],
)
def test_due_date_explains_itself(
    rules: Rules, start: str, amount: int, unit: str, expected: str
) -> None:
    limit = Limit(amount=amount, unit=LimitUnit(unit))
    assert explain_due(rules.counter.due(at(start), limit), rules.counter) == expected


def test_lateness_counts_started_working_days(rules: Rules) -> None:
    late = rules.counter.working_days_late
    end = rules.counter.due(at("2026-02-13T10:00"), Limit(amount=5, unit=LimitUnit.WD)).at
    assert late(end, end) == 0
    assert late(end, at("2026-02-28T00:00")) == 1  # a Saturday that is worked
    assert late(end, at("2026-03-02T09:00")) == 2
    holiday = rules.counter.due(at("2026-09-29T10:00"), Limit(amount=1, unit=LimitUnit.WD)).at
    assert late(holiday, at("2026-10-05T09:00")) == 1  # late, though no working day has begun


@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 30)),
    days=st.integers(1, 15),
)
def test_due_day_is_worked_and_exactly_so_many_days_on(start: datetime, days: int) -> None:
    calendar = load_calendar()
    counter = Counter(calendar, ZONE)
    moment = start.replace(tzinfo=ZONE)
    end = counter.local(counter.due(moment, Limit(amount=days, unit=LimitUnit.WD)).at)
    assert calendar.is_working(end.date())
    assert calendar.working_days_after(moment.date(), end.date()) == days


@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 30)),
    hours=st.integers(1, 40),
)
def test_going_back_as_many_working_hours_leads_to_the_start(start: datetime, hours: int) -> None:
    counter = Counter(load_calendar(), ZONE)
    moment = start.replace(tzinfo=ZONE)
    end = counter.due(moment, Limit(amount=hours, unit=LimitUnit.WH)).at
    begun = counter.back(end, timedelta(hours=hours), LimitUnit.WH)
    # From inside office hours to the same moment; from outside to an office hour's edge.
    assert counter.due(begun, Limit(amount=hours, unit=LimitUnit.WH)).at == end
    assert begun <= moment or not _in_office(counter, moment)


def _in_office(counter: Counter, moment: datetime) -> bool:
    hours = counter.calendar.office_hours(moment.date())
    return any(opening <= moment.time() <= closing for opening, closing in hours)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("years: {2026: {holidays: ['13-01']}}", "2026 年没有 13-01 这一天"),
        ("years: {2026: {holidays: ['5-1']}}", "应写作 月-日"),
        ("years: {2026: {make_up: ['01-05']}}", "本来就是工作日"),
        ("years: {2026: {holidays: ['01-05..01-02']}}", "起止颠倒"),
        ("years: {}", "years 应按年份列出"),
    ],
)
def test_wrong_calendar_names_its_row(tmp_path: Path, text: str, message: str) -> None:
    hours = "office_hours: [{from: '01-01', to: '12-31', hours: ['09:00-12:00']}]"
    (tmp_path / "calendar.yaml").write_text(f"version: t\n{text}\n{hours}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_calendar(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("2027.yaml", "holidays: ['02-30']", "2027 年没有 02-30 这一天"),
        ("2027.yaml", "hollidays: []", "calendar/2027.yaml .*hollidays"),
        ("next.yaml", "holidays: []", "文件名应是年份，如 2027.yaml"),
    ],
)
def test_wrong_file_of_a_year_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / "calendar").mkdir()
    (tmp_path / "calendar" / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_calendar(tmp_path)


def test_calendar_must_cover_every_day_of_the_year(tmp_path: Path) -> None:
    text = "version: t\nyears: {2026: {}}\n"
    text += "office_hours: [{from: '01-01', to: '06-30', hours: ['09:00-12:00']}]\n"
    (tmp_path / "calendar.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="07-01 的办公时间"):
        load_calendar(tmp_path)
