"""Phones that number their packets oddly: recording and tap keep what both parties say.

A phone may begin its RTP anew in mid-call (a transfer behind it, a gateway, a carrier's switch),
from any number, with or without a new source, and packets get lost, late, or are not sent in
silence at all.
"""

from __future__ import annotations

import re
import shutil
import wave
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT
from hotline.simulation.rtp import Manner, Numbering
from models.events import CallAnswered, CallQueued
from models.vocabulary import AlertKind, Leg
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.hearing import NEARLY_ALL, PACKET, as_pcm, share_heard
from tests.telephony.three import EXPERT, outsider, parties_of, talking

pytestmark = pytest.mark.asterisk

SAID = {
    Leg.CALLER: "我要反映小区门口的路灯坏了三天，晚上出门看不见路，老人孩子都不安全，请尽快修理。",
    Leg.AGENT: "好的，您反映的情况我已经记录下来了，我们会尽快派单给城管部门处理，请保持电话畅通。",
}


def begins_at(sequence: int, *, timestamp: int | None = None, source: int | None = None) -> Change:
    """The phone goes on with other numbers."""

    def change(numbering: Numbering) -> None:
        numbering.sequence = sequence
        numbering.timestamp = numbering.timestamp if timestamp is None else timestamp
        numbering.source = numbering.source if source is None else source

    return change


Change = Callable[[Numbering], None]
EXPERT_SAYS = "您好，社保卡补办请带身份证，到区政务服务中心三楼窗口，当场办好，需要二十分钟左右。"
#: What happens every so many packets: a name for the report, and the change.
STRIDE = 50
#: Bytes of PCM.
SECOND = 16000
JUMPS: list[tuple[str, Change]] = [
    ("first", begins_at(40000)),
    ("starts anew below", begins_at(30000)),
    ("starts anew far below, another source", begins_at(5, timestamp=77, source=1)),
    ("jumps ahead", begins_at(20000)),
    ("wraps around", begins_at(65520)),
    ("another time, same count", begins_at(40, timestamp=0x9000_0000)),
    ("back by one hundred", begins_at(65500)),
]
JUMPING = Manner(before={at * STRIDE: change for at, (_, change) in enumerate(JUMPS)})


def spoken(text: str) -> Path:
    """Fast, to keep the stories short; still longer than all jumps."""
    sound = spoken_ulaw(text, speed=225)
    assert sound.stat().st_size > len(JUMPS) * STRIDE * 160
    return sound


def recorded(path: Path) -> bytes:
    """The sound in a recording."""
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


def shares(said: bytes, heard: bytes) -> dict[str, float]:
    """After each jump: how much was heard."""
    size = STRIDE * PACKET
    pieces = {name: said[at * size : (at + 1) * size] for at, (name, _) in enumerate(JUMPS)}
    return {name: round(share_heard(piece, heard), 2) for name, piece in pieces.items()}


@pytest.fixture(scope="module")
def debians_asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAsterisk]:
    """A fault: Asterisk as Debian builds it, which drops packets that seem to be late."""
    ours, root = PROJECT_ROOT / "var/asterisk-root", tmp_path_factory.mktemp("debians")
    shutil.copytree(ours, root, symlinks=True, dirs_exist_ok=True)
    program = root / "usr/sbin/asterisk"
    code = program.read_bytes()
    passed_over = re.compile(rb"(?<=\xff\xff\x00\x00)\xeb(?=\x68\x8b\xae)")
    assert len(passed_over.findall(code)) == 1
    program.write_bytes(passed_over.sub(b"\x77", code))
    with running_asterisk(asterisk={"root": root}, telephony={"desk_phones": 2}) as running:
        yield running


async def test_an_exchange_that_drops_them_is_noticed(
    debians_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        call_floor(debians_asterisk, tmp_path) as floor,
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(debians_asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung(within=20))
        answered = await floor.happened(CallAnswered)
        await floor.until(lambda: all(len(one.pcm) > 0 for one in floor.ear.streams))
        # The agent is muted: zeros, but no jump. That is nobody's alarm.
        (tmp_path / "muted.ulaw").write_bytes(b"\xff" * 1600)
        phone.voice.say(tmp_path / "muted.ulaw")
        below = {0: begins_at(40000), 100: begins_at(30000)}
        voice.say(spoken(SAID[Leg.CALLER]), Manner(before=below))
        told = await floor.alerted(AlertKind.TAP_SILENT)
        assert [(one.call_id, one.agent_id, one.detail) for one in told] == [
            (answered.call_id, agent, {"leg": "CALLER"})
        ]
        await floor.calls.hang_up(answered.call_id, agent)
        await citizen.finished()
        call, _ = await floor.ended()
    assert call.transcript_incomplete


def missing(heard: Mapping[str, bytes], said: bytes) -> dict[str, dict[str, float]]:
    """Where, and after which jumps, less than nearly all was heard."""
    found = {place: shares(said, sound) for place, sound in heard.items()}
    low = {
        place: {name: share for name, share in part.items() if share <= NEARLY_ALL}
        for place, part in found.items()
    }
    return {place: part for place, part in low.items() if part}


async def test_whatever_number_a_phone_goes_on_with(floor: CallFloor) -> None:
    said = {leg: spoken(text) for leg, text in SAID.items()}
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung())
        answered = await floor.happened(CallAnswered)
        await floor.until(lambda: all(len(one.pcm) > 0 for one in floor.ear.streams))
        voice.say(said[Leg.CALLER], JUMPING)
        phone.voice.say(said[Leg.AGENT], JUMPING)
        await voice.has_spoken()
        await phone.voice.has_spoken()
        await floor.calls.hang_up(answered.call_id, agent)
        await citizen.finished()
    call, _ = await floor.ended()
    files = {Leg.CALLER: call.citizen_recording, Leg.AGENT: call.agent_recording}
    for leg, file in files.items():
        (tapped,) = floor.ear.of(call.id, leg)
        heard = {"recording": recorded(floor.recording(file)), "tap": bytes(tapped.pcm)}
        assert missing(heard, as_pcm(said[leg])) == {}, leg


async def test_also_in_the_queue_and_on_hold(floor: CallFloor) -> None:
    waiting = spoken(
        "你好，有人吗，我想问一下社保卡丢了怎么补办，需要带什么材料，请问要等多少天能拿到新卡。"
    )
    said = {leg: spoken(text) for leg, text in SAID.items()}
    async with (
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port, talks_for=60) as citizen,
    ):
        await floor.happened(CallQueued)
        voice.say(waiting, JUMPING)
        await voice.has_spoken()
        async with floor.agent("王芳", "1901") as (agent, phone):
            phone.answer(await phone.rung())
            answered = await floor.happened(CallAnswered)
            await floor.until(lambda: all(len(one.pcm) > 0 for one in floor.ear.streams))
            voice.say(said[Leg.CALLER], JUMPING)
            phone.voice.say(said[Leg.AGENT], JUMPING)
            await floor.calls.hold(answered.call_id, agent)
            assert await voice.hears(1.0)
            await floor.calls.resume(answered.call_id, agent)
            await voice.has_spoken()
            await phone.voice.has_spoken()
            await floor.calls.hang_up(answered.call_id, agent)
            await citizen.finished()
    call, _ = await floor.ended()
    citizens = recorded(floor.recording(call.citizen_recording))
    assert missing({"recording": citizens}, as_pcm(waiting)) == {}
    files = {Leg.CALLER: citizens, Leg.AGENT: recorded(floor.recording(call.agent_recording))}
    for leg, file in files.items():
        (tapped,) = floor.ear.of(call.id, leg)
        heard = {"recording": file, "tap": bytes(tapped.pcm)}
        assert missing(heard, as_pcm(said[leg])) == {}, leg


async def test_also_in_a_consultation_and_with_three(floor: CallFloor) -> None:
    said = {leg: spoken(text) for leg, text in SAID.items()} | {Leg.THIRD: spoken(EXPERT_SAYS)}
    async with talking(floor) as talk, outsider(floor) as (_, expert):
        voices = {Leg.CALLER: talk.voice, Leg.AGENT: talk.phone.voice, Leg.THIRD: expert}
        await floor.calls.desk.consult(talk.call_id, talk.agent_id, EXPERT)
        await talk.party("joined")
        talk.phone.voice.forget()
        for leg, voice in voices.items():
            voice.say(said[leg], JUMPING)
        assert await talk.phone.voice.hears(1.0)  # the first jumps come in the consultation
        await floor.calls.desk.conference(talk.call_id, talk.agent_id)
        for voice in voices.values():
            await voice.has_spoken()
        await floor.calls.hang_up(talk.call_id, talk.agent_id)
        call, _ = await floor.ended()
    third = (await parties_of(floor, call.id))[-1]
    files = {
        Leg.CALLER: call.citizen_recording,
        Leg.AGENT: call.agent_recording,
        Leg.THIRD: third.recording,
    }
    for leg, file in files.items():
        (tapped,) = floor.ear.of(call.id, leg)
        heard = {"recording": recorded(floor.recording(file)), "tap": bytes(tapped.pcm)}
        assert missing(heard, as_pcm(said[leg])) == {}, leg


def speaks_alaw(numbering: Numbering) -> None:
    """From the first packet on."""
    numbering.speech, numbering.sequence = 8, 40000


async def test_two_codecs_hear_each_other_all_the_same(floor: CallFloor) -> None:
    """Here the talk itself is translated, not the recording alone."""
    anew = Manner(before={0: speaks_alaw, 100: begins_at(30000)})
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung(), codec="8 PCMA")
        answered = await floor.happened(CallAnswered)
        voice.forget()
        phone.voice.say(spoken(SAID[Leg.AGENT]), anew)
        await phone.voice.has_spoken()
        said = spoken(SAID[Leg.AGENT]).stat().st_size / 8000
        assert await voice.hears(0.8 * said, within=3)
        await floor.calls.hang_up(answered.call_id, agent)
        await citizen.finished()
    await floor.ended()


def begins(said: bytes, heard: bytes) -> float:
    """Where this speech begins in what was heard, in seconds."""
    pieces = (said[start : start + PACKET] for start in range(0, len(said) - PACKET, PACKET))
    places = ((heard.find(piece), at) for at, piece in enumerate(pieces) if len(set(piece)) > 40)
    place, at = next((place, at) for place, at in places if place >= 0)
    return place / SECOND - at * 0.02


async def test_packets_lost_and_late_and_no_packets_in_silence(
    floor: CallFloor, tmp_path: Path
) -> None:
    """A phone that saves silence: what it says later lies where it belongs.

    To half a second: this phone is Python on a busy machine. A lost pause would be three.
    """
    first, second = (spoken(text) for text in SAID.values())
    pause = 3.0
    speech = first.read_bytes() + b"\xff" * round(8000 * pause) + second.read_bytes()
    (tmp_path / "speech.ulaw").write_bytes(speech)
    packets = range(len(speech) // 160)
    manner = Manner(lost=packets[20::50], overtaken=packets[10::37], silence_suppression=True)
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung())
        answered = await floor.happened(CallAnswered)
        await floor.until(lambda: all(len(one.pcm) > 0 for one in floor.ear.streams))
        phone.voice.say(first)
        voice.say(tmp_path / "speech.ulaw", manner)
        await voice.has_spoken()
        await floor.calls.hang_up(answered.call_id, agent)
        await citizen.finished()
    call, _ = await floor.ended()
    (tapped,) = floor.ear.of(call.id, Leg.CALLER)
    file = recorded(floor.recording(call.citizen_recording))
    distance = first.stat().st_size / 8000 + pause
    for heard in (file, bytes(tapped.pcm)):
        for said in (first, second):
            assert share_heard(as_pcm(said), heard) > NEARLY_ALL
        placed = begins(as_pcm(second), heard) - begins(as_pcm(first), heard)
        assert placed == pytest.approx(distance, abs=0.5)
    # Tap and file tell the same time of the same word.
    offset = begins(as_pcm(first), file) - begins(as_pcm(first), bytes(tapped.pcm))
    assert offset == pytest.approx(tapped.offset_s, abs=0.5)
