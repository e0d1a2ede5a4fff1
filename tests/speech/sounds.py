"""Spoken test audio as a telephone delivers it."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from nlp.speech.audio import read_wav
from tests.support.sound import spoken_ulaw, spoken_wav

RATE = 8000
#: What a caller says in most tests, and a word that the recogniser must have understood.
COMPLAINT = "您好，我要投诉，小区楼下的烧烤店半夜噪音扰民"
PHONE = "我的电话是幺三八零零幺三八零零零"


def silence(seconds: float) -> bytes:
    """Digital silence."""
    return bytes(int(RATE * seconds) * 2)


def spoken(text: str) -> bytes:
    """16-bit samples at 8 kHz."""
    return read_wav(spoken_wav(text)).channels[0].tobytes()


def through_mu_law(text: str) -> bytes:
    """16-bit samples that went through G.711 µ-law on their way."""
    coded = np.frombuffer(spoken_ulaw(text).read_bytes(), dtype=np.uint8)
    inverted = ~coded.astype(np.int32) & 0xFF
    size = ((((inverted & 0x0F) << 3) + 0x84) << ((inverted & 0x70) >> 4)) - 0x84
    return np.where(inverted & 0x80, -size, size).astype("<i2").tobytes()


def hiss(seconds: float, level: int) -> bytes:
    """Noise of a line, ``level`` of 32768."""
    noise = np.random.default_rng(1).standard_normal(int(RATE * seconds)) * level
    return noise.astype("<i2").tobytes()


def write_wav(path: Path, *channels: bytes, rate: int = RATE) -> Path:
    """A 16-bit WAV file; shorter channels are filled up with silence."""
    sounds = [np.frombuffer(channel, dtype="<i2") for channel in channels]
    longest = max(map(len, sounds))
    filled = [np.pad(sound, (0, longest - len(sound))) for sound in sounds]
    with wave.open(str(path), "wb") as file:
        file.setparams((len(filled), 2, rate, 0, "NONE", ""))
        file.writeframes(np.column_stack(filled).astype("<i2").tobytes())
    return path
