"""Keys that a party presses reach the call, each press once."""

from __future__ import annotations

import pytest

from models.events import CallQueued
from telephony.session import CallSession
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor

pytestmark = pytest.mark.asterisk


async def test_each_press_is_told_once(floor: CallFloor, monkeypatch: pytest.MonkeyPatch) -> None:
    pressed: list[tuple[str, str]] = []

    async def on_key(call: CallSession, channel_id: str, digit: str) -> None:
        pressed.append((call.call.id, digit))

    monkeypatch.setattr("telephony.session.CallSession.on_key", on_key)
    monkeypatch.setattr("telephony.inbound.InboundCall.on_key", on_key)
    async with (
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        queued = await floor.happened(CallQueued)
        await voice.press("1*#00")
        await floor.until(lambda: len(pressed) >= 5)
        await citizen.hang_up()
    await floor.ended()
    assert pressed == [(queued.call_id, digit) for digit in "1*#00"]
