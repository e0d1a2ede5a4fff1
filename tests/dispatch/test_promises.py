"""Policies and lights: what is promised, and when it turns yellow, orange, red."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.limits import Limit
from config.policies import Demand
from config.service_levels import load_service_levels
from dispatch.promiser import redo_limit
from dispatch.promises import Promise, light_at
from dispatch.rules import Rules
from models.errors import ConfigurationError
from models.vocabulary import Channel, Light, LimitUnit, RequestType, Urgency
from tests.dispatch.desk import FRIDAY, ZONE

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("request_type", "urgency", "expected"),
    [
        ("CONSULTATION", "NORMAL", "2个工作日"),
        ("HELP", "NORMAL", "5个工作日"),
        ("COMPLAINT", "NORMAL", "7个工作日"),
        ("REPORT", "NORMAL", "7个工作日"),
        ("SUGGESTION", "NORMAL", "10个工作日"),
        ("OTHER", "NORMAL", "5个工作日"),
        ("CONSULTATION", "URGENT", "24小时"),
        ("COMPLAINT", "CRITICAL", "24小时"),
    ],
)
def test_first_matching_policy_is_used(
    rules: Rules, request_type: str, urgency: str, expected: str
) -> None:
    demand = Demand(
        request_type=RequestType(request_type),
        urgency=Urgency(urgency),
        channel=Channel.PHONE,
        category="C010102",
    )
    assert rules.service_levels.terms_for(demand).limit("handle").text == expected


def promise(rules: Rules, start: datetime, amount: int, unit: LimitUnit) -> Promise:
    policy = rules.service_levels.policies[-1]
    return rules.promiser.make("handle", start, Limit(amount=amount, unit=unit), policy)


def test_lights_of_a_week_turn_on_working_time(rules: Rules) -> None:
    made = promise(rules, FRIDAY, 5, LimitUnit.WD)  # until Friday the 27th, 24:00

    def light(text: str) -> Light:
        return made.light(datetime.fromisoformat(text).replace(tzinfo=ZONE))

    assert light("2026-11-22T12:00") is Light.GREEN  # a weekend uses nothing up
    assert light("2026-11-26T17:00") is Light.GREEN
    assert light("2026-11-26T18:00") is Light.YELLOW  # a quarter of five days is left
    assert light("2026-11-27T11:59") is Light.YELLOW
    assert light("2026-11-27T12:00") is Light.ORANGE  # a tenth is left
    assert light("2026-11-27T23:59") is Light.ORANGE
    assert light("2026-11-28T00:00") is Light.RED


def test_short_limit_warns_on_its_last_working_day(rules: Rules) -> None:
    made = promise(rules, FRIDAY, 2, LimitUnit.WD)
    tuesday = datetime(2026, 11, 24, 0, 30, tzinfo=ZONE)
    assert made.light(tuesday) is Light.YELLOW
    assert made.light(tuesday - timedelta(hours=1)) is Light.GREEN
    # Four working hours before the office closes at 17:30.
    assert made.light(tuesday.replace(hour=13, minute=30)) is Light.ORANGE


def test_hours_use_shares_only(rules: Rules) -> None:
    made = promise(rules, FRIDAY, 2, LimitUnit.NH)
    assert made.light(FRIDAY) is Light.GREEN
    assert made.light(FRIDAY + timedelta(minutes=90)) is Light.YELLOW
    assert made.light(FRIDAY + timedelta(minutes=108)) is Light.ORANGE
    assert made.light(FRIDAY + timedelta(minutes=120)) is Light.ORANGE  # due is inclusive
    assert made.light(FRIDAY + timedelta(minutes=120, seconds=1)) is Light.RED


def test_no_clock_no_light() -> None:
    assert light_at(FRIDAY, None, None, None) is Light.NONE


def test_promise_survives_storage_unchanged(rules: Rules) -> None:
    made = promise(rules, FRIDAY, 7, LimitUnit.WD)
    assert Promise.from_json(made.to_json()) == made


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ((7, "WD"), (4, "WD")),
        ((2, "WD"), (2, "WD")),
        ((24, "NH"), (12, "NH")),
        ((1, "ND"), (1, "ND")),
    ],
)
def test_redo_gets_half_the_time_but_two_days(
    rules: Rules, first: tuple[int, str], again: tuple[int, str]
) -> None:
    limit = redo_limit(Limit(amount=first[0], unit=LimitUnit(first[1])), rules.service_levels.redo)
    assert (limit.amount, limit.unit) == again


def test_policies_need_one_that_catches_the_rest(tmp_path: Path) -> None:
    shipped = Path(load_service_levels.__code__.co_filename).with_name("service_levels.yaml")
    text = shipped.read_text(encoding="utf-8").replace("match: {}", "match: {urgencies: [NORMAL]}")
    (tmp_path / "service_levels.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="兜住其余情形"):
        load_service_levels(tmp_path)


def test_parts_of_the_day_leave_no_gap(tmp_path: Path) -> None:
    shipped = Path(load_service_levels.__code__.co_filename).with_name("service_levels.yaml")
    text = shipped.read_text(encoding="utf-8").replace('from: "18:00"', 'from: "19:00"')
    (tmp_path / "service_levels.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="在 18:00 有空缺"):
        load_service_levels(tmp_path)
