"""A full floor for minutes: every agent talks, a few callers wait, one call follows the other.

SIPp is the citizens, and counts; the agents sign in at the public API and answer on phones of their
own, and count too. Both legs of each call are recorded and tapped. Afterwards nothing may be lost,
doubled or left over, and what the database says must be what the phones saw.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select

from bench.callers import Outcome, call_at_rate
from bench.cpu import Spent, spent_by
from bench.figures import Row, percentile
from bench.floor import Desk, desk
from bench.left_over import (
    Check,
    equal,
    files_afterwards,
    files_check,
    left_over,
    nothing_left,
    open_files,
)
from bench.talk import Conversation, conversations
from dispatch.floor.load_test import counted_calls
from dispatch.rules import load_rules
from models.clock import SystemClock
from models.tables import Call
from models.vocabulary import ContactOutcome
from tests.support.hotline import RunningHotline

#: Callers' numbers begin so.
PREFIX = "1860734"
_WARM_UP_PREFIX = "1850734"
_WARM_UP_SECONDS = 3.0
#: Callers beyond the agents: there is always someone in the queue.
WAITING = 4
#: New callers a second until the floor is full.
_RATE = 4
#: Two rings that are made at the same time may be told of in any order.
_SIDE_BY_SIDE = timedelta(seconds=1)
#: How long the last call may take to be written to its end.
_WRITTEN_SECONDS = 15.0
_LONGEST_RING_SECONDS = 3600.0
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


@dataclass(kw_only=True)
class _Answered:
    """What the agents' phones saw."""

    calls: int = 0
    #: Rings that came while the phone was in a call.
    while_busy: int = 0


async def measure(hotline: RunningHotline, agents: int, minutes: float, talk: float) -> Report:
    """Fill ``agents`` desks for so long with calls of ``talk`` seconds."""
    rounds = max(1, round(minutes * 60 / talk))
    calls = agents * rounds + WAITING
    async with AsyncExitStack() as stack:
        desks = [await stack.enter_async_context(desk(hotline, n)) for n in range(agents)]
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-bench-"))
        words = conversations(Path(folder), min(agents, 8), 30.0)
        await _warm_up(hotline)
        before = open_files(hotline)
        answered = _Answered()
        began = SystemClock().now()
        async with _answering(desks, words, answered), spent_by(hotline) as spent:
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
    kept = await _kept(hotline)
    checks = _checks(hotline, outcome, answered, kept, left, talk)
    checks += await _report_checks(hotline, began, outcome, kept)
    checks.append(files_check(before, after))
    return Report(rows=_rows(outcome, kept, spent(), agents), checks=checks)


async def _warm_up(hotline: RunningHotline) -> None:
    """What is opened once and kept (database, timers) must not look like something left over."""
    port = hotline.settings.asterisk.sip_port
    await call_at_rate(port, rate=5, seconds=2.0, stay=1.0, prefix=_WARM_UP_PREFIX)
    await asyncio.sleep(_WARM_UP_SECONDS)


@asynccontextmanager
async def _answering(
    desks: list[Desk], words: list[Conversation], answered: _Answered
) -> AsyncIterator[None]:
    """Every agent answers every ring and speaks, until the end of the block."""
    tasks = [
        asyncio.create_task(_answer(place, words[number % len(words)], answered))
        for number, place in enumerate(desks)
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(place: Desk, words: Conversation, answered: _Answered) -> None:
    while True:
        ring = await place.phone.rung(within=_LONGEST_RING_SECONDS)
        if ring.over.is_set():
            continue
        place.phone.answer(ring)
        place.phone.voice.say(words.agent)
        answered.calls += 1
        seen = len(place.phone.rings)
        await ring.ends(within=_LONGEST_RING_SECONDS)
        answered.while_busy += sum(other.answered for other in place.phone.rings[seen:])
        place.phone.voice.forget()


async def _kept(hotline: RunningHotline) -> list[Call]:
    """The calls of these callers, in the order of their coming, once all are written to the end."""
    query = select(Call).where(Call.citizen_number.startswith(PREFIX)).order_by(Call.queued_at)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _WRITTEN_SECONDS
    async with hotline.database() as store:
        while True:
            async with store.read() as session:
                kept = list(await session.scalars(query))
            if all(map(_is_over, kept)) or loop.time() > deadline:
                return kept
            await asyncio.sleep(0.2)


# --- what must be so ---------------------------------------------------------------------------


def _checks(
    hotline: RunningHotline,
    outcome: Outcome,
    answered: _Answered,
    kept: list[Call],
    left: list[str],
    talk: float,
) -> list[Check]:
    served = [call for call in kept if call.answered_at is not None]
    numbers = {call.citizen_number for call in kept}
    return [
        equal("every caller of SIPp went the whole way", outcome.calls, outcome.succeeded),
        equal("calls in the database are SIPp's calls", outcome.calls, len(kept)),
        equal("no call is there twice", len(kept), len(numbers)),
        _phones_check(answered.calls, len(served), kept),
        equal("no agent was rung in a call", 0, answered.while_busy),
        equal("every answered call names its agent", 0,
               sum(call.agent_id is None for call in served)),
        equal("no agent had two calls at once", 0, _overlaps(served)),
        equal("every call has an end and a reason", 0, sum(not _is_over(call) for call in kept)),
        equal("who came first was rung first", 0, _overtaken(kept)),
        _recorded_check(hotline, served, talk),
        nothing_left(left),
    ]  # fmt: skip


async def _report_checks(
    hotline: RunningHotline, began: datetime, outcome: Outcome, kept: list[Call]
) -> list[Check]:
    """What the floor's report says of this time."""
    now = SystemClock().now()
    async with hotline.database() as store:
        told = await counted_calls(store, load_rules(hotline.settings), began, now, now)
    served = sum(call.answered_at is not None for call in kept)
    return [
        equal("offered calls in the report are SIPp's", outcome.calls, told.offered),
        equal("answered calls in the report are the phones'", served, told.answered),
        equal("the rest of the report's calls hung up waiting", outcome.calls - served,
               told.abandoned),
    ]  # fmt: skip


def _phones_check(lifted: int, served: int, kept: list[Call]) -> Check:
    """A citizen may hang up in the moment in which the agent lifts the receiver."""
    crossed = sum(call.outcome is ContactOutcome.ABANDONED_RINGING for call in kept)
    return Check(
        name="answered calls are those that the agents' phones answered",
        held=served <= lifted <= served + crossed,
        found=f"{served}; phones {lifted}, of them at most {crossed} crossed by a hang-up",
    )


def _is_over(call: Call) -> bool:
    return call.ended_at is not None and call.outcome is not ContactOutcome.IN_PROGRESS


def _overlaps(served: list[Call]) -> int:
    """Pairs of talks of one agent that lie over each other."""
    count = 0
    busy_until: dict[str, datetime] = {}
    whole = [call for call in served if call.ended_at and call.agent_id]  # others fail a check
    for call in sorted(whole, key=lambda each: each.answered_at or each.started_at):
        assert call.answered_at and call.ended_at and call.agent_id
        last = busy_until.get(call.agent_id)
        count += last is not None and call.answered_at < last
        busy_until[call.agent_id] = call.ended_at
    return count


def _overtaken(kept: list[Call]) -> int:
    """Callers who were rung before one who had queued earlier (none here goes before others)."""
    rung = [call.ringing_at for call in kept if call.ringing_at is not None]
    return sum(earlier - later > _SIDE_BY_SIDE for earlier, later in pairwise(rung))


def _recorded_check(hotline: RunningHotline, served: list[Call], talk: float) -> Check:
    """By the length that SIPp gives its calls: our own times may lag behind on a full machine."""
    short = [lack for call in served for lack in _lacks(hotline, call, talk) if lack > 0]
    worst = f", at worst {max(short):.1f} s too short" if short else ""
    return Check(
        name="both legs of every answered call are recorded whole",
        held=not short,
        found=f"{len(short)} of {2 * len(served)} files{worst}",
    )


def _lacks(hotline: RunningHotline, call: Call, talk: float) -> list[float]:
    """Seconds that are missing in the citizen's and in the agent's recording.

    When the agent's begins is known by our own time of the answer only: where that is late, as
    much less is asked of it.
    """
    assert call.answered_at
    waited = (call.answered_at - call.started_at).total_seconds()
    wanted = {call.citizen_recording: talk, call.agent_recording: talk - waited}
    return [
        (length - _EDGE_SECONDS) * _RECORDED_SHARE - _seconds(hotline, path)
        for path, length in wanted.items()
    ]


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
