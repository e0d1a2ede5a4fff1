"""What the telephone says: texts of ``config/prompts.yaml`` made into sound, and music on hold.

Each sound is made once and keeps a name with a hash of what it was made from: a changed text gets
a new file, so that neither Asterisk nor a running call ever hears a half-written one. Texts with
values in them are made when they are needed (see :mod:`telephony.asterisk.spoken`); the pieces to
put them together from, should the voice fail then, are made with the others.
"""

from __future__ import annotations

import asyncio
import hashlib
import string
import wave
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError, field_validator

from config.rules import SHIPPED, read_yaml, rule_file
from config.settings import Settings
from models.errors import ConfigurationError
from models.ids import new_id
from telephony.asterisk import tones
from telephony.asterisk.spoken import SpokenTexts, Value, pieces
from telephony.asterisk.voice import Voice, convert

#: Two programs at work at a time are enough for a two-core machine.
_PARALLEL = 2

#: Part of the file names of calculated sounds: raise it when ``tones.py`` changes.
_CALCULATED_VERSION = 1

_Name = Annotated[str, Field(pattern="^[a-z_0-9]+$")]


class PromptBook(BaseModel):
    """The content of ``prompts.yaml``."""

    voice: list[str]
    prompts: dict[_Name, str]
    #: Texts with values in braces.
    with_values: dict[_Name, str] = {}

    @field_validator("with_values")
    @classmethod
    def _readable(cls, texts: dict[str, str]) -> dict[str, str]:
        for name, text in texts.items():
            try:
                list(string.Formatter().parse(text))
            except ValueError as error:
                raise ValueError(f"{name}：{error}") from error
        return texts


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Sounds ready to be played, and texts that become sound when they are needed."""

    #: Name → file without its ending, as Asterisk wants it.
    paths: Mapping[str, Path]
    #: Name → the words, for the console and for tests.
    texts: Mapping[str, str]
    music_dir: Path
    #: Texts with values.
    on_demand: SpokenTexts | None = field(default=None, compare=False)

    def path(self, name: str) -> Path:
        """The sound file, without its ending.

        :raises ConfigurationError: when no such prompt is written in ``prompts.yaml``.
        """
        try:
            return self.paths[name]
        except KeyError:
            raise ConfigurationError(f"prompts.yaml 中缺少提示音 {name}。") from None

    def uri(self, name: str) -> str:
        """What ARI's ``play`` takes as media."""
        return f"sound:{self.path(name)}"

    def seconds(self, name: str) -> float:
        """How long the sound lasts."""
        with wave.open(f"{self.path(name)}.wav", "rb") as sound:
            return sound.getnframes() / sound.getframerate()

    async def say(self, name: str, **values: Value) -> str:
        """Media of a text with values (``with_values`` of ``prompts.yaml``): numbers are said as
        numbers, words as they are. Never silence, whatever becomes of the voice.
        """
        assert self.on_demand is not None
        return await self.on_demand.say(name, **values)

    async def spoken(self, text: str, otherwise: str = "") -> str:
        """Media of any words; ``otherwise`` (media) when they cannot be spoken, or else a neutral
        prompt.
        """
        assert self.on_demand is not None
        return await self.on_demand.spoken(text, otherwise)


def load_prompt_book(settings: Settings) -> PromptBook:
    """The shipped ``prompts.yaml``, with what the city's own says instead.

    :raises ConfigurationError: naming the file and what is wrong in it.
    """
    shipped = read_yaml(SHIPPED / "prompts.yaml")
    path = rule_file("prompts.yaml", settings.rules)
    own = read_yaml(path)
    try:
        merged = {**shipped, **own}
        for key in ("prompts", "with_values"):
            merged[key] = {**shipped[key], **own.get(key, {})}
        return PromptBook.model_validate(merged)
    except (ValidationError, TypeError) as error:
        raise ConfigurationError(f"提示音文件 {path} 有误：{error}") from error


async def make_prompts(settings: Settings) -> Prompts:
    """Make the sounds that are missing, and say where all of them are.

    :raises ConfigurationError: when a sound cannot be made, with the program's own words.
    """
    return await asyncio.to_thread(_make_all, settings)


def _make_all(settings: Settings) -> Prompts:
    book = load_prompt_book(settings)
    folder = settings.sounds_dir.resolve()
    music = folder / "moh"
    music.mkdir(parents=True, exist_ok=True)
    words = book.prompts | pieces(book.with_values)
    voice = Voice(command=book.voice)
    recorded = {name: path for name in words if (path := _recording(name, settings.rules))}

    def made(name: str) -> Path:
        return _make(name, words[name], voice, recorded.get(name), folder)

    with ThreadPoolExecutor(_PARALLEL) as pool:
        paths = dict(zip(words, pool.map(made, words), strict=True))
    paths["beep"] = _calculated(folder / f"beep-{_CALCULATED_VERSION}", tones.beep)
    _calculated(music / f"calm-{_CALCULATED_VERSION}", tones.music)
    spoken = SpokenTexts(voice, folder / "spoken", book.with_values, paths, frozenset(recorded))
    return Prompts(paths=paths, texts=book.prompts, music_dir=music, on_demand=spoken)


def _recording(name: str, rules: Path | None) -> Path | None:
    """The city's own recording, when there is one."""
    path = rules / "sounds" / f"{name}.wav" if rules else None
    return path if path and path.exists() else None


def _make(name: str, text: str, voice: Voice, recording: Path | None, folder: Path) -> Path:
    """One sound: the recording, else the spoken text."""
    made_from = "\0".join([*voice.command, text]).encode()
    if recording:
        made_from = recording.read_bytes()
    path = folder / f"{name}-{hashlib.sha256(made_from).hexdigest()[:12]}"
    if not _file(path).exists():
        if recording:
            convert(name, recording, _file(path))
        else:
            voice.speak(name, text, _file(path))
    return path


def _calculated(path: Path, make: Callable[[], tones.Samples]) -> Path:
    if not _file(path).exists():
        draft = path.with_name(f".{path.name}-{new_id()}.wav")
        tones.write_wave(draft, make())
        draft.replace(_file(path))
    return path


def _file(path: Path) -> Path:
    return path.with_name(f"{path.name}.wav")
