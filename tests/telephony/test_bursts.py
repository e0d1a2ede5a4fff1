"""Packets that come in bursts: a recording keeps all that came (decision 17)."""

from __future__ import annotations

import pytest

from hotline.simulation.rtp import Manner
from models.events import CallAnswered
from models.vocabulary import Leg
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor
from tests.telephony.hearing import as_pcm, share_heard
from tests.telephony.test_rtp_restarts import SAID, recorded, spoken

pytestmark = pytest.mark.asterisk

PACKETS = range(2000)


def bursts(held: int, every: int) -> Manner:
    """A line that delivers so many packets of 20 ms at once with the next, of every so many."""
    return Manner(held_up=[number for number in PACKETS if number % every < held])


async def shares_recorded(
    floor: CallFloor, citizen_line: Manner, agent_line: Manner
) -> dict[Leg, float]:
    """Both parties speak at once on lines with bursts: how much of it is in the two files."""
    said = {leg: spoken(text) for leg, text in SAID.items()}
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung(within=20))
        answered = await floor.happened(CallAnswered)
        voice.say(said[Leg.CALLER], citizen_line)
        phone.voice.say(said[Leg.AGENT], agent_line)
        await voice.has_spoken()
        await phone.voice.has_spoken()
        await floor.calls.hang_up(answered.call_id, agent)
        await citizen.finished()
    call, _ = await floor.ended()
    files = {Leg.CALLER: call.citizen_recording, Leg.AGENT: call.agent_recording}
    return {
        leg: share_heard(as_pcm(said[leg]), recorded(floor.recording(file)))
        for leg, file in files.items()
    }


async def test_all_of_it_is_recorded(floor: CallFloor) -> None:
    found = await shares_recorded(floor, bursts(7, every=10), bursts(7, every=11))
    assert min(found.values()) > 0.9


async def test_also_when_packets_come_most_of_a_second_late(floor: CallFloor) -> None:
    found = await shares_recorded(floor, bursts(35, every=87), bursts(35, every=96))
    assert min(found.values()) > 0.95
