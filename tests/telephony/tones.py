"""Who hears whom: everyone sings a tone of their own, and every ear is measured."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tests.support.rtp import Voice
from tests.support.tones import strength, tone_ulaw

_SAMPLES_PER_SECOND = 8000
#: Long enough to tell tones apart, short enough to see a change.
_WINDOW_SECONDS = 0.4
#: The tones are sent with 0.25.
_AUDIBLE = 0.04

CITIZEN, AGENT, LEADER, EXPERT = "citizen", "agent", "leader", "expert"
HERTZ = {CITIZEN: 700, AGENT: 1100, EXPERT: 1700, LEADER: 2300}


def tone(who: str) -> Path:
    """What a party sings."""
    return tone_ulaw(HERTZ[who])


async def heard_by(voice: Voice) -> set[str]:
    """Whose tones reach an ear now."""
    voice.forget()
    for _ in range(50):  # as long as the window twice over: silence may come without packets
        await asyncio.sleep(_WINDOW_SECONDS / 25)
        if len(voice.heard()) >= _WINDOW_SECONDS * _SAMPLES_PER_SECOND:
            break
    samples = voice.heard()
    if len(samples) < _WINDOW_SECONDS * _SAMPLES_PER_SECOND / 4:
        return set()
    return {who for who, hertz in HERTZ.items() if strength(samples, hertz) > _AUDIBLE}


async def becomes(voices: Mapping[str, Voice], expected: Mapping[str, set[str]]) -> None:
    """Wait until every ear hears exactly whom it should, all in one look."""
    heard: dict[str, set[str]] = {}
    for _ in range(20):
        found = await asyncio.gather(*(heard_by(voices[who]) for who in expected))
        heard = dict(zip(expected, found, strict=True))
        if heard == dict(expected):
            return
    raise AssertionError(f"heard {heard}, not {expected}")
