"""While nobody takes calls the dialplan takes messages; afterwards they are contacts."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from sqlalchemy import select

from config.retention import load_retention
from config.rules import SHIPPED
from dispatch.floor.recordings import RecordingRegister
from models.clock import SystemClock
from models.events import CallOffered
from models.sound_files import seconds_of
from models.store import Store
from models.tables import Call, Callback, Contact, Recording
from models.vocabulary import CallbackReason, Channel, ContactOutcome
from telephony.recording import CALLER_FILE, Recordings, is_message
from telephony.voicemail import Voicemail
from tests.speech.sounds import silence, write_wav
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.sound import spoken_ulaw
from tests.telephony.clean import clean
from tests.telephony.floor import CallFloor, call_floor, until
from tests.telephony.line import owed_calls
from tests.telephony.sounds import hears
from tests.telephony.test_recordings_kept import small_disk

MESSAGE = "我姓张，小区门口的路灯坏了三天，请尽快修理，我的电话是一三八零零一三八零零零。" * 2
MINE = "13912345678"


@pytest.mark.asterisk
@pytest.mark.timeout(120)
async def test_a_message_left_while_we_were_down_becomes_a_contact(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    said = spoken_ulaw(MESSAGE)
    folder = short_asterisk.settings.recordings_dir / "voicemail"
    before = set(sound_files(short_asterisk))
    async with calling(short_asterisk, number=MINE, said=said) as citizen:
        await citizen.reaches("answered")
        await until(lambda: any(path.stat().st_size > 40000 for path in folder.glob("*.wav")), 60)
        await citizen.hang_up()
    async with calling(short_asterisk, number="13900000000") as citizen:
        await citizen.reaches("answered")
        await citizen.hang_up()
    # A third one speaks into the greeting, and has gone before the beep.
    others = own_voices(short_asterisk)
    async with calling(short_asterisk, number="13911111111", said=said) as citizen:
        await citizen.reaches("answered")
        await until(lambda: any(map(is_message, own_voices(short_asterisk) - others)), 60)
        await citizen.hang_up()
    assert await short_asterisk.is_empty()
    for _ in range(2):  # and a second start changes nothing
        async with call_floor(short_asterisk, tmp_path) as floor:
            contacts, tasks = await kept(floor)
            calls, register = await recorded(floor)
    left, silent, early = contacts
    assert left.channel is silent.channel is early.channel is Channel.VOICEMAIL
    assert left.citizen_number == "13912345678"
    assert left.outcome is ContactOutcome.VOICEMAIL_LEFT
    assert floor.recording(left.recording).stat().st_size > 40000
    assert silent.citizen_number == "13900000000"
    assert silent.outcome is ContactOutcome.FAILED
    assert not list(folder.iterdir())
    # Who hung up before the beep is owed a call like who has left a message.
    assert {task.citizen_number: task.reason for task in tasks} == {
        "13912345678": CallbackReason.VOICEMAIL,
        "13900000000": CallbackReason.INTERRUPTED,
        "13911111111": CallbackReason.INTERRUPTED,
    }
    # The voice from the first second is the citizen's side of the call, and is read; of who has
    # said nothing no file stays. Every file is in the register, with the date until it is kept.
    voices = {one.citizen_number: one.citizen_recording for one in calls}
    assert voices["13900000000"] == ""
    assert {Path(voices[number]).name for number in (MINE, "13911111111")} == {CALLER_FILE}
    assert [one.transcript_incomplete for one in calls] == [True, False, True]
    assert register == {
        left.recording: None,
        voices[MINE]: calls[0].id,
        voices["13911111111"]: calls[2].id,
    }
    there = {floor.recording(path) for path in register}
    assert there == set(sound_files(short_asterisk)) - before
    whole, message = (seconds_of(floor.recording(path)) for path in (voices[MINE], left.recording))
    assert whole > message + 1, "also what was said before the beep"


def sound_files(asterisk: RunningAsterisk) -> list[Path]:
    """All that lies in the recordings folder."""
    return list(asterisk.settings.recordings_dir.rglob("*.wav"))


def own_voices(asterisk: RunningAsterisk) -> set[Path]:
    """The callers' own recordings."""
    return {path for path in sound_files(asterisk) if path.name == CALLER_FILE}


async def recorded(floor: CallFloor) -> tuple[list[Call], dict[str, str | None]]:
    """Calls in the order of their coming; and the register: the call of each file."""
    folder = floor.asterisk.settings.recordings_dir
    await RecordingRegister(floor.store, SystemClock(), folder, load_retention()).look()
    async with floor.store.read() as session:
        calls = list(await session.scalars(select(Call).order_by(Call.started_at)))
        rows = await session.execute(select(Recording.path, Recording.call_id))
        return calls, {path: call_id for path, call_id in rows}


async def kept(floor: CallFloor) -> tuple[list[Contact], list[Callback]]:
    """Contacts in the order of their coming, and the call-backs that are owed."""
    await owed_calls(floor.store, floor.bus, SHIPPED).look()
    async with floor.store.read() as session:
        contacts = list(await session.scalars(select(Contact).order_by(Contact.started_at)))
        return contacts, list(await session.scalars(select(Callback)))


@pytest.mark.asterisk
@pytest.mark.timeout(180)
async def test_we_are_down_and_the_disk_for_recordings_is_full(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """No message can be taken: the caller is told of a call-back, and the number is known. Who
    calls from one that may not be dialled is promised none, and is not forgotten either.
    """
    prompts, folder = short_asterisk.prompts, short_asterisk.settings.recordings_dir
    async with call_floor(short_asterisk, tmp_path) as floor:
        async with calling(short_asterisk, number="13912345670") as earlier:
            await floor.happened(CallOffered)
            await earlier.hang_up()
        await floor.ended()
    with small_disk(folder, 40):
        (folder / "voicemail").mkdir()
        with contextlib.suppress(OSError):
            (folder / "filling").write_bytes(bytes(1 << 20))
        async with (
            await Voice.open() as voice,
            calling(short_asterisk, number="13912345679", media_port=voice.port) as citizen,
        ):
            for name in ("restoring", "voicemail", "beep"):
                await hears(voice, prompts.uri(name))
            voice.say(spoken_ulaw(MESSAGE))
            await hears(voice, prompts.uri("all_busy"))
            await citizen.finished()
            assert citizen.ended_as == "hung up by the other side"
        async with (
            await Voice.open() as voice,
            calling(short_asterisk, number="4001234567", media_port=voice.port) as company,
        ):
            await hears(voice, prompts.uri("beep"), within=40)
            voice.say(spoken_ulaw(MESSAGE))
            await hears(voice, prompts.uri("all_busy_unknown"))
            await company.finished()
        await clean(short_asterisk)
    async with call_floor(short_asterisk, tmp_path) as floor:
        contacts, tasks = await kept(floor)
        assert {one.citizen_number: one.outcome for one in contacts} == {
            "13912345670": ContactOutcome.ABANDONED_GREETING,
            "13912345679": ContactOutcome.FAILED,
            "4001234567": ContactOutcome.FAILED,
        }
        assert len(contacts) == 3
        assert {task.citizen_number: task.reason for task in tasks} == {
            "13912345679": CallbackReason.INTERRUPTED,
            "4001234567": CallbackReason.INTERRUPTED,
        }


@pytest.mark.store
@pytest.mark.unit
async def test_notes_of_all_kinds(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    await store.migrate()
    recordings = Recordings(tmp_path / "recordings", "Asia/Shanghai")
    folder = recordings.folder / "voicemail"
    folder.mkdir(parents=True)
    (folder / "1.1.txt").write_text("1.1 1763800000 13800138000 12345 /x/caller.wav\n")
    (folder / "1.1.wav").write_bytes(bytes(20000))
    (folder / "1.2.txt").write_text("1.2 1763800000   \n")  # a caller without a number
    (folder / "1.3.txt").write_text("rubbish\n")
    (folder / "1.4.txt").write_text("1.4 1763800000 1 2 still-speaking\n")
    own = {name: recordings.folder / f"2025/11/22/{name}/caller.wav" for name in ("1.5", "1.6")}
    for number, (name, voice) in enumerate(own.items()):
        (folder / f"{name}.txt").write_text(f"{name} 1763800000 1390000000{number} 12345 {voice}\n")
        voice.parent.mkdir(parents=True)
        write_wav(voice, silence(0.5 * (1 - number)))
    voicemail = Voicemail(store, recordings)
    assert await voicemail.take_in({"1.4"}) == 4
    async with store.read() as session:
        contacts = {one.citizen_number: one for one in await session.scalars(select(Contact))}
        calls = {one.citizen_number: one for one in await session.scalars(select(Call))}
    # Whom we could not serve has not given up.
    assert {number: call.outcome for number, call in calls.items()} == {
        "13800138000": ContactOutcome.VOICEMAIL_LEFT,
        "": ContactOutcome.FAILED,
        "13900000000": ContactOutcome.FAILED,
        "13900000001": ContactOutcome.FAILED,
    }
    assert set(contacts) == set(calls)
    # The message stands in for the own voice that is not there; a file without sound goes.
    assert {number: call.citizen_recording for number, call in calls.items()} == {
        "13800138000": "2025/11/22/1.1/voicemail.wav",
        "": "",
        "13900000000": "2025/11/22/1.5/caller.wav",
        "13900000001": "",
    }
    assert calls["13900000000"].transcript_incomplete, "it is to be read, and wakes who reads"
    assert not own["1.6"].parent.exists()
    assert contacts["13800138000"].recording == "2025/11/22/1.1/voicemail.wav"
    assert contacts[""].recording == ""
    assert sorted(path.name for path in folder.iterdir()) == ["1.3.unreadable", "1.4.txt"]
    # Died after the contact was stored and before the files were removed: it is the same contact.
    (folder / "1.1.txt").write_text("1.1 1763800000 13800138000 12345 /x/caller.wav\n")
    (folder / "1.1.wav").write_bytes(bytes(20000))
    await voicemail.take_in({"1.4"})
    async with store.read() as session:
        assert len(list(await session.scalars(select(Contact)))) == 4
    await store.close()
