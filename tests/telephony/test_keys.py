"""Keys, however a telephone tells them: each press reaches the call once, and ours reach it."""

from __future__ import annotations

import pytest

from models.events import CallAnswered, CallQueued
from telephony.session import CallSession
from tests.support.rtp import Voice
from tests.support.sipp import Phone, calling
from tests.support.tones import key_tones, keys_ulaw, strength
from tests.telephony.floor import CallFloor

pytestmark = pytest.mark.asterisk

PRESSED = "1*#00"


async def press(how: str, phone: Phone, voice: Voice) -> None:
    """As telephones do: packets beside the voice, SIP INFO, or tones within the voice."""
    match how:
        case "RFC 4733":
            await voice.press(PRESSED)
        case "SIP INFO":
            await phone.press(PRESSED)
        case "in-band":
            voice.say(keys_ulaw(PRESSED))


@pytest.mark.parametrize("how", ["RFC 4733", "SIP INFO", "in-band"])
async def test_each_press_is_told_once(
    floor: CallFloor, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    pressed: list[tuple[str, str]] = []

    async def on_key(call: CallSession, channel_id: str, digit: str) -> None:
        pressed.append((call.call.id, digit))

    monkeypatch.setattr("telephony.session.CallSession.on_key", on_key)
    monkeypatch.setattr("telephony.inbound.InboundCall.on_key", on_key)
    async with (
        await Voice.open() as voice,
        calling(
            floor.asterisk, media_port=voice.port, telephone_event=how == "RFC 4733"
        ) as citizen,
    ):
        queued = await floor.happened(CallQueued)
        await press(how, citizen, voice)
        await floor.until(lambda: len(pressed) >= len(PRESSED), within=30)
        await citizen.hang_up()
    await floor.ended()
    assert pressed == [(queued.call_id, digit) for digit in PRESSED]


async def test_our_keys_sound_where_the_other_side_knows_nothing_else(floor: CallFloor) -> None:
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port, telephone_event=False) as citizen,
    ):
        phone.answer(await phone.rung())
        answered = await floor.happened(CallAnswered)
        voice.forget()
        await floor.calls.desk.press_keys(answered.call_id, agent, "5")
        await floor.until(lambda: _is_in("5", voice))
        assert voice.keys_heard == ""
        await citizen.hang_up()
        await floor.ended()


def _is_in(key: str, voice: Voice) -> bool:
    """Whether a tenth of a second of what was heard is this key's pair of tones."""
    samples, step = voice.heard(), 400
    windows = [samples[start : start + 2 * step] for start in range(0, len(samples), step)]
    return any(min(strength(one, hertz) for hertz in key_tones(key)) > 0.02 for one in windows)
