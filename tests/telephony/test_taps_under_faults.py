"""A tap that is not made whole leaves nothing in the exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from models.vocabulary import Leg
from telephony.ari import ARIClient
from telephony.media import MediaReceiver
from telephony.taps import CallTaps
from tests.support.faulty_ari import FaultyARI
from tests.telephony.floor import Ear, until

pytestmark = pytest.mark.unit


@dataclass(kw_only=True)
class Surroundings:
    """What taps need."""

    ari: ARIClient
    media: MediaReceiver
    speech: Ear
    voice_level: int = 500


@pytest.fixture
async def ari() -> AsyncIterator[FaultyARI]:
    async with FaultyARI().serving() as faulty:
        yield faulty


@pytest.fixture
async def taps(ari: FaultyARI) -> AsyncIterator[CallTaps]:
    client = ARIClient(ari.url, "hotline", "secret", "hotline")
    media = MediaReceiver("127.0.0.1")
    await media.start()
    yield CallTaps(Surroundings(ari=client, media=media, speech=Ear()), "call1")
    await media.stop()
    await client.close()


async def test_a_phone_that_is_gone_while_its_tap_is_made_leaves_no_part_of_it(
    ari: FaultyARI, taps: CallTaps
) -> None:
    """Nobody is there to be listened to, and what would bring the sound is still being made."""
    ari.refusals["snoop"] = [404]
    ari.late["externalMedia"] = 0.5
    taps.open(Leg.AGENT, "agent-call1-1", 0.0)
    await until(lambda: ari.asked("externalMedia") == 1 and not ari.refusals["snoop"])
    await taps.close()
    await until(lambda: "POST /channels/externalMedia" in ari.done)
    assert (ari.channels, ari.bridges) == ({}, {})
    assert not taps.complete


async def test_a_part_that_comes_after_the_tap_was_closed_is_nobodys(
    ari: FaultyARI, taps: CallTaps
) -> None:
    ari.refusals["snoop"] = [404]
    taps.open(Leg.AGENT, "agent-call1-1", 0.0)
    snoop, media = sorted(one for one in taps.ids() if not one.startswith("tap-"))[::-1]
    assert taps.on_stasis_start(media) and taps.on_stasis_start(snoop)
    await taps.close()
    assert not taps.on_stasis_start(media)
