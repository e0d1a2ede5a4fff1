"""Messages that callers left in the dialplan while we did not answer, taken in as calls.

For each such caller the dialplan writes ``voicemail/<id>.txt`` (``id epoch number dialled
recording``) before anything else, and ``voicemail/<id>.wav`` with the message, if one was left.
The recording is the caller's voice from the first second, as of every call: also what was said
before the beep, or into none.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from models.events import CallEnded
from models.store import Store
from models.tables import Call, Contact
from models.vocabulary import CallDirection, CallState, Channel, ContactOutcome
from telephony.recording import Recordings, is_message

log = structlog.get_logger(__name__)

FOLDER = "voicemail"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_FIELDS = 5


@dataclass(frozen=True, kw_only=True)
class Note:
    """What the dialplan wrote of one caller."""

    path: Path
    channel_id: str
    at: datetime
    number: str
    dialled: str
    #: File of the caller's own voice, from the first second of the call.
    recording: str = ""

    @classmethod
    def read(cls, path: Path, line: str) -> Note | None:
        """A line of the dialplan's. Number and dialled number may be empty, so the fields are split
        at single blanks. None for one that cannot be read.
        """
        fields = line.rstrip("\n").split(" ", _FIELDS - 1)
        if len(fields) < _FIELDS or not fields[1].isdigit():
            return None
        return cls(
            path=path,
            channel_id=fields[0],
            at=datetime.fromtimestamp(int(fields[1]), UTC),
            number=fields[2],
            dialled=fields[3],
            recording=fields[4],
        )

    @property
    def message(self) -> Path:
        """The caller's words, where any were left."""
        return self.path.with_suffix(".wav")

    @property
    def call_id(self) -> str:
        """Of call and contact. Always the same for the same caller: taking it in twice changes
        nothing.
        """
        value = int(self.at.timestamp() * 1000) << 80
        value |= int.from_bytes(hashlib.sha256(self.channel_id.encode()).digest()[:10], "big")
        return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


class Voicemail:
    """Takes the messages in."""

    def __init__(self, store: Store, recordings: Recordings) -> None:
        self._store = store
        self._recordings = recordings

    async def take_in(self, living_channels: Collection[str]) -> int:
        """Make ended calls, with their contacts, of all messages whose callers have hung up;
        returns how many. The end is told: whoever is owed a call gets it, and what was said is
        transcribed.
        """
        notes = await asyncio.to_thread(_read_notes, self._recordings.folder / FOLDER)
        over = [note for note in notes if note.channel_id not in living_channels]
        voices = await asyncio.gather(*map(self._own_voice, over))
        for note, voice in zip(over, voices, strict=True):
            await self._take(note, voice)
        return len(over)

    async def _own_voice(self, note: Note) -> str:
        """The caller's recording, below the recordings folder; empty when it holds no sound: then
        nothing is left of it.
        """
        recording = self._recordings.relative(note.recording)
        path = self._recordings.folder / recording
        if not recording or not path.is_file():
            return ""
        if await self._recordings.is_written(recording):
            return recording
        await asyncio.to_thread(_remove, path)
        return ""

    async def _take(self, note: Note, voice: str) -> None:
        left = is_message(note.message)
        target = self._recordings.path_for(note.channel_id, note.at, "voicemail.wav")
        contact = Contact(
            id=note.call_id,
            channel=Channel.VOICEMAIL,
            citizen_number=note.number[:32],
            access_number=note.dialled[:32],
            started_at=note.at,
            ended_at=_written(note.message) or note.at,
            # Without a message it was we who could not serve: the caller has not given up.
            outcome=ContactOutcome.VOICEMAIL_LEFT if left else ContactOutcome.FAILED,
            reason="系统恢复期间来电，" + ("已留言" if left else "未留言挂断"),
            recording=self._recordings.relative(target) if left else "",
        )
        if left:
            await asyncio.to_thread(_copy, note.message, target)
        await keep_unserved(self._store, contact, channel_id=note.channel_id, recording=voice)
        # Only now: should we die before this line, the same contact is written once more.
        for path in (note.message, note.path):
            path.unlink(missing_ok=True)
        log.info("voicemail.taken_in", contact_id=contact.id, left=left)


async def keep_unserved(
    store: Store, contact: Contact, *, channel_id: str = "", recording: str = ""
) -> bool:
    """Write a call that nobody could take, once; whether it was not there yet."""
    async with store.transaction() as work:
        if await work.session.get(Call, contact.id) is not None:
            return False
        call = _call(contact, channel_id, recording)
        work.session.add(contact)
        await work.session.flush()
        work.session.add(call)
        work.record(_end(call))
    return True


def _call(contact: Contact, channel_id: str, recording: str) -> Call:
    """It was cut off by us, not by the caller. What was said is to be transcribed."""
    left = contact.outcome is ContactOutcome.VOICEMAIL_LEFT
    recording = recording or contact.recording
    return Call(
        id=contact.id,
        contact_id=contact.id,
        direction=CallDirection.INBOUND,
        state=CallState.ENDED,
        citizen_number=contact.citizen_number,
        access_number=contact.access_number,
        started_at=contact.started_at,
        ended_at=contact.ended_at,
        outcome=contact.outcome,
        reason=contact.reason,
        citizen_channel=channel_id,
        citizen_recording=recording,
        interrupted=not left,
        transcript_incomplete=bool(recording),
        priority_reasons=[],
    )


def _end(call: Call) -> CallEnded:
    return CallEnded(
        call_id=call.id,
        contact_id=call.contact_id,
        caller_number=call.citizen_number,
        outcome=call.outcome,
        reason=call.reason,
        transcript_incomplete=call.transcript_incomplete,
    )


def _read_notes(folder: Path) -> list[Note]:
    notes = []
    for path in sorted(folder.glob("*.txt")):
        note = _read_note(path)
        if note is None:
            log.error("voicemail.unreadable", path=str(path))
            path.rename(path.with_suffix(".unreadable"))
        else:
            notes.append(note)
    return notes


def _read_note(path: Path) -> Note | None:
    return Note.read(path, path.read_text(encoding="utf-8", errors="replace"))


def _written(path: Path) -> datetime | None:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the message lies there
        path.parent.rmdir()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    draft.write_bytes(source.read_bytes())
    draft.replace(target)
