"""Promises made anew: after a pause, an extension, a corrected calendar, and before another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import load_calendar
from config.limits import Begin, Limit
from config.service_levels import load_service_levels
from dispatch.clocks import Counter
from dispatch.promiser import Promiser
from dispatch.promises import Promise, Source
from dispatch.rules import Rules
from models.vocabulary import Light, LimitUnit
from tests.dispatch.desk import FRIDAY, ZONE

pytestmark = pytest.mark.unit

LEVELS = load_service_levels()
CALENDAR = load_calendar()
WD, NH, WH, ND = LimitUnit.WD, LimitUnit.NH, LimitUnit.WH, LimitUnit.ND


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def promiser(*, off: tuple[str, ...] = (), work: tuple[str, ...] = ()) -> Promiser:
    """By the shipped rules; with days more off or worked, a calendar of another version."""
    changed = replace(
        CALENDAR,
        version=CALENDAR.version + "-2" * bool(off or work),
        off=CALENDAR.off | {date.fromisoformat(day) for day in off},
        work=CALENDAR.work | {date.fromisoformat(day) for day in work},
    )
    return Promiser(Counter(changed, ZONE), LEVELS.lights, LEVELS.version)


def promise(amount: float, unit: LimitUnit, start: datetime = FRIDAY, **counting: Begin) -> Promise:
    limit = Limit(amount=amount, unit=unit, **counting)
    return promiser().make("handle", start, limit, LEVELS.policies[-1])


def due(made: Promise) -> str:
    return f"{made.due.astimezone(ZONE):%m-%d %H:%M}"


# --- pauses ---------------------------------------------------------------------------------------


def test_a_pause_gives_back_what_was_left(rules: Rules) -> None:
    first = promise(5, WD)  # Friday the 20th: until Friday the 27th
    paused, resumed = at("11-25T15:00"), at("12-07T09:00")
    again = promiser().resumed(first, paused, resumed)
    assert due(again) == "12-10 23:59"  # Wednesday the 25th to Friday the 27th were left
    assert again.explanation == (
        "原至2026年11月27日24时止，2026年11月25日15:00起暂停，剩余3个工作日；"
        "恢复后从2026年12月7日起算3个工作日，当日不计，至12月10日24时止。"
    )


def test_lights_after_a_pause_are_those_of_the_whole_limit() -> None:
    again = promiser().resumed(promise(10, WD), at("12-02T10:00"), at("12-14T09:00"))
    assert due(again) == "12-17 23:59"  # three of ten days
    # A quarter of ten days is two and a half: reached on the second day after the pause.
    assert again.light(at("12-15T11:59")) is Light.GREEN
    assert again.light(at("12-15T12:00")) is Light.YELLOW
    assert again.light(at("12-17T00:00")) is Light.ORANGE
    assert again.light(at("12-18T00:00")) is Light.RED


def test_a_pause_on_the_day_of_the_start_takes_nothing_away() -> None:
    again = promiser().resumed(promise(5, WD), FRIDAY + timedelta(hours=1), at("12-04T17:00"))
    assert due(again) == "12-11 23:59"


def test_a_pause_on_the_last_day_leaves_a_day() -> None:
    again = promiser().resumed(promise(5, WD), at("11-27T16:00"), at("12-01T10:00"))
    assert due(again) == "12-02 23:59"


def test_hours_go_on_to_the_minute() -> None:
    again = promiser().resumed(promise(24, NH), FRIDAY + timedelta(hours=20), at("11-23T08:00"))
    assert due(again) == "11-23 12:00"
    office = promiser().resumed(promise(4, WH), at("11-20T11:30"), at("11-23T11:30"))
    assert due(office) == "11-23 15:30"  # an hour and a half were used, lunch does not count
    assert "剩余2小时30分工作时间" in office.explanation


def test_what_was_late_before_the_pause_stays_late() -> None:
    first = promise(24, NH)
    assert promiser().resumed(first, FRIDAY + timedelta(hours=25), at("12-01T00:00")) == first


def test_a_second_pause_counts_from_what_the_first_one_left() -> None:
    once = promiser().resumed(promise(5, WD), at("11-24T10:00"), at("12-01T10:00"))
    assert due(once) == "12-07 23:59"  # four were left
    twice = promiser().resumed(once, at("12-03T10:00"), at("12-10T10:00"))
    assert due(twice) == "12-15 23:59"  # three were left
    assert twice.whole_amount == 5


@given(
    unit=st.sampled_from(list(LimitUnit)),
    amount=st.integers(1, 15),
    begin=st.sampled_from(list(Begin)),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 30)),
    pauses=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 20_000)), max_size=3),
)
def test_no_pause_ever_shortens_a_promise(
    unit: LimitUnit,
    amount: int,
    begin: Begin,
    start: datetime,
    pauses: list[tuple[int, int]],
) -> None:
    """Nor takes effective time away, but for the last minute that is rounded up."""
    in_days = unit in (WD, ND)
    begin = begin if in_days else Begin.AT_ONCE
    made, now = promise(amount, unit, start.replace(tzinfo=ZONE), begin=begin), start
    counter = Counter(CALENDAR, ZONE)
    for until, length in pauses:
        paused = now.replace(tzinfo=ZONE) + timedelta(minutes=until)
        resumed = paused + timedelta(minutes=length)
        again = promiser().resumed(made, paused, resumed)
        assert again.due >= made.due
        if paused <= made.due:
            left = counter.effective(paused, made.due, unit)
            if not in_days:
                assert counter.effective(resumed, again.due, unit) >= left
        assert again.yellow_at <= again.orange_at <= again.due
        assert Promise.from_json(again.to_json()) == again
        made, now = again, resumed.replace(tzinfo=None)


# --- extensions -----------------------------------------------------------------------------------


def test_an_extension_counts_on_from_the_old_end() -> None:
    longer = promiser().extended(promise(5, WD), Limit(amount=3, unit=WD))
    assert due(longer) == "12-02 23:59"
    assert longer.whole_amount == 8
    assert longer.explanation.startswith("原至2026年11月27日24时止，经批准延长3个工作日：")
    hours = promiser().extended(promise(24, NH), Limit(amount=1, unit=WD))
    assert due(hours) == "11-23 23:59"
    assert Promise.from_json(longer.to_json()) == longer


def test_an_extension_after_a_pause_adds_to_what_was_left() -> None:
    again = promiser().resumed(promise(5, WD), at("11-25T15:00"), at("12-07T09:00"))
    longer = promiser().extended(again, Limit(amount=2, unit=WD))
    assert due(longer) == "12-14 23:59"
    assert longer.whole_amount == 7


# --- before another promise -----------------------------------------------------------------------


def test_a_childs_time_ends_before_its_parents() -> None:
    parent = promise(5, WD)
    child = promiser().before(parent, FRIDAY, 0.1)
    assert child.source is Source.WITHIN
    # From Friday 10:00 to the next Friday 24:00 are 5 days and 14 hours of working days.
    assert due(child) == "11-27 10:36"
    assert "上级任务至2026年11月27日24时止，为其预留10%的时间" in child.explanation
    grandchild = promiser().before(child, at("11-23T09:00"), 0.1)
    assert grandchild.due < child.due < parent.due


def test_given_late_a_child_is_due_with_its_parent() -> None:
    parent = promise(24, NH)
    child = promiser().before(parent, FRIDAY + timedelta(hours=30), 0.1)
    assert child.due == parent.due
    assert child.light(FRIDAY + timedelta(hours=30)) is Light.RED


def test_a_pause_moves_a_child_no_further_than_its_parent() -> None:
    parent = promise(5, WD)
    child = promiser().before(parent, FRIDAY, 0.1)
    pause = (at("11-24T10:00"), at("12-03T16:00"))
    moved, above = (promiser().resumed(one, *pause) for one in (child, parent))
    assert child.due < moved.due <= above.due
    assert "相应顺延至" in moved.explanation


# --- other systems' deadlines ---------------------------------------------------------------------


def test_another_systems_deadline_is_neither_ours_to_pause_nor_to_extend() -> None:
    policy = LEVELS.policies[-1]
    limit = Limit(amount=5, unit=WD)
    given_to_us = promiser().external("handle", FRIDAY, at("11-26T18:00"), limit, policy)
    assert due(given_to_us) == "11-26 18:00"
    assert given_to_us.explanation == "按上级平台规定，至2026年11月26日18:00止。"
    assert given_to_us.light(at("11-25T12:00")) is Light.GREEN
    assert given_to_us.light(at("11-26T07:00")) is Light.YELLOW
    assert promiser().resumed(given_to_us, at("11-24T10:00"), at("11-25T10:00")) == given_to_us
    assert promiser().extended(given_to_us, limit) == given_to_us
    assert Promise.from_json(given_to_us.to_json()) == given_to_us


# --- a changed calendar ---------------------------------------------------------------------------


def test_more_days_off_make_a_promise_later() -> None:
    first = promise(5, WD)
    later = promiser(off=("2026-11-25",)).recounted(first)
    assert due(later) == "11-30 23:59"
    assert later.explanation == (
        "工作日历更新后重新计算，原至2026年11月27日24时止：从2026年11月20日起算5个工作日，当日不计，"
        "11月21日至22日、11月25日、11月28日至29日休息不计，至11月30日24时止。"
    )


def test_more_days_worked_never_make_it_earlier() -> None:
    first = promise(5, WD)
    assert promiser(work=("2026-11-22",)).recounted(first) == first


def test_the_same_calendar_leaves_it_alone() -> None:
    first = promise(5, WD)
    assert promiser().recounted(first) == first
    assert promiser(off=("2026-12-25",)).recounted(first) == first


def test_the_new_years_calendar_makes_a_provisional_date_firm() -> None:
    start = at("12-30T10:00")
    first = promise(3, WD, start)
    assert first.provisional
    assert due(first) == "01-04 23:59"
    known = replace(
        CALENDAR,
        version="2027",
        years=CALENDAR.years | {2027},
        off=CALENDAR.off | {date(2027, 1, 1), date(2027, 1, 2), date(2027, 1, 3)},
    )
    firm = Promiser(Counter(known, ZONE), LEVELS.lights, LEVELS.version).recounted(first)
    assert not firm.provisional
    assert due(firm) == "01-05 23:59"
    assert "尚未载入" not in firm.explanation


def test_a_provisional_date_that_could_be_earlier_is_kept_and_says_so() -> None:
    first = promise(3, WD, at("12-30T10:00"))
    known = replace(
        CALENDAR,
        version="2027",
        years=CALENDAR.years | {2027},
        work=CALENDAR.work | {date(2027, 1, 2)},  # a Saturday
    )
    firm = Promiser(Counter(known, ZONE), LEVELS.lights, LEVELS.version).recounted(first)
    assert (firm.due, firm.provisional) == (first.due, False)
    assert firm.explanation.endswith(
        "至2027年1月2日24时止。已承诺的时限不缩短，仍至2027年1月4日24时止。"
    )


@given(
    start=st.datetimes(datetime(2026, 10, 1), datetime(2026, 12, 31)),
    amount=st.integers(1, 15),
    unit=st.sampled_from(list(LimitUnit)),
    days=st.sets(st.dates(date(2026, 10, 1), date(2027, 2, 28)), max_size=8),
    off=st.booleans(),
)
def test_no_calendar_ever_shortens_a_promise(
    start: datetime, amount: int, unit: LimitUnit, days: set[date], off: bool
) -> None:
    first = promise(amount, unit, start.replace(tzinfo=ZONE))
    texts = tuple(day.isoformat() for day in days)
    changed = promiser(off=texts) if off else promiser(work=texts)
    again = changed.recounted(first)
    assert again.due >= first.due
    assert changed.recounted(again) == again
