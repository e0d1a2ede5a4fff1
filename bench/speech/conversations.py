"""Two-party conversations with natural turns, as 16-bit sound of each leg and as words."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.talk import conversations
from nlp.speech.audio import from_mu_law

_RATE = 8000
#: A line is never digitally silent: hiss at about -62 dB, below any voice.
_HISS = 25.0
_PIECE = _RATE // 10
_SPEAKING = 200.0


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One speaker. ``speaks``: of each 100 ms, whether the speaker is heard."""

    sound: bytes
    speaks: list[bool]
    #: All that it says when it is whole.
    words: str


def legs(calls: int, seconds: float, *, whole: bool = False) -> list[Leg]:
    """Caller and agent of each of ``calls`` different conversations of that length.

    ``whole``: a little longer, so that nobody is cut off in the middle of a word.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        talks = conversations(Path(folder), calls, seconds)
        sides = [
            side
            for talk in talks
            for side in ((talk.caller, talk.caller_words), (talk.agent, talk.agent_words))
        ]
        most = None if whole else int(seconds * _RATE)
        return [
            _leg(path.read_bytes(), words, most, number)
            for number, (path, words) in enumerate(sides)
        ]


def _leg(ulaw: bytes, words: str, samples: int | None, seed: int) -> Leg:
    voice = from_mu_law(ulaw[:samples]).astype(np.float64)
    hiss = np.random.default_rng(seed).normal(0, _HISS, len(voice))
    sound = np.clip(voice + hiss, -32768, 32767).astype("<i2")
    return Leg(sound=sound.tobytes(), speaks=list(_speaks(voice)), words=words)


def _speaks(voice: NDArray[np.float64]) -> Iterator[bool]:
    for begin in range(0, len(voice) - _PIECE + 1, _PIECE):
        yield float(np.sqrt(np.mean(voice[begin : begin + _PIECE] ** 2))) > _SPEAKING
