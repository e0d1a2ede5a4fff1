"""Who hears whom: everyone sends a tone of their own, and every ear is measured."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir

import numpy as np

from tests.support.rtp import Voice

_SAMPLES_PER_SECOND = 8000
#: Long enough to tell tones apart, short enough to see a change.
_WINDOW_SECONDS = 0.4
#: Of a full-scale tone; ours are sent at half of that.
_AUDIBLE = 0.04

CITIZEN, AGENT, LEADER = "citizen", "agent", "leader"
#: None a multiple of another, nor a note of the music on hold.
HERTZ = {CITIZEN: 437, AGENT: 719, LEADER: 1123}


def tone(who: str, seconds: int = 90) -> Path:
    """A party's tone as raw µ-law; made once."""
    path = Path(gettempdir()) / f"hotline-tone-{HERTZ[who]}-{seconds}.ul"
    if not path.exists():
        form = ["-r", str(_SAMPLES_PER_SECOND), "-c", "1", "-e", "mu-law", "-t", "ul"]
        sound = ["synth", str(seconds), "sine", str(HERTZ[who]), "gain", "-6"]
        draft = path.with_suffix(".part")
        subprocess.run(["sox", "-n", *form, str(draft), *sound], check=True)
        draft.replace(path)
    return path


async def heard_by(voice: Voice) -> set[str]:
    """Whose tones reach an ear now."""
    voice.forget()
    for _ in range(50):  # as long as the window twice over: silence may come without packets
        await asyncio.sleep(_WINDOW_SECONDS / 25)
        if len(voice.heard()) >= _WINDOW_SECONDS * _SAMPLES_PER_SECOND:
            break
    samples = voice.heard()
    return {who for who, hertz in HERTZ.items() if _strength(samples, hertz) > _AUDIBLE}


def _strength(samples: np.ndarray[tuple[int], np.dtype[np.float64]], hertz: int) -> float:
    if len(samples) < _SAMPLES_PER_SECOND * _WINDOW_SECONDS / 4:
        return 0.0
    turns = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / _SAMPLES_PER_SECOND)
    return float(2 * np.abs((samples * turns).mean()))


async def becomes(voices: Mapping[str, Voice], expected: Mapping[str, set[str]]) -> None:
    """Wait until every ear hears exactly whom it should, all in one look."""
    heard: dict[str, set[str]] = {}
    for _ in range(20):
        found = await asyncio.gather(*(heard_by(voices[who]) for who in expected))
        heard = dict(zip(expected, found, strict=True))
        if heard == dict(expected):
            return
    raise AssertionError(f"heard {heard}, not {expected}")
