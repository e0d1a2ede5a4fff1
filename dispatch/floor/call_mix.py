"""One stereo file of a whole call, for the player: the citizen left, everybody else right.

Made when it is asked for, and kept in a folder of bounded size. Times in it are call time.
"""

from __future__ import annotations

import asyncio
import fnmatch
import hashlib
import os
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.sound_files import BYTES_PER_SAMPLE, HEADER_BYTES, SAMPLES_PER_SECOND, sound_bytes
from models.vocabulary import Leg

#: How much the folder may hold: an hour of talk takes 115 MB.
MOST_BYTES = 2 << 30
#: Mixed at once, to spare memory.
_PIECE_SAMPLES = 60 * SAMPLES_PER_SECOND
_JOINED, _SEGMENT = "agent.wav", "agent-*.wav"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file, and where it begins in call time."""

    path: Path
    leg: Leg
    offset_s: float


class CallMixes:
    """Makes them and keeps the latest."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most = most_bytes
        self._lock = asyncio.Lock()

    async def of(self, call_id: str, parts: Sequence[Part]) -> Path:
        """The stereo file of these parts."""
        chosen = _without_segments(parts)
        path = self._folder / f"{call_id}-{_mark(chosen)}.wav"
        async with self._lock:
            if path.exists():
                os.utime(path)
            else:
                await asyncio.to_thread(self._make, path, chosen)
        return path

    def _make(self, path: Path, parts: Sequence[Part]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        with wave.open(str(draft), "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(BYTES_PER_SAMPLE)
            out.setframerate(SAMPLES_PER_SECOND)
            for piece in mixed(parts):
                out.writeframesraw(piece.tobytes())
        draft.replace(path)
        self._make_room(path)

    def _make_room(self, newest: Path) -> None:
        """The longest unheard go first."""
        files = sorted(self._folder.glob("*.wav"), key=lambda file: file.stat().st_mtime)
        used = sum(file.stat().st_size for file in files)
        for file in files:
            if used <= self._most or file == newest:
                return
            used -= file.stat().st_size
            file.unlink()


def mixed(parts: Sequence[Part]) -> Iterator[NDArray[np.int16]]:
    """Pieces of shape (samples, 2), in order."""
    end = max((_first(part) + _samples(part) for part in parts), default=0)
    for start in range(0, end, _PIECE_SAMPLES):
        length = min(_PIECE_SAMPLES, end - start)
        piece = np.zeros((length, 2), dtype=np.int32)
        for part in parts:
            side = 0 if part.leg is Leg.CALLER else 1
            _add(piece[:, side], part, start)
        yield np.clip(piece, -32768, 32767).astype("<i2")


def _add(side: NDArray[np.int32], part: Part, start: int) -> None:
    """What of this part sounds from ``start`` (in samples) on."""
    begin = max(0, _first(part) - start)
    skip = max(0, start - _first(part))
    count = min(len(side) - begin, _samples(part) - skip)
    if count <= 0:
        return
    place = HEADER_BYTES + skip * BYTES_PER_SAMPLE
    side[begin : begin + count] += np.fromfile(part.path, dtype="<i2", count=count, offset=place)


def _first(part: Part) -> int:
    """Where it begins, in samples; a little before the call counts as its beginning."""
    return max(0, round(part.offset_s * SAMPLES_PER_SECOND))


def _samples(part: Part) -> int:
    return sound_bytes(part.path) // BYTES_PER_SAMPLE


def _without_segments(parts: Sequence[Part]) -> list[Part]:
    """Files that were joined into one would be heard twice."""
    if not any(part.path.name == _JOINED for part in parts):
        return list(parts)
    return [part for part in parts if not fnmatch.fnmatch(part.path.name, _SEGMENT)]


def _mark(parts: Sequence[Part]) -> str:
    """Tells whether the parts are still the same."""
    told = [f"{part.path}|{part.offset_s:.3f}|{sound_bytes(part.path)}" for part in parts]
    return hashlib.sha256("\n".join(sorted(told)).encode()).hexdigest()[:12]
