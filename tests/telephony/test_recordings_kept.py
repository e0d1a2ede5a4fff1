"""What becomes of recordings when the disk fills up, cannot be written, or the exchange dies.

The call goes on in any case; what is kept is whole and playable; what is not is said.
"""

from __future__ import annotations

import os
import signal
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from config.retention import load_retention
from dispatch.floor.alerts import Alerts
from dispatch.floor.disk_watch import DiskWatch
from dispatch.floor.recordings import RecordingRegister, checksum
from models.clock import ManualClock, SystemClock
from models.events import CallAnswered, CallEnded
from models.tables import CallEventRow, FloorAlert, Recording
from models.vocabulary import AlertKind, CallEventKind
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.sound import spoken_ulaw
from tests.telephony.clean import clean
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.hearing import NEARLY_ALL, as_pcm, share_heard
from tests.telephony.sounds import hears_words

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

SPEECH = "我要反映小区门口的路灯坏了三天，晚上出门看不见路。"


@pytest.fixture
def own_asterisk() -> Iterator[RunningAsterisk]:
    with running_asterisk(telephony={"wrap_up_seconds": 1, "desk_phones": 2}) as running:
        yield running


@contextmanager
def small_disk(folder: Path, kilobytes: int, options: str = "rw") -> Iterator[None]:
    """A file system of its own at this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={kilobytes}k,{options}"
    mount = ["mount", "-t", "tmpfs", "-o", size, "none", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("只有管理员能挂载测试用的小磁盘")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def talk(floor: CallFloor) -> str:
    """A citizen and an agent say one sentence each, then the other hears it all; the call's id."""
    async with (
        floor.agent("王芳", "1901") as (agent, phone),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung(within=20))
        answered = await floor.happened(CallAnswered)
        voice.forget()
        voice.say(spoken_ulaw(SPEECH))
        phone.voice.say(spoken_ulaw(SPEECH))
        await voice.has_spoken()
        await phone.voice.has_spoken()
        # Nobody notices anything: not a word is missing at either ear, and the call ends as usual.
        said = spoken_ulaw(SPEECH).stat().st_size / 8000
        loud = 0.6 * said
        assert await voice.hears(loud, within=5) and await phone.voice.hears(loud, within=5)
        await hears_words(voice, spoken_ulaw(SPEECH))
        await hears_words(phone.voice, spoken_ulaw(SPEECH))
        await floor.calls.hang_up(answered.call_id, agent)
        await citizen.finished()
        await floor.ended()
        await clean(floor.asterisk, floor)
    return answered.call_id


def register(floor: CallFloor, later: float = 0) -> RecordingRegister:
    """The register, some seconds later."""
    clock = ManualClock(SystemClock().now() + timedelta(seconds=later))
    folder = floor.asterisk.settings.recordings_dir
    return RecordingRegister(floor.store, clock, folder, load_retention())


async def entered(floor: CallFloor, call_id: str) -> list[Recording]:
    async with floor.store.read() as session:
        query = select(Recording).where(Recording.call_id == call_id)
        return list(await session.scalars(query.order_by(Recording.path)))


async def losses(floor: CallFloor, call_id: str) -> list[str]:
    """What the call's history says about its recordings."""
    query = select(CallEventRow.reason).where(
        CallEventRow.call_id == call_id, CallEventRow.kind == CallEventKind.ALERT
    )
    async with floor.store.read() as session:
        return sorted(await session.scalars(query))


async def disk_alerts(floor: CallFloor) -> list[str]:
    """What the shift leader is told now, the disk being as it is."""
    alerts = Alerts(floor.store, floor.bus, SystemClock())
    await DiskWatch(floor.asterisk.settings.recordings_dir, 1, alerts).look()
    query = select(FloorAlert.text).where(FloorAlert.kind == AlertKind.DISK_LOW)
    async with floor.store.read() as session:
        return list(await session.scalars(query))


async def test_the_disk_is_full(short_asterisk: RunningAsterisk, tmp_path: Path) -> None:
    folder = short_asterisk.settings.recordings_dir
    async with call_floor(short_asterisk, tmp_path) as floor:
        with small_disk(folder, 80):
            assert "只剩" in (await disk_alerts(floor))[0]
            call_id = await talk(floor)
            assert os.statvfs(folder).f_bavail == 0
            await register(floor, later=60).enter_call(call_id)
            files = await entered(floor, call_id)
            assert len(files) == 2
            for row in files:
                with wave.open(str(folder / row.path)) as sound:
                    assert sound.getnframes() / 8000 == pytest.approx(row.seconds, abs=0.01)
                assert checksum(folder / row.path) == row.sha256
            (loss,) = await losses(floor, call_id)
            assert loss.startswith("市民的录音不完整：通话")


async def test_the_folder_cannot_be_written(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with call_floor(short_asterisk, tmp_path) as floor:
        with small_disk(short_asterisk.settings.recordings_dir, 1000, "ro"):
            assert "无法写入" in (await disk_alerts(floor))[0]
            call_id = await talk(floor)
            await register(floor, later=60).enter_call(call_id)
            assert await entered(floor, call_id) == []
            assert "市民的录音没有留下" in await losses(floor, call_id)


async def test_the_exchange_is_killed_in_mid_call(
    own_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    said = spoken_ulaw(SPEECH)
    async with call_floor(own_asterisk, tmp_path) as floor:
        async with (
            floor.agent("王芳", "1901") as (_, phone),
            await Voice.open() as voice,
            calling(own_asterisk, media_port=voice.port) as citizen,
        ):
            phone.answer(await phone.rung(within=20))
            call_id = (await floor.happened(CallAnswered)).call_id
            voice.say(said)
            phone.voice.say(said)
            await voice.has_spoken()
            assert await phone.voice.hears(1)
            assert own_asterisk.process.pid is not None
            os.kill(own_asterisk.process.pid, signal.SIGKILL)
            await floor.until(lambda: not floor.calls.floor().exchange_online)
            citizen.vanish()
            await own_asterisk.process.ensure_running()
            await floor.happened(CallEnded)
        assert await register(floor, later=60).look() == 2
        assert await register(floor, later=60).look() == 0
        for row in await entered(floor, call_id):
            path = floor.recording(row.path)
            assert checksum(path) == row.sha256
            with wave.open(str(path)) as sound:
                heard = sound.readframes(sound.getnframes())
            # What Asterisk had not yet written when it died is less than a second.
            kept = as_pcm(said)[: len(as_pcm(said)) - 16000]
            assert share_heard(kept, heard) > NEARLY_ALL
