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
from bench.heard import Heard, heard_by_leg, heard_check, missed_share
from bench.judging import judged
from bench.left_over import (
    Check,
    files_afterwards,
    files_check,
    left_over,
    nothing_left,
    open_files,
)
from bench.sent import Sent, lost_share, recorded_check, sent_by_file, sent_share
from models.clock import SystemClock
from models.tables import Call
from models.vocabulary import Leg
from tests.support.hotline import RunningHotline

#: Callers' numbers begin so.
PREFIX = "1860734"
_WARM_UP_PREFIX = "1850734"
_WARM_UP_SECONDS = 3.0
#: Callers beyond the agents: there is always someone in the queue.
WAITING = 4
#: New callers a second until the floor is full.
_RATE = 4


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures and checks of one run."""

    rows: list[Row]
    checks: list[Check]
    #: What SIPp wrote of single callers who failed.
    complaints: str = ""


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
    recordings = hotline.settings.recordings_dir
    heard = heard_by_leg(hotline.log_file)
    sent = sent_by_file(hotline.asterisk.process.log_file, recordings)
    checks = [
        _all_succeeded(outcome),
        *checks,
        _enough_served(served, outcome),
        recorded_check(sent, heard, served, recordings),
        heard_check(heard, served, talk),
        nothing_left(left),
        files_check(before, after),
    ]
    rows = [*_rows(outcome, kept, spent(), agents), *_sound_rows(sent, heard, served, talk)]
    return Report(rows=rows, checks=checks, complaints=outcome.complaints)


async def _warm_up(hotline: RunningHotline) -> None:
    """What is opened once and kept (database, timers) must not look like something left over."""
    port = hotline.settings.asterisk.sip_port
    await call_at_rate(port, rate=5, seconds=2.0, stay=1.0, prefix=_WARM_UP_PREFIX)
    await asyncio.sleep(_WARM_UP_SECONDS)


# --- what must be so ---------------------------------------------------------------------------


def _all_succeeded(outcome: Outcome) -> Check:
    reasons = "".join(f", {name} {count}" for name, count in outcome.failures.items())
    return Check(
        name="every caller of SIPp went the whole way",
        held=outcome.failed == 0,
        found=f"{outcome.succeeded} of {outcome.calls}{reasons}",
    )


def _enough_served(served: list[Call], outcome: Outcome) -> Check:
    """Only whoever waits at the end goes without an agent: else desks were empty."""
    return Check(
        name="all but those who waited at the end were served",
        held=len(served) >= outcome.calls - WAITING,
        found=f"{len(served)} of {outcome.calls}",
    )


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
        Row(name="BYE to 200, p95", value=percentile(outcome.hung_up_after, 95) * 1000, unit="ms",
            note=f"at worst {max(outcome.hung_up_after, default=0.0) * 1000:.0f} ms"),
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


def _sound_rows(
    sent: dict[str, Sent], heard: dict[tuple[str, Leg], Heard], served: list[Call], talk: float
) -> list[Row]:
    """What became of the sound on its way, and what the measurement itself did not send."""
    own = "the rest is the measurement's own: its telephones were late"
    kept = "silence keeps their place; the text of such a leg is read from the recording"
    return [
        Row(name="sound that the citizens' telephones sent, of what they owed",
            value=sent_share(sent, served, talk) * 100, unit="%", note=own),
        Row(name="packets that never reached Asterisk", value=lost_share(sent) * 100, unit="%"),
        Row(name="packets of the taps that never reached us", value=missed_share(heard) * 100,
            unit="%", note=kept),
    ]  # fmt: skip
