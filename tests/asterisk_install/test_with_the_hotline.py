"""What the dialplan hands to the hotline, and what it does for the legs that the hotline calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.asterisk_install.stasis import stasis_app
from tests.asterisk_install.test_without_the_hotline import _loud_seconds
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling, citizen
from tests.support.sound import spoken_ulaw

pytestmark = pytest.mark.asterisk


async def test_a_call_arrives_with_its_numbers_and_is_recorded_from_the_start(
    asterisk: RunningAsterisk,
) -> None:
    said = spoken_ulaw("我要反映立新街道路灯不亮。")
    async with stasis_app(asterisk) as app, calling(asterisk, said=said, talks_for=4) as phone:
        arrived = await app.event("StasisStart")
        channel = arrived["channel"]
        assert arrived["args"] == ["caller"]
        assert channel["caller"]["number"] == "13800138000"
        assert channel["channelvars"]["DIALLED"] == "12345"
        recording = Path(channel["channelvars"]["RECORDING"])
        assert recording.is_relative_to(asterisk.settings.recordings_dir)
        assert recording.parent.name == channel["id"]

        await asterisk.ari("POST", f"channels/{channel['id']}/answer")
        await phone.finished()
        await app.event("StasisEnd")

    assert await asterisk.is_empty()
    assert _loud_seconds(recording) > 1


async def test_the_caller_hears_a_prompt_and_music_while_waiting(
    asterisk: RunningAsterisk,
) -> None:
    async with (
        stasis_app(asterisk) as app,
        await Voice.open() as voice,
        calling(asterisk, media_port=voice.port) as phone,
    ):
        channel_id = (await app.event("StasisStart"))["channel"]["id"]
        await asterisk.ari("POST", f"channels/{channel_id}/answer")
        await phone.reaches("answered")

        greeting = asterisk.prompts.uri("greeting")
        await asterisk.ari("POST", f"channels/{channel_id}/play", media=greeting)
        assert await voice.hears(0.5 * asterisk.prompts.seconds("greeting"))
        await app.event("PlaybackFinished")

        voice.forget()
        await asterisk.ari("POST", f"channels/{channel_id}/moh")
        assert await voice.hears(1.0)
        await asterisk.ari("DELETE", f"channels/{channel_id}")
        await phone.finished()
        assert phone.ended_as == "hung up by the other side"


async def test_a_call_that_is_given_up_while_ringing_leaves_nothing(
    asterisk: RunningAsterisk,
) -> None:
    async with stasis_app(asterisk) as app, calling(asterisk, gives_up_after=1) as phone:
        channel_id = (await app.event("StasisStart"))["channel"]["id"]
        await asterisk.ari("POST", f"channels/{channel_id}/ring")
        await phone.finished()
        assert "ringing" in phone.steps
        assert phone.ended_as == "gave up"
        await app.event("StasisEnd")
    assert await asterisk.is_empty()


async def test_a_citizen_rung_back_is_recorded_and_reaches_the_hotline(
    asterisk: RunningAsterisk,
) -> None:
    recording = asterisk.settings.recordings_dir / "follow-up" / "citizen.wav"
    said = spoken_ulaw("问题已经解决了，我很满意，谢谢你们。")
    async with stasis_app(asterisk) as app, citizen(asterisk, said=said, talks_for=4) as phone:
        await _ring(asterisk, recording)
        arrived = await app.event("StasisStart")
        assert arrived["args"] == ["follow-up", "7"]
        await phone.finished()
        assert phone.steps[-2:] == ["answered", "hung up"]
        await app.event("StasisEnd")
    assert await asterisk.is_empty()
    assert _loud_seconds(recording) > 1


@pytest.mark.parametrize(
    ("behaviour", "ended_as"), [("busy", "refused"), ("does_not_answer", "caller gave up")]
)
async def test_a_citizen_who_cannot_be_reached_leaves_no_channel(
    asterisk: RunningAsterisk, behaviour: str, ended_as: str
) -> None:
    async with citizen(asterisk, behaviour) as phone:
        await _ring(asterisk, Path("/nonexistent"), rings_for="2")
        await phone.finished()
        assert phone.ended_as == ended_as
    assert await asterisk.is_empty()


async def _ring(asterisk: RunningAsterisk, recording: Path, rings_for: str = "30") -> None:
    """Ring the citizen as the follow-up desk does."""
    await asterisk.originate(
        endpoint="PJSIP/13900139000@trunk",
        context="citizen-leg",
        extension="leg",
        priority="1",
        callerId="12345",
        timeout=rings_for,
        variables={"RECORDING": str(recording), "STASIS_ARGS": "follow-up,7"},
    )
