"""How many calls a second can be set up without a failed one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, select

from bench.answering import Answered, answering, desks
from bench.bare_app import running_bare_app
from bench.callers import Outcome, call_at_rate
from bench.figures import Row, percentile
from bench.judging import judged
from bench.left_over import Check, files_afterwards, files_check, left_over, nothing_left
from models.store import Store
from models.tables import Call, Contact
from tests.support.hotline import RunningHotline

#: The numbers of one rate's callers begin so; the two digits are its place on the ladder.
_PREFIX = "15{:02d}"
#: After the greeting there is a second of queue with music.
_QUEUE_SECONDS = 1.0
#: How long the last contact may take to be written down.
_RECORD_SECONDS = 10.0
_WAVE_BYTES_PER_SECOND = 16_000
#: Of the time on the line; the recorder begins before the answer and the caller's sound after it.
_RECORDED_SHARE = 0.5

Climb = Callable[[int, int], Awaitable[Outcome]]


@dataclass(frozen=True, kw_only=True)
class Bursts:
    """What came of them."""

    rows: list[Row]
    #: Our callers, as SIPp alone counts them.
    seen: list[Outcome]
    answered: Answered


async def measure(hotline: RunningHotline, rates: Sequence[int], seconds: float) -> list[Row]:
    """Climb the ladder with the product, then with the barest program; stop where calls fail."""
    return (await bursts(hotline, rates, seconds)).rows


async def bursts(
    hotline: RunningHotline, rates: Sequence[int], seconds: float, agents: int = 0
) -> Bursts:
    """The same, while so many agents take who is first in the line, one caller after the other."""
    stay = hotline.asterisk.prompts.seconds("greeting") + _QUEUE_SECONDS
    seen: list[Outcome] = []

    async with hotline.database() as store:

        async def with_product(step: int, rate: int) -> Outcome:
            prefix, port = _PREFIX.format(step), hotline.settings.asterisk.sip_port
            outcome = await call_at_rate(port, rate=rate, seconds=seconds, stay=stay, prefix=prefix)
            seen.append(outcome)
            deadline = asyncio.get_running_loop().time() + _RECORD_SECONDS
            while True:
                kept = await _kept(hotline, store, prefix, stay)
                if kept >= outcome.succeeded or asyncio.get_running_loop().time() > deadline:
                    return _less_lost(outcome, kept)
                await asyncio.sleep(0.2)

        async with desks(hotline, agents) as places, answering(places) as answered:
            ours = await _climb(rates, with_product)

    async with running_bare_app() as bare:

        async def with_bare_app(step: int, rate: int) -> Outcome:
            prefix, port = _PREFIX.format(step), bare.asterisk.sip_port
            return await call_at_rate(port, rate=rate, seconds=seconds, stay=stay, prefix=prefix)

        barest = await _climb(rates, with_bare_app)
    return Bursts(rows=_rows(ours, barest, stay), seen=seen, answered=answered)


async def checks(
    hotline: RunningHotline, before: dict[str, int], since: datetime, found: Bursts
) -> list[Check]:
    """After the bursts: nothing of any call is left, none is lost or there twice, and so on.

    :param before: the open files before them.
    :param since: when they began; each run of the ladder calls from the same numbers.
    """
    left = await left_over(hotline)
    after = await files_afterwards(hotline, before)
    _, judgement = await judged(hotline, since, _of_bursts(), found.seen, found.answered)
    all_checks = [*judgement, nothing_left(left), files_check(before, after)]
    return [replace(one, name=f"after the bursts: {one.name}") for one in all_checks]


def _of_bursts() -> ColumnElement[bool]:
    return Call.citizen_number.startswith(_PREFIX.partition("{")[0])


async def _climb(rates: Sequence[int], call: Climb) -> list[Outcome]:
    """Up to the first rate with a failed call."""
    outcomes: list[Outcome] = []
    for step, rate in enumerate(sorted(rates)):
        outcomes.append(await call(step, rate))
        if outcomes[-1].failed:
            break
    return outcomes


async def _kept(hotline: RunningHotline, store: Store, prefix: str, stay: float) -> int:
    """How many of these callers left a finished contact and a recording of their voice."""
    query = (
        select(Call.citizen_recording)
        .join(Contact, Contact.id == Call.contact_id)
        .where(Contact.citizen_number.startswith(prefix), Contact.ended_at.is_not(None))
    )
    async with store.read() as session:
        recordings = list(await session.scalars(query))
    files = (hotline.settings.recordings_dir / recording for recording in recordings if recording)
    least = stay * _RECORDED_SHARE * _WAVE_BYTES_PER_SECOND
    return sum(file.exists() and file.stat().st_size > least for file in files)


def _less_lost(outcome: Outcome, kept: int) -> Outcome:
    """A call that left no contact or no recording has failed, whatever the caller saw."""
    return Outcome(
        rate=outcome.rate,
        calls=outcome.calls,
        succeeded=min(outcome.succeeded, kept),
        answered_after=outcome.answered_after,
    )


def _rows(ours: list[Outcome], barest: list[Outcome], stay: float) -> list[Row]:
    best, best_bare = _best(ours), _best(barest)
    rows = [
        Row(
            name="calls set up per second without a failed one",
            value=best.rate if best else 0.0,
            unit="calls/s",
            alternative="barest ARI program",
            beside=best_bare.rate if best_bare else 0.0,
            note=f"each stays {stay:.1f} s; {_ending('ours', ours)}; {_ending('bare', barest)}",
        )
    ]
    if best and best_bare:
        rows.append(_answer_row(best, best_bare))
    return rows


def _answer_row(best: Outcome, best_bare: Outcome) -> Row:
    """How long callers waited for the answer at the highest rate that each managed."""
    return Row(
        name="INVITE to 200 at that rate, p95",
        value=percentile(best.answered_after, 95) * 1000,
        unit="ms",
        alternative="barest ARI program at its rate",
        beside=percentile(best_bare.answered_after, 95) * 1000,
    )


def _best(outcomes: list[Outcome]) -> Outcome | None:
    return next((outcome for outcome in reversed(outcomes) if not outcome.failed), None)


def _ending(who: str, outcomes: list[Outcome]) -> str:
    first = next((outcome for outcome in outcomes if outcome.failed), None)
    if first is None:
        return f"{who}: end of the ladder"
    return f"{who}: {first.failed} of {first.calls} failed at {first.rate}/s"
