"""What the telephone says: texts of ``config/prompts.yaml`` made into sound, and music on hold.

Each sound is made once and keeps a name with a hash of what it was made from: a changed text gets
a new file, so that neither Asterisk nor a running call ever hears a half-written one. Texts with
values in them are made when they are needed (see :mod:`telephony.asterisk.spoken`); the pieces to
put them together from, should the voice fail then, are made with the others.
"""

from __future__ import annotations

import asyncio
import string
import wave
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import BaseModel, Field, ValidationError, field_validator

from config.rules import SHIPPED, read_yaml, rule_file
from config.settings import Settings
from models.errors import ConfigurationError
from models.ids import new_id
from telephony.asterisk import tones
from telephony.asterisk.making import PromptMaker, neutral_sound
from telephony.asterisk.spoken import NEUTRAL, SpokenTexts, Value, pieces
from telephony.asterisk.voice import Voice

log = structlog.get_logger(__name__)

#: Two programs at work at a time are enough for a two-core machine.
_PARALLEL = 2

#: Part of the file names of calculated sounds: raise it when ``tones.py`` changes.
_CALCULATED_VERSION = 1

#: Taken as the length of a sound that cannot be read.
_UNKNOWN_SECONDS = 5.0

#: What follows a prompt when nobody goes on: so often half a minute of music, then this.
_ROUNDS_OF_MUSIC = 3
_FOREVER = "tone:ring"

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
    paths: dict[str, Path]
    #: Name → the words, for the console and for tests.
    texts: Mapping[str, str]
    music_dir: Path
    #: The music, without its ending; None where there is none to be played as a sound.
    music: Path | None = None
    #: Texts with values.
    on_demand: SpokenTexts | None = field(default=None, compare=False)
    #: Tries again what could not be made.
    maker: PromptMaker | None = field(default=None, compare=False)

    def path(self, name: str) -> Path:
        """The sound file, without its ending; a neutral one for a prompt that nobody has written,
        or that could not be made yet: never silence, and never a call lost for it.
        """
        if name not in self.paths:
            log.error("prompt.not_written", prompt=name)
            return self.paths[NEUTRAL]
        if self.maker is not None:
            self.maker.retry(name, self.paths)
        return self.paths[name]

    def knows(self, name: str) -> bool:
        """Whether such a prompt is written in ``prompts.yaml``."""
        return name in self.paths

    def uri(self, name: str) -> str:
        """What ARI's ``play`` takes as media."""
        return f"sound:{self.path(name)}"

    def seconds(self, name: str) -> float:
        """How long the sound lasts."""
        return _seconds(_file(self.path(name)))

    def media_seconds(self, media: str) -> float:
        """How long sounds given as ``play`` takes them last: ``sound:a,sound:b``."""
        return sum(_seconds(Path(f"{one.removeprefix('sound:')}.wav")) for one in media.split(","))

    @property
    def meanwhile(self) -> str:
        """Media to follow whatever is played: heard only while nobody goes on with the call.

        The exchange plays it by itself, so that nobody hears silence when our process dies during
        a prompt: music, a word every half minute, and in the end a ringing tone that never stops.
        """
        if self.music is None:
            return _FOREVER
        round_of_music = [f"sound:{self.music}", self.uri(NEUTRAL)]
        return ",".join([*round_of_music * _ROUNDS_OF_MUSIC, _FOREVER])

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

    What cannot be made is logged and replaced (see :mod:`telephony.asterisk.making`).

    :raises ConfigurationError: when ``prompts.yaml`` cannot be read.
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

    maker = PromptMaker(voice, recorded, folder)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        paths = dict(zip(words, pool.map(maker.make, words, words.values()), strict=True))
    paths["beep"] = _calculated(folder / f"beep-{_CALCULATED_VERSION}", tones.beep)
    calm = _calculated(music / f"calm-{_CALCULATED_VERSION}", tones.music)
    ready = {name: path for name, path in paths.items() if name not in maker.missing}
    ready.setdefault(NEUTRAL, neutral_sound(folder))
    texts = SpokenTexts(
        voice, folder / "spoken", book.with_values, ready, frozenset(recorded) & ready.keys()
    )
    return Prompts(
        paths=paths,
        texts=book.prompts,
        music_dir=music,
        music=calm,
        on_demand=texts,
        maker=maker,
    )


def _recording(name: str, rules: Path | None) -> Path | None:
    """The city's own recording, when there is one."""
    path = rules / "sounds" / f"{name}.wav" if rules else None
    return path if path and path.exists() else None


def _calculated(path: Path, make: Callable[[], tones.Samples]) -> Path:
    if not _file(path).exists():
        draft = path.with_name(f".{path.name}-{new_id()}.wav")
        tones.write_wave(draft, make())
        draft.replace(_file(path))
    return path


def _seconds(file: Path) -> float:
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        log.error("prompt.unreadable", file=str(file), error=str(error))
        return _UNKNOWN_SECONDS


def _file(path: Path) -> Path:
    return path.with_name(f"{path.name}.wav")
