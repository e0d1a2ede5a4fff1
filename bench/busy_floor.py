"""A full floor for minutes: every agent talks, a few callers wait, one call follows the other.

SIPp is the citizens, and counts; the agents sign in at the public API and answer on phones of their
own, and count too. Both legs of each call are recorded and tapped. Afterwards nothing may be lost,
doubled or left over, and what the database says must be what the phones saw.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.answering import answering, desks
from bench.callers import Outcome, call_at_rate
from bench.cpu import Spent, spent_by
from bench.figures import Row, percentile
from bench.judging import judged
from bench.left_over import (
    Check,
    equal,
    files_afterwards,
    files_check,
    left_over,
    nothing_left,
    open_files,
)
from models.clock import SystemClock
from models.tables import Call
from tests.support.hotline import RunningHotline

#: Callers' numbers begin so.
PREFIX = "1860734"
_WARM_UP_PREFIX = "1850734"
_WARM_UP_SECONDS = 3.0
#: Callers beyond the agents: there is always someone in the queue.
WAITING = 4
#: New callers a second until the floor is full.
_RATE = 4
#: A recording of less than this share of the talk has holes; its edges lie in Asterisk's buffers.
_RECORDED_SHARE = 0.97
_EDGE_SECONDS = 0.5
_WAVE_BYTES_PER_SECOND = 16_000
_HEADER_BYTES = 44


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures and checks of one run."""

    rows: list[Row]
    checks: list[Check]


async def measure(hotline: RunningHotline, agents: int, minutes: float, talk: float) -> Report:
    """Fill ``agents`` desks for so long with calls of ``talk`` seconds."""
    rounds = max(1, round(minutes * 60 / talk))
    calls = agents * rounds + WAITING
    async with desks(hotline, agents) as places:
        await _warm_up(hotline)
        before = open_files(hotline)
        began = SystemClock().now()
        async with answering(places) as answered, spent_by(hotline) as spent:
            outcome = await call_at_rate(
                hotline.settings.asterisk.sip_port,
                rate=_RATE,
                seconds=calls / _RATE,
                stay=talk,
                prefix=PREFIX,
                at_once=agents + WAITING,
                lasting=(rounds + 2) * talk + calls / _RATE,
            )
        left = await left_over(hotline)
        after = await files_afterwards(hotline, before)
    wanted = Call.citizen_number.startswith(PREFIX)
    kept, checks = await judged(hotline, began, wanted, [outcome], answered)
    served = [call for call in kept if call.answered_at is not None]
    checks = [
        equal("every caller of SIPp went the whole way", outcome.calls, outcome.succeeded),
        *checks,
        _enough_served(served, outcome),
        _recorded_check(hotline, served, talk),
        nothing_left(left),
        files_check(before, after),
    ]
    return Report(rows=_rows(outcome, kept, spent(), agents), checks=checks)


async def _warm_up(hotline: RunningHotline) -> None:
    """What is opened once and kept (database, timers) must not look like something left over."""
    port = hotline.settings.asterisk.sip_port
    await call_at_rate(port, rate=5, seconds=2.0, stay=1.0, prefix=_WARM_UP_PREFIX)
    await asyncio.sleep(_WARM_UP_SECONDS)


# --- what must be so ---------------------------------------------------------------------------


def _enough_served(served: list[Call], outcome: Outcome) -> Check:
    """Only whoever waits at the end goes without an agent: else desks were empty."""
    return Check(
        name="all but those who waited at the end were served",
        held=len(served) >= outcome.calls - WAITING,
        found=f"{len(served)} of {outcome.calls}",
    )


def _recorded_check(hotline: RunningHotline, served: list[Call], talk: float) -> Check:
    """By the length that SIPp gives its calls: our own times may lag behind on a full machine."""
    lacks = [_lacks(hotline, call, talk) for call in served]
    citizens = [one for one, _ in lacks if one > 0]
    agents = [one for _, one in lacks if one > 0]
    worst = f", at worst {max(citizens + agents):.1f} s too short" if citizens + agents else ""
    return Check(
        name="both legs of every answered call are recorded whole",
        held=not citizens and not agents,
        found=f"of {len(served)} calls {len(citizens)} citizens' and {len(agents)} agents' "
        f"files are not{worst}",
    )


def _lacks(hotline: RunningHotline, call: Call, talk: float) -> tuple[float, float]:
    """Seconds that are missing in the citizen's and in the agent's recording.

    When the agent's begins is known by our own time of the answer only: where that is late, as
    much less is asked of it.
    """
    assert call.answered_at
    waited = (call.answered_at - call.started_at).total_seconds()
    citizen, agent = (
        (length - _EDGE_SECONDS) * _RECORDED_SHARE - _seconds(hotline, path)
        for path, length in (
            (call.citizen_recording, talk),
            (call.agent_recording, talk - waited),
        )
    )
    return citizen, agent


def _seconds(hotline: RunningHotline, path: str | None) -> float:
    file = hotline.settings.recordings_dir / path if path else None
    if file is None or not file.exists():
        return 0.0
    return (file.stat().st_size - _HEADER_BYTES) / _WAVE_BYTES_PER_SECOND


# --- figures -----------------------------------------------------------------------------------


def _rows(outcome: Outcome, kept: list[Call], spent: Spent, agents: int) -> list[Row]:
    served = [call for call in kept if call.answered_at and call.queued_at]
    waits = [
        (call.answered_at - call.queued_at).total_seconds()
        for call in served
        if call.answered_at and call.queued_at
    ]
    live = sum(not call.transcript_incomplete for call in served)
    note = f"{agents} talking at once, {WAITING} waiting, {len(kept)} calls in all"
    return [
        Row(name="calls served on a full floor", value=len(served), unit="calls",
            alternative="SIPp's count", beside=outcome.succeeded, note=note),
        Row(name="INVITE to 200, p95", value=percentile(outcome.answered_after, 95) * 1000,
            unit="ms"),
        Row(name="wait in the queue, p50", value=percentile(waits, 50), unit="s"),
        Row(name="CPU of Asterisk per talk", value=spent.asterisk / agents * 100,
            unit="% of a core"),
        Row(name="CPU of our process per talk", value=spent.ours / agents * 100,
            unit="% of a core"),
        Row(name="CPU of speech workers per talk", value=spent.speech / agents * 100,
            unit="% of a core", note="they run behind everything else"),
        Row(name="calls whose text was complete at hang-up", value=live, unit="calls",
            alternative="answered", beside=len(served), note="the rest is read from the recording"),
    ]  # fmt: skip
