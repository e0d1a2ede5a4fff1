"""What a telephone does to a voice: level, distance, line, noise and codec."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, lfilter, resample_poly

from nlp.speech.training.voice import RATE, Audio

_MU = 255.0
_A = 87.6


def mu_law(audio: Audio) -> Audio:
    """There and back through G.711 µ-law."""
    squeezed = np.sign(audio) * np.log1p(_MU * np.abs(audio)) / np.log1p(_MU)
    squeezed = np.round(squeezed * 127) / 127
    return np.asarray(np.sign(squeezed) * np.expm1(np.abs(squeezed) * np.log1p(_MU)) / _MU)


def a_law(audio: Audio) -> Audio:
    """There and back through G.711 A-law."""
    size, scale = np.abs(audio), 1 + np.log(_A)
    bent = np.where(size < 1 / _A, _A * size, 1 + np.log(np.maximum(_A * size, 1)))
    squeezed = np.round(bent / scale * 127) / 127
    straight = np.where(
        squeezed < 1 / scale, squeezed * scale / _A, np.exp(squeezed * scale - 1) / _A
    )
    return np.asarray(np.sign(audio) * straight)


def call(audio: Audio, rng: np.random.Generator) -> Audio:
    """``audio`` as it might arrive over some line, with silence around it."""
    heard = _pad(_tempo(audio, rng), rng)
    heard = heard / max(1e-4, float(np.abs(heard).max())) * rng.uniform(0.08, 0.95)
    heard = _line(heard, rng)
    heard = np.clip(heard + _noise(heard, rng), -1, 1)
    return np.asarray(_codec(heard, rng), dtype=np.float32)


def _pad(audio: Audio, rng: np.random.Generator) -> Audio:
    before, after = (rng.uniform(0.05, 0.7, 2) * RATE).astype(int)
    return np.pad(audio, (before, after))


def _tempo(audio: Audio, rng: np.random.Generator) -> Audio:
    """Up to 5 % faster and higher, or slower and lower."""
    return np.asarray(resample_poly(audio, int(rng.integers(95, 106)), 100))


def _line(audio: Audio, rng: np.random.Generator) -> Audio:
    if rng.random() < 0.3:
        audio = lfilter([1, rng.uniform(-0.4, 0.4)], [1], audio)
    if rng.random() < 0.25:
        low, high = rng.uniform(80, 300), rng.uniform(3200, 3700)
        audio = lfilter(*butter(2, (low, high), "bandpass", fs=RATE), audio)
    return audio


def _noise(audio: Audio, rng: np.random.Generator) -> Audio:
    hiss = rng.standard_normal(len(audio))
    if rng.random() < 0.5:
        hiss = lfilter([1], [1, -0.9], hiss)
    decibels = rng.uniform(14, 50)
    ratio = np.sqrt(np.mean(audio**2) / np.mean(hiss**2) / 10 ** (decibels / 10))
    return np.asarray(hiss * ratio)


def _codec(audio: Audio, rng: np.random.Generator) -> Audio:
    return (mu_law, a_law, lambda same: same)[rng.choice(3, p=(0.4, 0.4, 0.2))](audio)
