"""How limits begin and end: the day counted or not, office hours, the last day a day off."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import load_calendar
from config.limits import Begin, DayOff, End, Limit
from dispatch.clocks import Counter
from dispatch.due_words import explain_due
from dispatch.rules import Rules
from models.vocabulary import LimitUnit
from tests.dispatch.desk import ZONE

pytestmark = pytest.mark.unit


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def told(rules: Rules, start: str, limit: Limit) -> tuple[str, str]:
    """The local due time to the minute, and how it came about."""
    found = rules.counter.due(at(start), limit)
    return f"{rules.counter.local(found.at):%m-%d %H:%M}", explain_due(found, rules.counter)


def test_the_first_day_may_count(rules: Rules) -> None:
    three = Limit(amount=3, unit=LimitUnit.WD, begin=Begin.SAME_DAY)
    due, why = told(rules, "2026-09-18T10:00", three)  # Friday, Sunday (made up), Monday
    assert due == "09-21 23:59"
    assert why == (
        "从2026年9月18日起算3个工作日，当日计入，9月19日休息不计，9月20日调休上班计入，"
        "至9月21日24时止。"
    )


def test_a_first_day_off_cannot_count(rules: Rules) -> None:
    one = Limit(amount=1, unit=LimitUnit.WD, begin=Begin.SAME_DAY)
    due, why = told(rules, "2026-11-21T10:00", one)  # a Saturday
    assert due == "11-23 23:59"
    assert "11月21日至22日休息不计" in why


@pytest.mark.parametrize(
    ("start", "due", "received"),
    [
        ("2026-11-20T16:00", "11-23 23:59", ""),
        ("2026-11-20T12:30", "11-23 23:59", "视为11月20日13:30收到"),  # at noon
        (
            "2026-11-20T17:31",
            "11-24 23:59",
            "2026年11月20日17:31不在办公时间，视为11月23日09:00收到",
        ),
        ("2026-11-23T03:00", "11-24 23:59", "视为11月23日09:00收到"),
    ],
)
def test_what_comes_after_hours_counts_as_come_when_the_office_opens(
    rules: Rules, start: str, due: str, received: str
) -> None:
    limit = Limit(amount=1, unit=LimitUnit.WD, begin=Begin.OFFICE_HOURS)
    found, why = told(rules, start, limit)
    assert found == due
    assert received in why
    assert ("收到" in why) is bool(received)


def test_hours_may_wait_for_the_office_as_well(rules: Rules) -> None:
    two = Limit(amount=2, unit=LimitUnit.NH, begin=Begin.OFFICE_HOURS)
    assert told(rules, "2026-11-20T20:00", two)[0] == "11-23 11:00"


def test_the_last_day_may_end_with_the_office(rules: Rules) -> None:
    limit = Limit(amount=2, unit=LimitUnit.WD, end=End.OFFICE_CLOSE)
    due, why = told(rules, "2026-11-20T10:00", limit)
    assert due == "11-24 17:30"
    assert why.endswith("至11月24日17:30下班止。")
    assert told(rules, "2026-07-03T10:00", limit)[0] == "07-07 18:00"  # summer hours


def test_a_last_day_off_moves_on_where_the_law_says_so(rules: Rules) -> None:
    three = Limit(amount=3, unit=LimitUnit.ND)
    assert told(rules, "2026-09-30T10:00", three)[0] == "10-03 23:59"
    moved = Limit(amount=3, unit=LimitUnit.ND, day_off=DayOff.MOVES)
    due, why = told(rules, "2026-09-30T10:00", moved)
    assert due == "10-08 23:59"
    assert "10月3日是休息日，顺延至下一工作日" in why
    assert "顺延" not in told(rules, "2026-11-20T10:00", moved)[1]  # ends on a Monday


def test_natural_days_that_ask_the_calendar_are_provisional_beyond_it(rules: Rules) -> None:
    start = at("2026-12-30T10:00")
    plain = rules.counter.due(start, Limit(amount=5, unit=LimitUnit.ND))
    moves = rules.counter.due(start, Limit(amount=5, unit=LimitUnit.ND, day_off=DayOff.MOVES))
    assert (plain.provisional, moves.provisional) == (False, True)


@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 30)),
    minutes=st.integers(0, 20_000),
    unit=st.sampled_from([LimitUnit.WD, LimitUnit.WH, LimitUnit.NH]),
)
def test_effective_time_adds_up(start: datetime, minutes: int, unit: LimitUnit) -> None:
    """Forward, between and back are one reckoning."""
    counter = Counter(load_calendar(), ZONE)
    first, amount = start.replace(tzinfo=ZONE), timedelta(minutes=minutes)
    last = counter.forward(first, amount, unit)
    assert counter.effective(first, last, unit) == amount
    assert counter.effective(counter.back(last, amount, unit), last, unit) == amount
    assert counter.effective(last, first, unit) == timedelta(0)
