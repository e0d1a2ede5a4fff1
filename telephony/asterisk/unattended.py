"""Calls that came while the hotline was not there, as the dialplan has noted them.

For each the dialplan writes one line, ``voicemail/<id>.txt``, before it plays the announcement,
and what the caller then says to ``voicemail/<id>.wav``. The note goes away only when the call has
been taken over into the hotline's records, so a crash in between takes it over again: the id is
the same.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.settings import Settings

_FIELDS = 5


@dataclass(frozen=True, kw_only=True)
class UnattendedCall:
    """One call that nobody took."""

    #: Asterisk's id of the channel; the same call never gets another.
    channel_id: str
    started_at: datetime
    #: Empty when the network did not tell it.
    caller_number: str
    dialled: str
    #: What the caller's side sounded like from the first moment; may be missing or empty.
    recording: Path
    #: The message, when the caller left one.
    message: Path | None
    note: Path

    def taken_over(self) -> None:
        """Forget the note. The sounds stay."""
        self.note.unlink(missing_ok=True)


def unattended_calls(
    settings: Settings, still_calling: Container[str] = ()
) -> list[UnattendedCall]:
    """All calls not yet taken over, oldest first.

    :param still_calling: ids of the channels that Asterisk has now: they are still speaking.
    """
    folder = settings.recordings_dir / "voicemail"
    calls = [_read(note) for note in folder.glob("*.txt")]
    ended = [call for call in calls if call and call.channel_id not in still_calling]
    return sorted(ended, key=lambda call: (call.started_at, call.channel_id))


def _read(note: Path) -> UnattendedCall | None:
    """None for a note that is being written at this moment."""
    fields = note.read_text(encoding="utf-8").rstrip("\n").split(" ", _FIELDS - 1)
    if len(fields) < _FIELDS:
        return None
    channel_id, epoch, number, dialled, recording = fields
    message = note.with_suffix(".wav")
    return UnattendedCall(
        channel_id=channel_id,
        started_at=datetime.fromtimestamp(int(epoch), UTC),
        caller_number=number,
        dialled=dialled,
        recording=Path(recording),
        message=message if message.exists() else None,
        note=note,
    )
