"""espeak-ng as the only speaker: speech and its own account of what it says."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

#: The plain voice ``cmn`` of espeak-ng 1.51 spells most characters as English letters; this one
#: speaks Mandarin.
VOICE = "cmn-latn-pinyin"
#: Samples per second that espeak-ng gives, and that the model hears.
VOICE_RATE = 22050
RATE = 8000
_WAV_HEADER_BYTES = 44

Audio = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """One way of speaking. ``speed`` is words per minute, ``pitch`` 0–99."""

    variant: str = ""
    speed: int = 150
    pitch: int = 50

    @property
    def arguments(self) -> list[str]:
        """The same for espeak-ng's command line."""
        voice = f"{VOICE}+{self.variant}" if self.variant else VOICE
        return ["-v", voice, "-s", str(self.speed), "-p", str(self.pitch)]


def say(text: str, speaker: Speaker) -> Audio:
    """Speak ``text``; mono float32 in -1…1 at :data:`RATE`."""
    command = ["espeak-ng", *speaker.arguments, "--stdout", "--", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples = np.frombuffer(wav[_WAV_HEADER_BYTES:], dtype="<i2").astype(np.float32) / 32768
    # 22050 · 160/441 = 8000
    return np.asarray(resample_poly(samples, 160, 441), dtype=np.float32)


def transcribe(texts: Sequence[str]) -> list[str]:
    """What espeak-ng would say for each text, in its own phoneme mnemonics, one line each.

    A text must be one clause: without punctuation inside.
    """
    lines = "".join(f"{text}。\n" for text in texts)
    command = ["espeak-ng", "-v", VOICE, "-x", "-q", "--stdin"]
    done = subprocess.run(command, check=True, capture_output=True, input=lines.encode())
    spoken = [line for line in done.stdout.decode().split("\n") if line.strip()]
    if len(spoken) != len(texts):
        raise RuntimeError(f"espeak-ng spoke {len(spoken)} clauses for {len(texts)} texts")
    return spoken
