"""Recordings: where they lie, whether they are whole, and one file for each party.

Asterisk writes each voice on its own (``MixMonitor`` of the receive side, started by the dialplan),
so that a recording goes on when we do not. An agent's phone that came back in mid-call has written
several files; they are laid into one, silence between, when the call is over.
"""

from __future__ import annotations

import asyncio
import os
import wave
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

log = structlog.get_logger(__name__)

CALLER_FILE = "caller.wav"
AGENT_FILE = "agent.wav"
_AGENT_SEGMENTS = "agent-*.wav"
_SAMPLES_PER_SECOND = 8000
_BYTES_PER_SAMPLE = 2
#: Bytes of a WAV file without any sound.
_HEADER_BYTES = 44
#: Shorter than half a second is a click, not a message.
_SHORTEST_MESSAGE_BYTES = _HEADER_BYTES + 8000


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of one party's voice. ``start`` is when its first sound was recorded."""

    path: Path
    start: datetime
    seconds: float

    @property
    def end(self) -> datetime:
        """When it stopped."""
        return self.start + timedelta(seconds=self.seconds)


class Recordings:
    """The recordings folder. Paths given out are relative to it, as the database keeps them."""

    def __init__(self, folder: Path, timezone: str) -> None:
        self.folder = folder.resolve()
        self._zone = ZoneInfo(timezone)

    def path_for(self, call_id: str, started_at: datetime, file: str) -> Path:
        """Absolute path of a file of this call: ``YYYY/MM/DD/<call>/<file>``."""
        day = started_at.astimezone(self._zone).strftime("%Y/%m/%d")
        return self.folder / day / call_id / file

    def relative(self, path: str | Path) -> str:
        """As kept in the database; empty for a path that lies elsewhere."""
        if not str(path):
            return ""
        try:
            return str(Path(path).relative_to(self.folder))
        except ValueError:
            log.warning("recording.elsewhere", path=str(path))
            return ""

    def has_sound(self, relative: str) -> bool:
        """Whether the file is there and holds more than its header."""
        try:
            return bool(relative) and (self.folder / relative).stat().st_size > _HEADER_BYTES
        except OSError:
            return False

    def has_message(self, relative: str) -> bool:
        """Whether the file is there and holds a message, not just a click."""
        return bool(relative) and is_message(self.folder / relative)

    async def is_written(self, relative: str, within: float = 2.0) -> bool:
        """Whether the file is whole, giving Asterisk the time to close it after the hang-up."""
        if not relative:
            return False
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not _is_closed(self.folder / relative):
            if loop.time() > deadline:
                return self.has_sound(relative)
            await asyncio.sleep(0.05)
        return True

    def last_written(self, relative: str) -> datetime | None:
        """When sound was last written: the best witness of a call's end."""
        try:
            stamp = (self.folder / relative).stat().st_mtime if relative else None
        except OSError:
            return None
        return datetime.fromtimestamp(stamp, UTC) if stamp else None

    def join_agent(
        self, call_id: str, started_at: datetime, known: dict[str, datetime]
    ) -> tuple[str, datetime | None]:
        """One file of all that the agent said: its relative path and when it begins.

        ``known``: file name → when that file began, where we have seen it begin. Blocking.
        """
        folder = self.path_for(call_id, started_at, "")
        paths = sorted(folder.glob(_AGENT_SEGMENTS), key=_number)
        segments = [seg for path in paths if (seg := _segment(path, known.get(path.name)))]
        if not segments:
            return "", None
        if len(segments) == 1:
            return self.relative(segments[0].path), segments[0].start
        target = folder / AGENT_FILE
        _lay_out(segments, target)
        return self.relative(target), segments[0].start


def is_message(path: Path) -> bool:
    """Whether a file is there and long enough to say something."""
    try:
        return path.stat().st_size >= _SHORTEST_MESSAGE_BYTES
    except OSError:
        return False


def _is_closed(path: Path) -> bool:
    """Asterisk writes the length of the sound into the header when it closes the file."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return False
    return size > _HEADER_BYTES == len(header) and (
        int.from_bytes(header[40:44], "little") == size - _HEADER_BYTES
    )


def _number(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _segment(path: Path, start: datetime | None) -> Segment | None:
    """None for a file without sound (a ring that nobody answered leaves none, or an empty one)."""
    try:
        seconds = max(0, path.stat().st_size - _HEADER_BYTES) / (
            _SAMPLES_PER_SECOND * _BYTES_PER_SAMPLE
        )
        end = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
    if seconds == 0:
        return None
    return Segment(path=path, start=start or end - timedelta(seconds=seconds), seconds=seconds)


def _lay_out(segments: list[Segment], target: Path) -> None:
    first = segments[0].start
    draft = target.with_suffix(".part")
    with wave.open(str(draft), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(_BYTES_PER_SAMPLE)
        out.setframerate(_SAMPLES_PER_SECOND)
        written = 0
        for segment in segments:
            place = round((segment.start - first).total_seconds() * _SAMPLES_PER_SECOND)
            silence = max(0, place - written)
            sound = segment.path.read_bytes()[_HEADER_BYTES:]
            out.writeframesraw(bytes(silence * _BYTES_PER_SAMPLE) + sound)
            written += silence + len(sound) // _BYTES_PER_SAMPLE
    draft.replace(target)
