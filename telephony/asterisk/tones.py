"""Sounds that are calculated: the beep before a message, and calm music while waiting."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 8000

#: Sound between -1 and 1, one value for each 1/8000 s.
Samples: TypeAlias = NDArray[np.float64]

_PEAK = 32767

#: A pentatonic line over slow chords, in semitones above A3; None is a rest. Half a second each.
_MELODY: tuple[int | None, ...] = (
    12, None, 10, None, 7, None, None, 5, 7, None, 10, None, 12, None, None, None,
    15, None, 12, None, 10, None, None, 7, 5, None, 7, None, 3, None, None, None,
    7, None, 10, None, 12, None, None, 15, 17, None, 15, None, 12, None, None, None,
    10, None, 12, None, 7, None, None, 5, 3, None, 5, None, 0, None, None, None,
)  # fmt: skip
_CHORDS = ((0, 7, 15), (-4, 3, 12), (-2, 5, 10), (0, 7, 12))
_STEP_SECONDS = 0.5
_STEPS_IN_A_CHORD = 8


def beep() -> Samples:
    """A short tone: now it is your turn to speak."""
    return 0.4 * _faded(_tone(1000.0, 0.35), 0.02)


def music() -> Samples:
    """Half a minute of quiet music that can be repeated without a seam."""
    step = int(_STEP_SECONDS * SAMPLE_RATE)
    tune = np.zeros(len(_MELODY) * step)
    for index, semitones in enumerate(_MELODY):
        if semitones is not None:
            _mix(tune, index * step, 0.5 * _note(semitones, 2.5))
        if index % _STEPS_IN_A_CHORD == 0:
            chord = _CHORDS[index // _STEPS_IN_A_CHORD % len(_CHORDS)]
            for tone in chord:
                _mix(tune, index * step, 0.25 * _note(tone - 12, 4.5))
    return tune * 0.25 / float(np.abs(tune).max())


def write_wave(path: Path, samples: Samples) -> None:
    """Write 8 kHz mono 16-bit WAV, as Asterisk plays it without conversion."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((samples * _PEAK).astype("<i2").tobytes())


def _tone(hertz: float, seconds: float) -> Samples:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def _faded(samples: Samples, seconds: float) -> Samples:
    """Without a fade a tone begins and ends with a click."""
    fade = np.minimum(1.0, np.arange(len(samples)) / (seconds * SAMPLE_RATE))
    return samples * fade * fade[::-1]


def _note(semitones: int, seconds: float) -> Samples:
    """A soft plucked tone: the overtones die away faster than the ground tone."""
    hertz = 220.0 * 2 ** (semitones / 12)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = sum(
        (_tone(hertz * overtone, seconds) * np.exp(-time * 1.4 * overtone) / overtone**1.5
        for overtone in (1, 2, 3)),
        start=np.zeros(len(time)),
    )  # fmt: skip
    return _faded(sound, 0.03)


def _mix(tune: Samples, start: int, note: Samples) -> None:
    """Add a note; what rings on past the end goes to the beginning, so the loop has no seam."""
    positions = (start + np.arange(len(note))) % len(tune)
    tune[positions] += note
