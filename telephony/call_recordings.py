"""The files of one call: where each voice is recorded, when it began, what is there at the end."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import structlog

from telephony.call import LiveCall
from telephony.names import kind_of
from telephony.recording import Recordings

log = structlog.get_logger(__name__)


class CallRecordings:
    """What is known of a call's recordings while it lives."""

    def __init__(self, recordings: Recordings, call: LiveCall) -> None:
        self._recordings = recordings
        self._call = call
        #: Agent's recordings by file name, and when each began.
        self._segments: dict[str, datetime] = {}

    def file_of(self, voice: str) -> Path:
        """The file of a voice, e.g. ``agent-1``."""
        call = self._call
        return self._recordings.path_for(call.id, call.started_at, f"{voice}.wav")

    def of_line(self, channel_id: str) -> Path:
        """The file of what is said on a line that we have rung."""
        return self.file_of(f"{kind_of(channel_id)}-{channel_id.rpartition('-')[2]}")

    def relative(self, path: str | Path) -> str:
        """As kept in the database."""
        return self._recordings.relative(path)

    def agent_began(self, path: str, now: datetime) -> None:
        """The dialplan has just begun to record what the agent says."""
        self._segments[Path(path).name] = now
        if self._call.agent_recording_at is None:
            self._call.agent_recording = self._recordings.relative(path)
            self._call.agent_recording_at = now

    def began(self, file: str) -> datetime | None:
        """When a recording of the agent's began, by its file name; None when not seen."""
        return self._segments.get(file)

    def take_up(self) -> None:
        """What an earlier process has written."""
        if self._call.agent_recording_at is not None:
            self._segments[Path(self._call.agent_recording).name] = self._call.agent_recording_at

    async def finish(self, others: list[str]) -> None:
        """One file for each party, and the truth about what is there.

        :param others: files of the other parties, below the recordings folder.
        """
        recordings, call = self._recordings, self._call
        folder = recordings.path_for(call.id, call.started_at, "")
        files = [recordings.relative(folder / name) for name in self._segments]
        await asyncio.gather(*(recordings.is_written(file) for file in [*files, *others]))
        try:
            call.agent_recording, call.agent_recording_at = await asyncio.to_thread(
                recordings.join_agent, call.id, call.started_at, dict(self._segments)
            )
        except OSError as error:
            log.error("recording.not_joined", call_id=call.id, error=str(error))
        if call.answered_at is not None:
            for path in (call.citizen_recording, call.agent_recording):
                if not await recordings.is_written(path):
                    log.warning("recording.no_sound", call_id=call.id, path=path)
