"""How the load test judges: by rows as they might be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.answering import Answered
from bench.callers import Outcome
from bench.judging import (
    Turn,
    calls_checks,
    overlaps,
    overtaken,
    phones_checks,
    report_checks,
    strays,
)
from bench.left_over import Check
from dispatch.floor.load_test import CountedCalls
from models.tables import Call
from models.vocabulary import CallDirection, CallState, ContactOutcome

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 2, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def turn(since: float, chosen: float | None, **changes: object) -> Turn:
    """Stands in the line as soon as there, waits for a minute."""
    values = {
        "queue": "general",
        "priority": 0,
        "since": at(since),
        "in_line": at(since),
        "chosen": None if chosen is None else at(chosen),
        "ended": at(since + 60),
    }
    return Turn(**values | changes)  # type: ignore[arg-type]  # of all kinds


def call(number: str = "15000", answered: float | None = 1.0, **changes: object) -> Call:
    """Was talked with from then on until the tenth second."""
    values = {
        "id": number,
        "direction": CallDirection.INBOUND,
        "state": CallState.ENDED,
        "citizen_number": number,
        "contact_id": "contact",
        "agent_id": None if answered is None else "agent",
        "started_at": START,
        "answered_at": None if answered is None else at(answered),
        "ended_at": at(10),
        "outcome": ContactOutcome.SERVED if answered else ContactOutcome.ABANDONED_QUEUE,
    }
    return Call(**values | changes)


def broken(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if not check.held]


def test_one_after_the_other_nobody_is_overtaken() -> None:
    assert overtaken([turn(0, 5), turn(1, 6), turn(2, None)]) == 0


def test_who_waited_while_a_later_caller_was_chosen_was_overtaken() -> None:
    assert overtaken([turn(0, 6), turn(1, 5)]) == 1
    assert overtaken([turn(0, None), turn(1, 5)]) == 1, "never chosen at all"


@pytest.mark.parametrize(
    "earlier",
    [
        turn(0, None, ended=at(4)),
        turn(0, 6, in_line=at(5.5)),
        turn(0, 6, queue="market"),
        turn(0, 6, priority=-500),
    ],
    ids=["had gone", "was still looked up", "waits elsewhere", "goes behind others"],
)
def test_who_could_not_be_chosen_was_not_overtaken(earlier: Turn) -> None:
    assert overtaken([earlier, turn(1, 5)]) == 0


def test_two_talks_of_one_agent_do_not_lie_over_each_other() -> None:
    one = call("1", 1.0, ended_at=at(5))
    assert overlaps([one, call("2", 5.0)]) == 0
    assert overlaps([one, call("2", 4.0)]) == 1
    assert overlaps([one, call("2", 4.0, agent_id="another")]) == 0


def test_calls_that_are_whole_pass() -> None:
    calls = [call("1"), call("2", None)]
    assert broken(calls_checks(calls, [turn(0, 1), turn(1, None)])) == []


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ([call("1"), call("1", None)], "no call is there twice"),
        ([call("1", ended_at=None)], "every call has an end and a reason"),
        ([call("1", outcome=ContactOutcome.IN_PROGRESS)], "every call has an end and a reason"),
        ([call("1", contact_id=None)], "every call has its contact"),
        ([call("1", agent_id=None)], "every answered call names its agent"),
    ],
)
def test_a_call_that_is_doubled_or_orphaned_is_named(calls: list[Call], said: str) -> None:
    assert said in broken(calls_checks(calls, []))


def outcome(calls: int, succeeded: int) -> Outcome:
    return Outcome(rate=1, calls=calls, succeeded=succeeded, answered_after=[])


def told(offered: int, answered: int, abandoned: int) -> CountedCalls:
    return CountedCalls(
        offered=offered,
        answered=answered,
        abandoned=abandoned,
        served_otherwise=0,
        failed=0,
        running=0,
    )


def test_the_report_must_say_what_sipp_counted() -> None:
    calls = [call("1"), call("2", None), call("3", None)]
    sipp = [outcome(1, 1), outcome(2, 2)]
    assert broken(report_checks(sipp, calls, told(3, 1, 2))) == []
    lost = broken(report_checks(sipp, calls[:2], told(2, 1, 1)))
    assert lost == ["calls in the database are SIPp's", "offered calls in the report are SIPp's"]
    assert broken(report_checks(sipp, calls, told(3, 2, 1))) == [
        "answered calls in the report are the phones'",
        "the rest of the report's calls hung up",
    ]


def test_a_caller_who_failed_for_sipp_may_never_have_come_to_us() -> None:
    sipp = [outcome(3, 2)]
    assert broken(report_checks(sipp, [call("1"), call("2")], told(2, 2, 0))) == []
    assert broken(report_checks(sipp, [call("1")], told(1, 1, 0))) != []


def test_the_phones_lift_as_often_as_calls_are_answered_but_for_crossings() -> None:
    crossed = call("2", None, outcome=ContactOutcome.ABANDONED_RINGING)
    assert broken(phones_checks(Answered(calls=2), [call("1"), crossed])) == []
    assert broken(phones_checks(Answered(calls=3), [call("1"), crossed])) != []
    assert broken(phones_checks(Answered(calls=1, while_busy=1), [call("1")])) != []


def test_a_recording_without_a_call_is_named(tmp_path: Path) -> None:
    kept = call("1", citizen_recording="2026/11/02/17.4/caller.wav")
    for name in ("17.4/caller.wav", "1/agent-1.wav"):
        file = tmp_path / "2026/11/02" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"RIFF")
    assert strays(tmp_path, [kept]).held
    (tmp_path / "2026/11/02/2").mkdir()
    (tmp_path / "2026/11/02/2/caller.wav").write_bytes(b"RIFF")
    found = strays(tmp_path, [kept])
    assert not found.held and "2/caller.wav" in found.found
