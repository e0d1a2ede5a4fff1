"""A worker process on one core, fed in real time, and how late it answers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bench.speech.conversations import Leg
from nlp.speech.protocol import (
    HEADER,
    Kind,
    Opening,
    audio_frame,
    frame,
    open_frame,
    read_heard,
    read_progress,
)

RATE = 8000
#: A piece of sound, as the service hands it over.
PIECE_SECONDS = 0.1
_PIECE = int(RATE * PIECE_SECONDS)
_LOAD_SECONDS = 120.0

OURS, OFFICIAL = "nlp.speech.worker", "bench.speech.official"


@dataclass(kw_only=True)
class Heard:
    """What came back. ``reached``: stream → (samples worked through, when on the clock)."""

    reached: dict[int, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    words: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    closed: set[int] = field(default_factory=set)


class Fed:
    """A worker as a child process; ``core`` None leaves it free."""

    def __init__(self, program: str, model: Path, core: int | None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", program, str(model), "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})
        self.heard = Heard()
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(_LOAD_SECONDS):
            raise RuntimeError(f"{program} did not load {model}")

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def open(self, number: int) -> None:
        """Begin a stream."""
        self._write(open_frame(number, Opening(rate=RATE)))

    def feed(self, number: int, start: int, sound: bytes) -> None:
        """Hand over sound."""
        self._write(audio_frame(number, start, sound))

    def close(self, numbers: Sequence[int], patience: float) -> None:
        """End streams, and wait for their last words."""
        for number in numbers:
            self._write(frame(Kind.CLOSE, number))
        with self._changed:
            self._changed.wait_for(lambda: self.heard.closed.issuperset(numbers), patience)

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def wait_until(self, number: int, samples: int, patience: float) -> None:
        """Until so much of a stream is worked through."""
        with self._changed:
            self._changed.wait_for(lambda: self._done(number) >= samples, patience)

    def _done(self, number: int) -> int:
        reached = self.heard.reached[number]
        return reached[-1][0] if reached else 0

    def _write(self, content: bytes) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        pipe.write(content)
        pipe.flush()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        while header := pipe.read(HEADER.size):
            kind, number, length = HEADER.unpack(header)
            self._note(Kind(kind), number, _whole(pipe, length))

    def _note(self, kind: Kind, number: int, payload: bytes) -> None:
        now = time.monotonic()
        with self._changed:
            if kind is Kind.READY:
                self._ready.set()
            elif kind is Kind.PROGRESS:
                self.heard.reached[number].append((read_progress(payload).done, now))
            elif kind is Kind.HEARD and (heard := read_heard(payload)).final:
                self.heard.words[number].append(heard.raw)
            elif kind is Kind.CLOSED:
                self.heard.closed.add(number)
            self._changed.notify_all()


def _whole(pipe: IO[bytes], length: int) -> bytes:
    return pipe.read(length) if length else b""


@contextmanager
def fed(program: str, model: Path, core: int | None = None) -> Iterator[Fed]:
    """A worker for the block."""
    worker = Fed(program, model, core)
    try:
        yield worker
    finally:
        worker.end()


@dataclass(frozen=True, kw_only=True)
class Live:
    """How it went: seconds from the last sample of a spoken piece to the answer about it."""

    lags: list[float]
    heard: dict[int, str]


def in_real_time(worker: Fed, legs: Sequence[Leg], seconds: float, warm_up: float) -> Live:
    """Feed all legs at once as telephones would, each at its own moment of the 100 ms."""
    for number in range(len(legs)):
        worker.open(number)
    began = time.monotonic() + 0.2
    pieces = int(seconds / PIECE_SECONDS)
    for piece in range(pieces):
        for number, leg in enumerate(legs):
            _wait_for(began + _due(piece, number, len(legs)))
            start = piece * _PIECE
            worker.feed(number, start, leg.sound[2 * start : 2 * (start + _PIECE)])
    worker.close(range(len(legs)), patience=seconds)
    lags = [
        lag
        for number, leg in enumerate(legs)
        for lag in _lags(worker, number, leg, began, len(legs), int(warm_up / PIECE_SECONDS))
    ]
    return Live(lags=lags, heard={n: "".join(w) for n, w in worker.heard.words.items()})


def _due(piece: int, number: int, streams: int) -> float:
    """When the last sample of a piece is spoken."""
    return (piece + 1 + number / streams) * PIECE_SECONDS


def _wait_for(moment: float) -> None:
    if (rest := moment - time.monotonic()) > 0:
        time.sleep(rest)


def _lags(
    worker: Fed, number: int, leg: Leg, began: float, streams: int, first: int
) -> Iterator[float]:
    """Of each piece in which this leg speaks; of one that was never answered, as of now."""
    reached = iter(worker.heard.reached[number])
    done, at = 0, 0.0
    for piece, speaks in enumerate(leg.speaks):
        if (piece + 1) * _PIECE > len(leg.sound) // 2:
            return
        # Up to a frame of the gate is waiting for its rest.
        while done < (piece + 1) * _PIECE - RATE // 25:
            done, at = next(reached, (1 << 62, time.monotonic()))
        if speaks and piece >= first:
            yield at - began - _due(piece, number, streams)
