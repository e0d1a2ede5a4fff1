"""Memory of a call, memory over hours, and how fast recordings are worked through."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.cpu import processor_seconds
from bench.figures import Row
from bench.speech.conversations import Leg, legs
from bench.speech.feeding import OURS, RATE, Fed, fed

_AHEAD_SECONDS = 5
_BLOCK = RATE * _AHEAD_SECONDS
_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_of_calls(model: Path, calls: int = 10) -> Row:
    """What a call costs beyond the model while both legs are open."""
    spoken = legs(calls, 20)
    with fed(OURS, model) as worker:
        empty = _megabytes(worker.pid)
        for number, leg in enumerate(spoken):
            worker.open(number)
            _feed(worker, number, leg.sound)
        full = _megabytes(worker.pid)
    return Row(
        name="memory of a call beyond the model",
        value=(full - empty) / calls,
        unit="MB",
        alternative="the model, loaded",
        beside=empty,
        note=f"{calls} calls of two open streams, each after 20 s of talk",
    )


def memory_over_hours(model: Path, hours: float) -> Row:
    """One call of that length; beside it what it was after a tenth."""
    spoken = legs(1, 300)
    with fed(OURS, model) as worker:
        for number in range(len(spoken)):
            worker.open(number)
        rounds = max(10, round(hours * 12))
        early = 0.0
        for turn in range(rounds):
            for number, leg in enumerate(spoken):
                _feed(worker, number, leg.sound, turn * len(leg.sound) // 2)
            if turn + 1 == rounds // 10:
                early = _megabytes(worker.pid)
        late = _megabytes(worker.pid)
    return Row(
        name=f"memory of the worker after {rounds / 12:.1f} h of one call",
        value=late,
        unit="MB",
        alternative="the same call after a tenth of that",
        beside=early,
    )


def catch_up(model: Path) -> Row:
    """A recording as fast as one core can: sound through processor time."""
    spoken = legs(3, 120)
    with fed(OURS, model) as worker:
        begun, spent = time.monotonic(), processor_seconds(worker.pid)
        for number, leg in enumerate(spoken):
            worker.open(number)
            _feed(worker, number, leg.sound)
        passed = time.monotonic() - begun
        spent = processor_seconds(worker.pid) - spent
    sound = sum(_seconds(leg) for leg in spoken)
    talk = sum(sum(leg.speaks) / 10 for leg in spoken)
    return Row(
        name="recordings worked through, sound per second of a core",
        value=sound / spent,
        unit="×",
        note=f"{sound:.0f} s of legs, {talk:.0f} s of them spoken, in {passed:.0f} s",
        alternative="of the spoken seconds alone",
        beside=talk / spent,
    )


def _feed(worker: Fed, number: int, sound: bytes, first: int = 0) -> None:
    """All of ``sound``, no more than some seconds ahead."""
    for begin in range(0, len(sound), 2 * _BLOCK):
        start = first + begin // 2
        worker.feed(number, start, sound[begin : begin + 2 * _BLOCK])
        worker.wait_until(number, start - _BLOCK, patience=300)
    worker.wait_until(number, first + len(sound) // 2 - RATE // 10, patience=300)


def _seconds(leg: Leg) -> float:
    return len(leg.sound) / 2 / RATE


def _megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * _PAGE / 1e6
