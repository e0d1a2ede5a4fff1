"""What waiting callers are told: never absurd, and nothing when nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rules import SHIPPED
from config.waiting import ExpectedWaitRules, load_waiting
from models.errors import ConfigurationError
from telephony.expected_wait import HandlingTimes
from telephony.waiting import position_text

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = ExpectedWaitRules(window=120 * MINUTE, least_calls=3, longest=30 * MINUTE)


def times(*minutes: float, ended: datetime = NOW) -> HandlingTimes:
    """Calls that took so long, and no wrap-up."""
    found = HandlingTimes(RULES)
    for took in minutes:
        found.note(ended - took * MINUTE, ended, timedelta())
    return found


def test_the_line_moves_one_place_whenever_one_of_the_agents_becomes_free() -> None:
    known = times(4, 4, 4)
    assert known.expected_wait(1, 1, NOW) == 4 * MINUTE
    assert known.expected_wait(3, 2, NOW) == 6 * MINUTE
    assert known.expected_wait(1, 8, NOW) == MINUTE / 2


def test_wrapping_up_counts() -> None:
    known = HandlingTimes(RULES)
    for _ in range(3):
        known.note(NOW - 3 * MINUTE, NOW, MINUTE)
    assert known.expected_wait(1, 1, NOW) == 4 * MINUTE


def test_nothing_is_told_when_nothing_is_known() -> None:
    assert times(4, 4).expected_wait(1, 1, NOW) is None, "too few calls"
    assert times(4, 4, 4).expected_wait(1, 0, NOW) is None, "nobody at work"
    assert times(4, 4, 4).expected_wait(0, 1, NOW) is None, "does not wait"
    assert times(4, 4, 4).expected_wait(8, 1, NOW) is None, "longer than anybody would be told"
    assert times(4, 4, 4, ended=NOW - 121 * MINUTE).expected_wait(1, 1, NOW) is None, "long ago"


@given(
    took=st.lists(st.floats(-60, 600), max_size=20),
    place=st.integers(-5, 500),
    agents=st.integers(-1, 100),
)
def test_it_is_never_absurd(took: list[float], place: int, agents: int) -> None:
    wait = times(*took).expected_wait(place, agents, NOW)
    assert wait is None or timedelta() <= wait <= RULES.longest


@pytest.mark.parametrize(
    ("place", "wait", "text"),
    [
        (1, None, ("queue_next", {})),
        (1, 40, ("queue_next", {})),
        (1, 61, ("queue_next_minutes", {"minutes": 2})),
        (4, None, ("queue_position_only", {"ahead": 3})),
        (4, 59, ("queue_position_soon", {"ahead": 3})),
        (4, 60, ("queue_position", {"ahead": 3, "minutes": 1})),
        (4, 121, ("queue_position", {"ahead": 3, "minutes": 3})),
        (0, None, ("queue_next", {})),
    ],
)
def test_what_is_said(place: int, wait: float | None, text: tuple[str, dict[str, int]]) -> None:
    assert position_text(place, wait) == text


@pytest.mark.parametrize(
    ("line", "wrong", "named"),
    [
        ('callback_key: "1"', 'callback_key: "12"', "callback_key"),
        ("auto: true", "auto: perhaps", "auto"),
        ("BOOKED: 30", "BOOKED: 0", "BOOKED"),
        ("BOOKED: 30", "BOKED: 30", "BOKED"),
        ("attempts: 3", "attempts: many", "attempts"),
        ("least_calls: 5", "leest_calls: 5", "leest_calls"),
        ("nobody_seconds: 20", "nobody_seconds: -1", "nobody_seconds"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, line: str, wrong: str, named: str) -> None:
    text = (SHIPPED / "waiting.yaml").read_text(encoding="utf-8")
    assert line in text
    (tmp_path / "waiting.yaml").write_text(text.replace(line, wrong), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=named):
        load_waiting(tmp_path)


def test_the_shipped_rules_hold_what_is_promised() -> None:
    rules = load_waiting()
    minutes = {reason.value: limit / MINUTE for reason, limit in rules.callbacks.limits.items()}
    assert minutes == {"BOOKED": 30, "ABANDONED": 30, "VOICEMAIL": 60, "INTERRUPTED": 30}
    assert rules.callbacks.attempts == 3
