"""What the recogniser hears is what was said, packet by packet, each party apart from the other."""

from __future__ import annotations

import wave

import pytest

from models.events import CallAnswered
from models.vocabulary import Leg
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor
from tests.telephony.hearing import NEARLY_ALL, as_pcm, share_heard

pytestmark = pytest.mark.asterisk

CITIZEN_SAYS = "我要反映小区门口的路灯坏了三天，晚上出门看不见路，老人孩子都不安全，请尽快修理。"
AGENT_SAYS = "好的，您反映的情况我已经记录下来了，我们会尽快派单给城管部门处理，请您保持电话畅通。"


async def test_each_party_is_heard_whole_and_alone(floor: CallFloor) -> None:
    said = {Leg.CALLER: spoken_ulaw(CITIZEN_SAYS), Leg.AGENT: spoken_ulaw(AGENT_SAYS)}
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung())
        answered = await floor.happened(CallAnswered)
        await floor.until(lambda: all(len(one.pcm) > 0 for one in floor.ear.streams))
        voice.say(said[Leg.CALLER])
        phone.voice.say(said[Leg.AGENT])
        await voice.has_spoken()
        await phone.voice.has_spoken()
        await floor.calls.hang_up(answered.call_id, agent)
        await citizen.finished()
    call, _ = await floor.ended()
    assert not call.transcript_incomplete
    assert call.speech_model == "ear"
    recorded = {Leg.CALLER: call.citizen_recording, Leg.AGENT: call.agent_recording}
    for leg, other in ((Leg.CALLER, Leg.AGENT), (Leg.AGENT, Leg.CALLER)):
        (heard,) = floor.ear.of(call.id, leg)
        assert share_heard(as_pcm(said[leg]), bytes(heard.pcm)) > NEARLY_ALL
        assert share_heard(as_pcm(said[other]), bytes(heard.pcm)) == 0.0
        assert 0 < heard.offset_s < 10
        with wave.open(str(floor.recording(recorded[leg]))) as file:
            assert share_heard(as_pcm(said[leg]), file.readframes(file.getnframes())) > NEARLY_ALL
