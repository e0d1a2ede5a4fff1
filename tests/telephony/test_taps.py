"""What the recogniser hears is what was said, packet by packet, each party apart from the other."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import pytest

from models.events import CallAnswered
from models.vocabulary import Leg
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor

pytestmark = pytest.mark.asterisk

CITIZEN_SAYS = "我要反映小区门口的路灯坏了三天，晚上出门看不见路，老人孩子都不安全，请尽快修理。"
AGENT_SAYS = "好的，您反映的情况我已经记录下来了，我们会尽快派单给城管部门处理，请您保持电话畅通。"
#: The phones here are Python on a busy machine: what they send too late, Asterisk leaves out.
#: A tap on the wrong side, in the wrong byte order or mixed would score nothing at all.
NEARLY_ALL = 0.8
PACKET = 320  # bytes: 20 ms


def as_pcm(ulaw: Path) -> bytes:
    """What a phone's µ-law sounds like."""
    decode = ["sox", "-t", "ul", "-r", "8000", "-c", "1", ulaw]
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-L", "-"]
    return subprocess.run([*decode, *raw], check=True, capture_output=True).stdout


def share_heard(said: bytes, heard: bytes) -> float:
    """How many of the packets that were said are there, unchanged and in order."""
    place, found = 0, 0
    pieces = [said[start : start + PACKET] for start in range(0, len(said) - PACKET, PACKET)]
    loud = [piece for piece in pieces if len(set(piece)) > 40]
    for piece in loud:
        at = heard.find(piece, place)
        if at >= 0:
            place, found = at, found + 1
    return found / len(loud)


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
