"""A week's roster: what the rules of rest find, and what the proposal makes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from config.shifts import ShiftRules, load_shifts
from dispatch.floor.roster import Duty, Roster, findings, propose
from models.errors import ConfigurationError
from tests.dispatch.desk import ZONE

pytestmark = pytest.mark.unit

MONDAY = date(2026, 11, 16)
START = datetime(2026, 11, 16, tzinfo=ZONE).astimezone(UTC)
NAMES = {"li": "李晓梅", "wang": "王志强"}


@pytest.fixture(scope="module")
def rules() -> ShiftRules:
    return load_shifts()


def duty(offset: int, shift: str, who: str = "li") -> Duty:
    return Duty(day=MONDAY + timedelta(days=offset), shift=shift, staff_id=who)


def roster(rules: ShiftRules, *duties: Duty) -> Roster:
    week = range(7)
    inside = tuple(d for d in duties if (d.day - MONDAY).days in week)
    around = tuple(d for d in duties if (d.day - MONDAY).days not in week)
    return Roster(rules=rules, zone=ZONE, week=MONDAY, duties=inside, around=around)


def told(planned: Roster) -> list[str]:
    return [f.text for f in findings(planned, NAMES) if f.code != "NIGHT_FLOOR"]


def test_a_night_then_an_early_shift_leaves_too_little_rest(rules: ShiftRules) -> None:
    assert told(roster(rules, duty(0, "late"), duty(1, "early"))) == [
        "李晓梅：11月16日中班与11月17日早班之间只休息10小时，应不少于11小时"
    ]
    assert told(roster(rules, duty(0, "early"), duty(1, "early"))) == []


def test_the_sunday_before_counts_for_rest(rules: ShiftRules) -> None:
    assert len(told(roster(rules, duty(-1, "night"), duty(0, "early")))) == 1


def test_nobody_is_in_two_places(rules: ShiftRules) -> None:
    (found,) = told(roster(rules, duty(0, "early"), duty(0, "day")))
    assert "时间重叠" in found


def test_hours_of_a_week_and_days_in_a_row_have_limits(rules: ShiftRules) -> None:
    days = [duty(n, "early") for n in range(7)]
    assert told(roster(rules, *days)) == [
        "李晓梅：本周排班49小时，超过44小时",
        "李晓梅：到11月22日已连续上班7天，应不超过6天",
    ]
    # Six days that began in the week before go on in this one.
    row = [duty(n, "day") for n in range(-4, 3)]
    assert told(roster(rules, *row)) == ["李晓梅：到11月18日已连续上班7天，应不超过6天"]


def test_nobody_sits_alone_at_night(rules: ShiftRules) -> None:
    nights = [duty(n, "night", who) for n in range(-1, 7) for who in ("li", "wang")]
    assert [f for f in findings(roster(rules, *nights), NAMES) if f.code == "NIGHT_FLOOR"] == []
    alone = [d for d in nights if d != duty(2, "night", "wang")]
    (found,) = [f for f in findings(roster(rules, *alone), NAMES) if f.code == "NIGHT_FLOOR"]
    assert found.text == "11月18日22:00至11月19日08:00夜间值守1人，应不少于2人"


def test_on_duty_counts_each_half_hour(rules: ShiftRules) -> None:
    planned = roster(rules, duty(-1, "night"), duty(0, "early"), duty(0, "day", "wang"))
    counts = planned.on_duty(START, 48)
    assert counts == [1] * 16 + [1] * 2 + [2] * 14 + [1] * 3 + [0] * 13


def needs() -> list[int]:
    """A county hotline: two at night, five by day."""
    return ([2] * 16 + [5] * 20 + [3] * 12) * 7


@pytest.mark.parametrize("crew", [6, 17, 40])
def test_a_proposal_never_breaks_a_rule_of_rest(rules: ShiftRules, crew: int) -> None:
    people = [f"p{n:02d}" for n in range(crew)]
    tired = [Duty(day=MONDAY - timedelta(days=n), shift="late", staff_id="p00") for n in (1, 2, 3)]
    before = roster(rules, *tired)
    made = propose(before, people, needs())
    planned = roster(rules, *made, *tired)
    assert told(planned) == []
    assert all(d.staff_id in people for d in made)


def test_with_enough_people_little_is_short_and_no_night_is_alone(rules: ShiftRules) -> None:
    sunday = [duty(-1, "night", who) for who in ("p38", "p39")]
    made = propose(roster(rules, *sunday), [f"p{n:02d}" for n in range(40)], needs())
    planned = roster(rules, *made, *sunday)
    assert findings(planned, {}) == []
    short = [n - there for n, there in zip(needs(), planned.on_duty(START, 336), strict=True)]
    assert sum(s > 0 for s in short) == 0


def test_with_few_people_the_nights_are_kept_first(rules: ShiftRules) -> None:
    sunday = [duty(-1, "night", who) for who in ("p8", "p9")]
    made = propose(roster(rules, *sunday), [f"p{n}" for n in range(10)], needs())
    assert findings(roster(rules, *made, *sunday), {}) == []


def test_a_wrong_shift_file_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("rules")
    text = "version: x\nshifts: []\nrest: {}\nnight: {from: '22:00', to: '08:00', least: 2}\n"
    (folder / "shifts.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"shifts\.yaml"):
        load_shifts(folder)
