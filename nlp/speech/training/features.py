"""Kaldi's filter-bank features in numpy, so that training hears what libvosk computes.

Arrays are ``(frames, 40)``, one frame each 10 ms, natural logarithm of mel energies of 16-bit
samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlp.speech.training.voice import RATE, Audio

Features = NDArray[np.float32]

BINS = 40
FRAME = 200  # 25 ms
SHIFT = 80  # 10 ms
LOW_HZ, HIGH_HZ = 60.0, 3800.0
_FFT = 256
_PREEMPHASIS = 0.97
#: Kaldi's online mean normalisation: the last 6 s, helped by 2 s of the global mean at the start.
WINDOW = 600
GLOBAL_FRAMES = 200


def _mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))


def _filters() -> NDArray[np.float32]:
    """Triangles over the FFT's bins, ``(128, 40)``; Kaldi leaves the Nyquist bin out."""
    edges = np.linspace(_mel(LOW_HZ), _mel(HIGH_HZ), BINS + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    mel = _mel(np.arange(_FFT // 2) * RATE / _FFT)[:, None]
    rising, falling = (mel - left) / (centre - left), (right - mel) / (right - centre)
    filters: Features = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters


_FILTERS = _filters()
_WINDOW = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))) ** 0.85  # "povey"


def filter_bank(audio: Audio, rng: np.random.Generator) -> Features:
    """Features of ``audio`` in -1…1 at 8 kHz; ``rng`` gives the dither."""
    count = max(0, 1 + (len(audio) - FRAME) // SHIFT)
    if count == 0:
        return np.zeros((0, BINS), dtype=np.float32)
    index = np.arange(FRAME)[None] + SHIFT * np.arange(count)[:, None]
    frames = (audio * 32768)[index] + rng.standard_normal(index.shape)
    frames -= frames.mean(axis=1, keepdims=True)
    previous = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    frames = (frames - _PREEMPHASIS * previous) * _WINDOW
    power = np.abs(np.fft.rfft(frames, _FFT)[:, : _FFT // 2]) ** 2
    energies = power.astype(np.float32) @ _FILTERS
    return np.asarray(np.log(np.maximum(energies, np.finfo(np.float32).eps)), dtype=np.float32)


def normalise(features: Features, mean: NDArray[np.float64]) -> Features:
    """Subtract the running mean as Kaldi's online normalisation does."""
    total = np.vstack([np.zeros(BINS), np.cumsum(features, axis=0, dtype=np.float64)])
    now = np.arange(1, len(features) + 1)
    begin = np.maximum(0, now - WINDOW)
    count = (now - begin)[:, None]
    borrowed = np.minimum(GLOBAL_FRAMES, WINDOW - count)
    sums = total[now] - total[begin] + borrowed * mean
    return np.asarray(features - sums / (count + borrowed), dtype=np.float32)
