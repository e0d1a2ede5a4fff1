"""Callers of whom nothing is written down: a process died before it had stored them.

The dialplan notes every caller who has gone in a file a day (``YYYY-MM-DD.txt``; a line each: when
it was, and what :mod:`telephony.voicemail` reads too). Whoever is in it and not in the database
rang while we were going down, or while the database was away and we died before it came back: a
call is made of it, whose end is told, so that the caller is owed a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import func, select

from config.settings import Settings
from models.store import Store
from models.tables import Call, Contact
from models.vocabulary import Channel, ContactOutcome
from telephony.asterisk.config_files import journal_dir
from telephony.recording import Recordings
from telephony.voicemail import Note, keep_unserved

log = structlog.get_logger(__name__)

_REASON = "系统中断期间来电，接通前已挂断"
#: So long a caller is looked for.
_WINDOW = timedelta(days=1)
_KEPT = timedelta(days=3)
#: Who has gone since we live may still be on the way to the database for so long.
_SETTLING = timedelta(seconds=15)
#: Channels asked for in one query.
_AT_ONCE = 500


class CallerJournal:
    """Looks through the journal after each connect, and now and then."""

    def __init__(
        self, settings: Settings, store: Store, recordings: Recordings, started_at: datetime
    ) -> None:
        self._folder = journal_dir(settings)
        #: Since when this process lives.
        self._started_at = started_at
        self._store = store
        self._recordings = recordings
        #: When the database's first call came.
        self._first: datetime | None = None
        #: How much of each day's file has been looked through.
        self._read: dict[Path, int] = {}

    async def take_in(self, now: datetime) -> int:
        """Make calls of the callers whom nobody has written down; returns how many."""
        self._first = self._first or await self._first_call()
        if self._first is None:
            return 0  # a new database knows nobody
        # The dialplan's times are whole seconds.
        since = max(self._first.replace(microsecond=0), now - _WINDOW)
        settled = max(self._started_at, now - _SETTLING)
        notes, read = await asyncio.to_thread(self._new_lines, settled)
        recent = [note for note in notes if note.at >= since]
        count = 0
        for note in await self._unknown(recent):
            count += await self._keep(note, now)
        self._read = read
        await asyncio.to_thread(self._prune, now)
        return count

    async def _first_call(self) -> datetime | None:
        """Before this database's first call others may have been served by another."""
        async with self._store.read() as session:
            return await session.scalar(select(func.min(Call.started_at)))

    async def _unknown(self, notes: Sequence[Note]) -> list[Note]:
        known: set[str] = set()
        async with self._store.read() as session:
            for start in range(0, len(notes), _AT_ONCE):
                ids = [note.channel_id for note in notes[start : start + _AT_ONCE]]
                query = select(Call.citizen_channel).where(Call.citizen_channel.in_(ids))
                known.update(await session.scalars(query))
        return [one for one in notes if one.channel_id not in known and not self._has_note(one)]

    def _has_note(self, note: Note) -> bool:
        """Whether the dialplan wrote more of this caller, which is taken in by itself."""
        return (self._recordings.folder / "voicemail" / f"{note.channel_id}.txt").exists()

    async def _keep(self, note: Note, now: datetime) -> bool:
        recording = self._recordings.relative(note.recording)
        recording = recording if self._recordings.has_sound(recording) else ""
        contact = Contact(
            id=note.call_id,
            channel=Channel.PHONE,
            citizen_number=note.number[:32],
            access_number=note.dialled[:32],
            started_at=note.at,
            ended_at=self._recordings.last_written(recording) or note.at,
            outcome=ContactOutcome.FAILED,
            reason=_REASON,
            recording="",
        )
        kept = await keep_unserved(
            self._store, contact, channel_id=note.channel_id, recording=recording
        )
        if kept:
            log.warning("call.found_in_journal", call_id=contact.id, at=note.at.isoformat())
        return kept

    # --- files ----------------------------------------------------------------------------------

    def _new_lines(self, settled: datetime) -> tuple[list[Note], dict[Path, int]]:
        """Who has gone since the last time, but before ``settled``; and how far that goes."""
        notes: list[Note] = []
        read: dict[Path, int] = {}
        for path in sorted(self._folder.glob("*.txt")):
            read[path] = self._read.get(path, 0)
            for line in path.read_bytes()[read[path] :].splitlines(keepends=True):
                gone, _, said = line.decode(errors="replace").partition(" ")
                if not said.endswith("\n") or (gone.isdigit() and int(gone) >= settled.timestamp()):
                    break
                read[path] += len(line)
                note = Note.read(path, said)
                notes += [note] if note is not None else []
        return notes, read

    def _prune(self, now: datetime) -> None:
        oldest = (now.astimezone(UTC) - _KEPT).strftime("%Y-%m-%d")
        for path in self._folder.glob("*.txt"):
            if path.stem < oldest:
                path.unlink(missing_ok=True)
