"""Whether a certain sound was heard: what came out of the line, laid over the sound's own file."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from telephony.asterisk.prompts import Prompts
from tests.support.rtp import Voice

_SAMPLES_PER_SECOND = 8000
#: So much of the sound's beginning is looked for.
_PIECE_SECONDS = 1.5
#: 1 is the same sound, unchanged; another sentence of the same voice has less than a third.
_ALIKE = 0.6


def sound_of(media: str) -> NDArray[np.float64]:
    """The samples of a media's first sound."""
    path = Path(f"{media.partition(',')[0].removeprefix('sound:')}.wav")
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0


def likeness(sound: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
    """How alike the best fitting place in ``heard`` is to the beginning of ``sound``."""
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    piece = sound[loud[0] :][: int(_PIECE_SECONDS * _SAMPLES_PER_SECOND)]
    if len(heard) < len(piece):
        return 0.0
    size = 1 << int(len(heard) + len(piece)).bit_length()
    fitted = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size)), size)
    sums = np.concatenate([[0.0], np.cumsum(heard**2)])
    energy = sums[len(piece) :] - sums[: -len(piece)]
    scores = fitted[: len(energy)] / np.sqrt(np.maximum(energy, 1e-3) * (piece**2).sum())
    return float(scores.max())


async def hears(voice: Voice, media: str, within: float = 15.0) -> None:
    """Wait until a caller has heard this sound."""
    sound, best = sound_of(media), 0.0
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while best < _ALIKE:
        assert loop.time() < deadline, f"never heard {media}: {best:.2f}"
        await asyncio.sleep(0.2)
        best = max(best, likeness(sound, voice.heard()))


def prompt(prompts: Prompts, name: str) -> str:
    """Media of a prompt."""
    return prompts.uri(name)
