"""The gate opens for a voice, stays open over short pauses, and keeps silence out."""

from __future__ import annotations

import pytest

from nlp.speech.gate import FRAME_SECONDS, VoiceGate
from tests.speech.sounds import COMPLAINT, RATE, hiss, silence, spoken

pytestmark = pytest.mark.unit


def open_seconds(sound: bytes) -> float:
    """How much of ``sound`` the gate lets through."""
    gate = VoiceGate(RATE)
    starts = range(0, len(sound) - gate.frame_bytes + 1, gate.frame_bytes)
    return sum(gate.judge(sound[k : k + gate.frame_bytes]) for k in starts) * FRAME_SECONDS


def test_silence_and_a_quiet_line_stay_outside() -> None:
    assert open_seconds(silence(20) + hiss(20, 25)) == 0


def test_a_voice_passes_with_the_silence_that_ends_it() -> None:
    speech = spoken(COMPLAINT)
    seconds = len(speech) / 2 / RATE
    passed = open_seconds(silence(3) + speech + silence(10))
    assert seconds - 0.5 < passed < seconds + 2.0


def test_a_pause_for_breath_does_not_close_it() -> None:
    gate = VoiceGate(RATE)
    sound = spoken("您好") + silence(0.6)
    for begin in range(0, len(sound) - gate.frame_bytes, gate.frame_bytes):
        gate.judge(sound[begin : begin + gate.frame_bytes])
    assert gate.open
