"""Whether recordings hold what the telephones sent, by Asterisk's own count."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.heard import Heard
from bench.sent import lost_share, recorded_check, sent_by_file, sent_share
from models.tables import Call
from models.vocabulary import Leg
from tests.bench.test_judging import call

pytestmark = pytest.mark.unit

CITIZEN, AGENT = "2026/11/02/1.0/caller.wav", "2026/11/02/x/agent-1.wav"


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def talk(recordings: Path) -> Call:
    """Ten seconds of both are recorded."""
    for file in (CITIZEN, AGENT):
        path = recordings / file
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(44 + 160_000))
    return call(citizen_recording=CITIZEN, agent_recording=AGENT)


def log(recordings: Path, *legs: tuple[str, int, int]) -> Path:
    """As the dialplan writes it."""
    start = "[2026-11-23 16:02:20.259] NOTICE[2280][C-00000001] Ext. told:"
    lines = [
        f"{start} sound of {recordings / file}: {came} packets came and {lost} got lost"
        for file, came, lost in legs
    ]
    path = recordings.with_name("messages")
    path.write_text("\n".join([*lines, "[2026-11-23 16:02:21.000] NOTICE[1] cdr.c: other"]))
    return path


def test_what_was_sent_is_recorded(recordings: Path, talk: Call) -> None:
    sent = sent_by_file(log(recordings, (CITIZEN, 500, 0), (AGENT, 490, 10)), recordings)
    assert recorded_check(sent, {}, [talk], recordings).held
    assert lost_share(sent) == pytest.approx(0.01)
    assert sent_share(sent, [talk], talk=12.5) == pytest.approx(0.8)


def test_a_recording_with_less_is_named(recordings: Path, talk: Call) -> None:
    sent = sent_by_file(log(recordings, (CITIZEN, 500, 0), (AGENT, 590, 10)), recordings)
    check = recorded_check(sent, {}, [talk], recordings)
    assert not check.held
    assert check.found == "1 of 2 files are short, x/agent-1.wav by 1.2 s"


def test_a_leg_of_which_asterisk_tells_nothing_is_not_taken_for_whole(
    recordings: Path, talk: Call
) -> None:
    sent = sent_by_file(log(recordings, (CITIZEN, 500, 0)), recordings)
    check = recorded_check(sent, {}, [talk], recordings)
    assert not check.held
    assert check.found == "0 of 2 files are short; of 1 nobody tells anything, x/agent-1.wav"


@pytest.mark.parametrize(("heard", "held"), [(10.0, True), (12.0, False)])
def test_a_leg_of_which_asterisk_tells_nothing_is_held_against_its_tap(
    recordings: Path, talk: Call, heard: float, held: bool
) -> None:
    sent = sent_by_file(log(recordings, (CITIZEN, 500, 0)), recordings)
    tapped = {(talk.id, Leg.AGENT): Heard(seconds=heard)}
    check = recorded_check(sent, tapped, [talk], recordings)
    assert check.held is held
    assert check.found.endswith("1 are held against the tap")
