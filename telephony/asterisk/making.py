"""Sounds made at the start. One that cannot be made never stops the hotline, and nobody hears
silence: a recording that cannot be read is spoken instead, and what cannot be spoken is tried again
while a sound that came with the program is played in its place.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping, MutableMapping
from importlib.resources import files
from pathlib import Path

import structlog

from models.errors import ConfigurationError
from models.ids import new_id
from telephony.asterisk.voice import Voice, convert

log = structlog.get_logger(__name__)

#: After so many failures the voice is not asked again at this start: it may hang each time.
_FAILURES = 2
#: Between attempts to make a missing sound while the hotline runs.
RETRY_SECONDS = 30.0


class PromptMaker:
    """Makes sounds in threads. ``recorded``: the city's own recordings by name."""

    def __init__(self, voice: Voice, recorded: Mapping[str, Path], folder: Path) -> None:
        self._voice = voice
        self._recorded = recorded
        self._folder = folder
        self._failures = 0
        self._missing: dict[str, str] = {}
        self._tried_at = time.monotonic()
        self._lock = threading.Lock()

    @property
    def missing(self) -> frozenset[str]:
        """Names of what could not be made yet."""
        return frozenset(self._missing)

    def make(self, name: str, text: str) -> Path:
        """The sound, without its ending: the recording, else the spoken text, else a neutral one
        that came with the program.
        """
        return (
            self._from_recording(name) or self._spoken(name, text) or self._in_its_place(name, text)
        )

    def retry(self, name: str, paths: MutableMapping[str, Path]) -> None:
        """Try a missing one again, beside everything else; it counts from the next time on."""
        with self._lock:
            due = name in self._missing and time.monotonic() - self._tried_at >= RETRY_SECONDS
            if due:
                self._tried_at = time.monotonic()
        if due:
            work = threading.Thread(target=self._try_again, args=(paths,), daemon=True)
            work.start()

    # --- inside ---------------------------------------------------------------------------------

    def _try_again(self, paths: MutableMapping[str, Path]) -> None:
        self._failures = 0
        for name, text in list(self._missing.items()):
            path = self._spoken(name, text)
            if path is None:
                return
            paths[name] = path
            self._missing.pop(name, None)
            log.info("prompt.made_later", prompt=name)

    def _from_recording(self, name: str) -> Path | None:
        recording = self._recorded.get(name)
        if recording is None:
            return None
        try:
            path = self._path(name, recording.read_bytes())
            if not _file(path).exists():
                convert(name, recording, _file(path))
        except (ConfigurationError, OSError) as error:
            log.error("prompt.recording_unreadable", prompt=name, error=str(error))
            return None
        return path

    def _spoken(self, name: str, text: str) -> Path | None:
        path = self._path(name, "\0".join([*self._voice.command, text]).encode())
        if _file(path).exists():
            return path
        if self._failures >= _FAILURES:
            return None
        try:
            self._voice.speak(name, text, _file(path))
        except (ConfigurationError, OSError) as error:
            self._failures += 1
            log.error("prompt.not_made", prompt=name, error=str(error))
            return None
        return path

    def _in_its_place(self, name: str, text: str) -> Path:
        self._missing[name] = text
        return neutral_sound(self._folder)

    def _path(self, name: str, made_from: bytes) -> Path:
        return self._folder / f"{name}-{hashlib.sha256(made_from).hexdigest()[:12]}"


def neutral_sound(folder: Path) -> Path:
    """“请您稍候。” as it came with the program, put where Asterisk can read it."""
    shipped = (files("telephony.asterisk") / "sounds" / "please_wait.wav").read_bytes()
    path = folder / f"shipped-{hashlib.sha256(shipped).hexdigest()[:12]}"
    if not _file(path).exists():
        draft = path.with_name(f".{path.name}-{new_id()}.wav")
        draft.write_bytes(shipped)
        draft.replace(_file(path))
    return path


def _file(path: Path) -> Path:
    return path.with_name(f"{path.name}.wav")
