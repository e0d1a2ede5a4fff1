"""Whether both sides were tapped whole, by the lines of the hotline's own log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.heard import heard_by_leg, heard_check, missed_share
from tests.bench.test_judging import call

pytestmark = pytest.mark.unit


def line(leg: str, seconds: float, lost: int = 0) -> str:
    """As ``telephony/taps.py`` writes it."""
    packets = {"received": round(seconds * 50) - lost, "lost": lost, "late": 0}
    return json.dumps(
        {"event": "tap.heard", "call_id": "15000", "leg": leg, "seconds": seconds, **packets}
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "serve.log"


def test_a_leg_that_was_tapped_twice_counts_together(log: Path) -> None:
    lines = ["not of ours", line("CALLER", 8.0), line("AGENT", 4.0), line("AGENT", 4.0)]
    log.write_text("\n".join(lines))
    assert heard_check(heard_by_leg(log), [call()], talk=10.0).held


@pytest.mark.parametrize(
    "lines", [[line("CALLER", 8.0)], [line("CALLER", 8.0), line("AGENT", 5.0)]]
)
def test_a_side_that_was_not_heard_to_the_end_is_named(log: Path, lines: list[str]) -> None:
    log.write_text("\n".join(lines))
    check = heard_check(heard_by_leg(log), [call()], talk=10.0)
    assert not check.held
    assert check.found.startswith("1 of 2 are not")


def test_lost_packets_are_a_share_of_all(log: Path) -> None:
    log.write_text(line("CALLER", 10.0, lost=5))
    assert missed_share(heard_by_leg(log)) == pytest.approx(0.01)
