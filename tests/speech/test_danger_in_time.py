"""Words of danger call the shift leader while the sentence goes on. Counted in the call's own time,
so a slow machine changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import vosk

from config.urgency import load_urgency
from dispatch.floor.risk_words import RiskWords
from models.bus import InProcessBus
from models.clock import SystemClock
from models.events import UtteranceHeard
from models.ports import NoAlerts
from models.store import Store
from models.vocabulary import AlertKind, Leg, Urgency
from nlp.speech.models import PRACTICE_MODEL
from nlp.speech.protocol import Heard, Opening
from nlp.speech.recogniser import StreamRecogniser
from nlp.speech.stream import StreamKey
from tests.speech.sounds import RATE, silence, spoken

pytestmark = [pytest.mark.speech, pytest.mark.timeout(120)]

#: In one breath: it is final only seconds after the word of danger.
IN_ONE_BREATH = "我们楼上起火了有人被困在里面快点来人小区楼下的烧烤店半夜噪音扰民"
#: Of the word, in seconds.
SOON = 2.0


class Called(NoAlerts):
    """Notes what the shift leader is called for."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def raise_alert(self, kind: AlertKind, matter: str, text: str, **_: Any) -> str | None:
        self.texts.append(text)
        return matter


async def test_the_leader_is_called_within_two_seconds_of_the_word(tmp_path: Path) -> None:
    store, bus, called = Store(f"sqlite+aiosqlite:///{tmp_path}/x.db"), InProcessBus(), Called()
    await store.migrate()
    RiskWords(store, bus, called, SystemClock(), load_urgency(), Urgency.CRITICAL)
    key = StreamKey(call_id="c1", leg=Leg.CALLER, offset=0.0, token="t")
    told_at, finals = None, []
    for at, heard in recognised(silence(0.5) + spoken(IN_ONE_BREATH) + silence(1.0)):
        await bus.start()
        await bus.publish(UtteranceHeard(utterance=key.utterance(heard)))
        await bus.stop()
        if told_at is None and any("起火" in text for text in called.texts):
            told_at = at
        if heard.final:
            finals.append((at, heard))
    await store.close()
    said_at = next(word.end for _, heard in finals for word in heard.words if "火" in word.text)
    assert told_at is not None
    assert told_at - said_at <= SOON
    assert told_at < finals[0][0]


def recognised(sound: bytes) -> list[tuple[float, Heard]]:
    """Everything that is heard, with the seconds of the call by which it was."""
    heard: list[Heard] = []
    found: list[tuple[float, Heard]] = []
    recogniser = StreamRecogniser(vosk.Model(str(PRACTICE_MODEL)), Opening(), heard.append)
    piece, position = RATE // 10, 0
    for samples in range(0, len(sound) // 2, piece):
        recogniser.feed(position, sound[2 * samples : 2 * (samples + piece)])
        position = min(samples + piece, len(sound) // 2)
        found += [(position / RATE, one) for one in heard]
        heard.clear()
    recogniser.finish()
    return found + [(position / RATE, one) for one in heard]
