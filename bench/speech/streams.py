"""How many live streams one core carries, and at which character error rate: ours and official."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Row, percentile
from bench.speech.conversations import Leg, legs
from bench.speech.feeding import OFFICIAL, OURS, RATE, Fed, fed, in_real_time
from nlp.speech.training.distance import distance
from nlp.speech.training.text import plain

#: Text that comes later than this is not live.
LATE_SECONDS = 0.3
_STEP_CALLS = 1
_MOST_CALLS = 120
_BLOCK = RATE * 2


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How long each number of calls is tried; calls whose error rate is compared."""

    seconds: float = 15.0
    warm_up: float = 3.0
    compared_calls: int = 6
    compared_seconds: float = 60.0


def measure(model: Path, extent: Extent) -> list[Row]:
    """Streams per core, and the error rate of both ways on the same sound."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})  # whoever feeds stays out of the way
    try:
        ours = _most_calls(OURS, model, cores[0], extent)
        official = _most_calls(OFFICIAL, model, cores[0], extent)
    finally:
        os.sched_setaffinity(0, cores)
    return [
        Row(
            name=f"live streams on one core with p95 lag under {LATE_SECONDS * 1000:.0f} ms",
            value=2 * ours,
            unit="streams",
            alternative="one recogniser per stream on every piece",
            beside=2 * official,
            note="two streams to a call, by turns; lag of pieces in which the leg speaks",
        ),
        _error_row(model, extent),
    ]


def _most_calls(program: str, model: Path, core: int, extent: Extent) -> int:
    """Doubled until it is late, then halved in between."""
    low, high = 0, 0
    calls = 4
    while not high:
        if _keeps_up(program, model, core, calls, extent):
            low, calls = calls, calls * 2
        else:
            high = calls
        if calls > _MOST_CALLS:
            return low
    while high - low > _STEP_CALLS:
        calls = (low + high) // 2
        if _keeps_up(program, model, core, calls, extent):
            low = calls
        else:
            high = calls
    return low


def _keeps_up(program: str, model: Path, core: int, calls: int, extent: Extent) -> bool:
    spoken = legs(calls, extent.seconds)
    with fed(program, model, core) as worker:
        live = in_real_time(worker, spoken, extent.seconds, extent.warm_up)
    late = percentile(live.lags, 95)
    print(f"  {program}: {2 * calls} streams, p95 lag {late * 1000:.0f} ms", file=sys.stderr)
    return late < LATE_SECONDS


def _error_row(model: Path, extent: Extent) -> Row:
    spoken = legs(extent.compared_calls, extent.compared_seconds, whole=True)
    return Row(
        name="character error rate",
        value=100 * _error_rate(OURS, model, spoken),
        unit="%",
        alternative="one recogniser per stream on every piece",
        beside=100 * _error_rate(OFFICIAL, model, spoken),
        note=f"{len(spoken)} legs of conversations, espeak-ng's plain voice",
    )


def _error_rate(program: str, model: Path, spoken: Sequence[Leg]) -> float:
    with fed(program, model) as worker:
        wrong = sum(_errors(worker, number, leg) for number, leg in enumerate(spoken))
    return wrong / sum(len(plain(leg.words)) for leg in spoken)


def _errors(worker: Fed, number: int, leg: Leg) -> int:
    worker.open(number)
    for begin in range(0, len(leg.sound), _BLOCK):
        worker.feed(number, begin // 2, leg.sound[begin : begin + _BLOCK])
    worker.close([number], patience=600)
    heard = "".join(worker.heard.words[number])
    return distance(plain(leg.words), plain(heard))
