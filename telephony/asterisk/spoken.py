"""Texts with values in them, made into sound when they are needed: “您前面还有三位”.

A text is made once and kept by a hash of its words and voice; the folder is bounded. Should the
voice fail, what was made at the start is put together: the pieces of the text and the numerals, or
else one neutral prompt. Nobody waits for it: programs run in threads, and a caller never hears
silence.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import string
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from models.errors import ConfigurationError
from telephony.asterisk.numerals import SIGNS, in_words
from telephony.asterisk.voice import Voice

log = structlog.get_logger(__name__)

#: The prompt that is played when nothing else can be.
NEUTRAL = "please_wait"
#: Sounds kept. Each is some 100 kB; what was used last is kept longest.
KEPT_SOUNDS = 500
#: A sound may be playing for so long after it was asked for.
_IN_USE_SECONDS = 600.0
#: Programs at work at a time.
_PARALLEL = 2
#: Longest wait for a new sound before what is at hand is played.
WAIT_SECONDS = 4.0
#: After a failure the voice is left alone for so long.
REST_SECONDS = 30.0
_LONGEST_TEXT = 600

#: What fills a text: numbers are said as numbers, words as they are.
Value = int | str


class SpokenTexts:
    """Makes sounds on demand. One per process."""

    def __init__(
        self,
        voice: Voice,
        folder: Path,
        templates: Mapping[str, str],
        paths: Mapping[str, Path],
        recorded: frozenset[str] = frozenset(),
        kept: int = KEPT_SOUNDS,
    ) -> None:
        """``paths``: the sounds made at the start; ``recorded``: those of them that are the
        city's own recordings. A text whose pieces are all recorded is never spoken by the voice.
        """
        self._voice = voice
        self._folder = folder
        self._templates = templates
        self._paths = paths
        self._recorded = recorded
        self._kept = kept
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_PARALLEL)
        self._resting_until = 0.0

    def text(self, name: str, **values: Value) -> str:
        """The words of a text of ``prompts.yaml`` with its values.

        :raises ConfigurationError: when there is no such text, or a value is missing.
        """
        try:
            return self._templates[name].format(**_in_words(values))
        except KeyError as error:
            raise ConfigurationError(f"prompts.yaml 中缺少语句 {name} 或其内容 {error}。") from None

    async def say(self, name: str, **values: Value) -> str:
        """Media of a text of ``prompts.yaml`` with its values. See :meth:`spoken`."""
        joined = self._joined(name, values)
        if joined and self._recorded.issuperset(_pieces(name, self._templates[name])):
            return joined
        return await self.spoken(self.text(name, **values), joined)

    async def spoken(self, text: str, otherwise: str = "") -> str:
        """What ARI's ``play`` takes as media, for any words. Never raises because of the voice.

        :param otherwise: media that is played when the words cannot be spoken.
        """
        text = text[:_LONGEST_TEXT]
        made_from = "\0".join([*self._voice.command, text]).encode()
        path = self._folder / hashlib.sha256(made_from).hexdigest()[:24]
        if await self._is_made(path, text):
            return f"sound:{path}"
        return otherwise or f"sound:{self._paths[NEUTRAL]}"

    # --- made now or earlier --------------------------------------------------------------------

    async def _is_made(self, path: Path, text: str) -> bool:
        file = path.with_name(f"{path.name}.wav")
        try:
            os.utime(file)  # used now: it is kept longest
        except FileNotFoundError:
            return await self._make(file, text)
        except OSError:
            return file.exists()
        return True

    async def _make(self, file: Path, text: str) -> bool:
        if time.monotonic() < self._resting_until:
            return False
        task = self._making.get(file)
        if task is None:
            task = self._making[file] = asyncio.create_task(self._speak(file, text))
            task.add_done_callback(lambda _: self._making.pop(file, None))
        # Not cancelled with us, or when it takes too long: the next one may have it.
        await asyncio.wait({task}, timeout=WAIT_SECONDS)
        return task.done() and file.exists()

    async def _speak(self, file: Path, text: str) -> None:
        async with self._slots:
            try:
                await asyncio.to_thread(self._speak_now, file, text)
            except (ConfigurationError, OSError) as error:
                self._resting_until = time.monotonic() + REST_SECONDS
                log.error("voice.failed", error=str(error))

    def _speak_now(self, file: Path, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._voice.speak("spoken", text, file)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        files = sorted((file.stat().st_mtime, file) for file in self._folder.glob("*.wav"))
        for used, file in files[: max(0, len(files) - self._kept)]:
            if used < time.time() - _IN_USE_SECONDS:
                file.unlink(missing_ok=True)

    # --- put together from what is there --------------------------------------------------------

    def _joined(self, name: str, values: Mapping[str, Value]) -> str:
        """The pieces of the text and the numerals between them; empty when one is missing."""
        template, said = self._templates.get(name, ""), _in_words(values)
        names: list[str] = []
        for index, (literal, field, _, _) in enumerate(string.Formatter().parse(template)):
            names += [piece_name(name, index)] if _is_said(literal) else []
            names += [SIGNS.get(sign, "") for sign in said.get(field or "", "")]
        found = [self._paths.get(one) for one in names]
        return ",".join(f"sound:{path}" for path in found) if all(found) else ""


def piece_name(name: str, index: int) -> str:
    """Name of the sound of one piece of a text: ``queue_position_0`` …"""
    return f"{name}_{index}"


def pieces(templates: Mapping[str, str]) -> dict[str, str]:
    """Name → words of everything that texts with values can be put together from."""
    found = {name: sign for sign, name in SIGNS.items()}
    for name, template in templates.items():
        found |= _pieces(name, template)
    return found


def _pieces(name: str, template: str) -> dict[str, str]:
    parts = enumerate(string.Formatter().parse(template))
    return {piece_name(name, index): part[0] for index, part in parts if _is_said(part[0])}


def _is_said(literal: str) -> bool:
    """A full stop alone has no sound."""
    return any(sign.isalnum() for sign in literal)


def _in_words(values: Mapping[str, Value]) -> dict[str, str]:
    return {
        key: in_words(value) if isinstance(value, int) else value for key, value in values.items()
    }
