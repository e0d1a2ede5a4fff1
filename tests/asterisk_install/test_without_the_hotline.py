"""The hotline is down, and somebody calls: never silence, and nothing is lost."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.rtp import Voice
from tests.support.sipp import PhoneError, calling
from tests.support.sound import spoken_ulaw

pytestmark = pytest.mark.asterisk


@dataclass(frozen=True)
class Note:
    """What the dialplan wrote of one caller; ``telephony.voicemail`` takes it in."""

    file: Path
    number: str
    dialled: str
    recording: Path

    @property
    def message(self) -> Path:
        return self.file.with_suffix(".wav")


def _note_of(asterisk: RunningAsterisk, number: str) -> Note:
    folder = asterisk.settings.recordings_dir / "voicemail"
    (note,) = [note for note in map(_read, folder.glob("*.txt")) if note.number == number]
    return note


def _read(file: Path) -> Note:
    _, _, number, dialled, recording = file.read_text().rstrip("\n").split(" ")
    return Note(file, number, dialled, Path(recording))


def _loud_seconds(path: Path) -> float:
    """For how long a recording is louder than a line that nobody speaks on."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768
    pieces = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    return float((np.sqrt((pieces**2).mean(axis=1)) > 0.02).sum() * 0.02)


async def test_the_caller_hears_an_announcement_and_leaves_a_message(
    asterisk: RunningAsterisk,
) -> None:
    prompts = asterisk.prompts
    announced = sum(prompts.seconds(name) for name in ("restoring", "voicemail", "beep"))
    async with (
        await Voice.open() as voice,
        calling(asterisk, number="13800000101", media_port=voice.port, talks_for=60) as phone,
    ):
        await phone.reaches("answered")
        assert await voice.hears(0.5 * announced, within=3 * announced)
        assert await voice.hears_silence(1.0, within=2 * announced)
        voice.say(spoken_ulaw("我要反映立新街道路灯不亮，请尽快派人来修理，谢谢。"))
        await voice.has_spoken()
        await phone.hang_up()

    assert await asterisk.is_empty()
    note = _note_of(asterisk, "13800000101")
    assert note.dialled == "12345"
    assert _loud_seconds(note.message) > 2
    assert _loud_seconds(note.recording) > 2


async def test_a_caller_who_hangs_up_during_the_announcement_is_known_all_the_same(
    asterisk: RunningAsterisk,
) -> None:
    async with calling(asterisk, number="13800000102", talks_for=1) as phone:
        await phone.finished()

    assert await asterisk.is_empty()
    assert not _note_of(asterisk, "13800000102").message.exists()


@pytest.mark.parametrize("dials", ["12345", "073412345", "+8673412345"])
async def test_the_carrier_may_deliver_the_number_in_any_dress(
    asterisk: RunningAsterisk, dials: str
) -> None:
    number = f"138000002{len(dials):02}"
    async with calling(asterisk, number=number, dials=dials, talks_for=0.5) as phone:
        await phone.finished()
    assert _note_of(asterisk, number).dialled == dials


@pytest.fixture(scope="module")
def closed() -> Iterator[RunningAsterisk]:
    """An Asterisk without a carrier and without practice calls."""
    with running_asterisk(telephony={"practice_trunk": False}) as running:
        yield running


async def test_a_stranger_cannot_call_in_as_a_carrier(closed: RunningAsterisk) -> None:
    async with calling(closed, number="13800000105") as phone:
        with pytest.raises(PhoneError, match="401"):
            await phone.finished()
    assert await closed.channels() == []


@pytest.mark.parametrize("name", ["trunk", "1001", "citizen1"])
async def test_nobody_gets_in_by_the_name_of_a_phone(closed: RunningAsterisk, name: str) -> None:
    async with calling(closed, number=name) as phone:
        with pytest.raises(PhoneError, match="401"):
            await phone.finished()
    assert await closed.channels() == []
