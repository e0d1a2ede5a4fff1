"""A real call over a bad line: what is understood of it when packets get lost and overtaken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import load_settings
from hotline.simulation.rtp import Manner
from models.events import CallAnswered
from models.speech import Utterance
from models.vocabulary import Leg
from nlp.speech.service import SpeechService
from nlp.speech.training.distance import distance
from tests.speech.sounds import COMPLAINT, PHONE
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor, call_floor

pytestmark = [pytest.mark.speech, pytest.mark.timeout(120)]

#: Written as the engine writes it: this is compared with its raw words.
SPOKEN = f"{COMPLAINT}，{PHONE}".replace("，", "")
#: Two of three characters: this phone is Python, and on a busy machine loses packets of its own.
WORST = 0.33
AGENT_SAYS = "请问您的联系电话是多少"


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningAsterisk]:
    with running_asterisk(telephony={"desk_phones": 1, "wrap_up_seconds": 1}) as running:
        yield running


async def call(floor: CallFloor, manner: Manner) -> None:
    """Both say their sentence, one after the other."""
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung(within=30))
        answered = await floor.happened(CallAnswered)
        voice.say(spoken_ulaw(f"{COMPLAINT}，{PHONE}"), manner)
        await voice.has_spoken()
        phone.voice.say(spoken_ulaw(AGENT_SAYS))
        await phone.voice.has_spoken()
        await floor.calls.hang_up(answered.call_id, agent)
        await citizen.finished()
    await floor.ended()


async def test_the_words_come_through_a_bad_line(exchange: RunningAsterisk, tmp_path: Path) -> None:
    """Two packets of a hundred lost, three overtaken by the next, nothing sent in silence."""
    heard: list[Utterance] = []

    async def listen(utterance: Utterance) -> None:
        heard.append(utterance)

    settings = load_settings(var=tmp_path, speech={"model": "practice", "workers": 1})
    speech = SpeechService(settings, listen)
    await speech.start()
    packets = range(spoken_ulaw(f"{COMPLAINT}，{PHONE}").stat().st_size // 160)
    bad = Manner(lost=packets[20::50], overtaken=packets[10::37], silence_suppression=True)
    try:
        async with call_floor(exchange, tmp_path, speech=speech) as floor:
            await call(floor, bad)
    finally:
        await speech.stop()
    finals = {leg: [one for one in heard if one.final and one.leg is leg] for leg in Leg}
    said = "".join(one.raw for one in finals[Leg.CALLER]).replace(" ", "")
    assert distance(said, SPOKEN) <= WORST * len(SPOKEN), said
    # Each side by itself, and in the order in which they spoke.
    assert "联系电话" in "".join(one.text for one in finals[Leg.AGENT])
    assert "联系电话" not in said
    assert finals[Leg.CALLER][-1].start < finals[Leg.AGENT][0].start
