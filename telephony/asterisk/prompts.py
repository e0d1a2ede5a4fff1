"""What the telephone says: texts of ``config/prompts.yaml`` made into sound, and music on hold.

Each sound is made once and keeps a name with a hash of what it was made from: a changed text gets
a new file, so that neither Asterisk nor a running call ever hears a half-written one.
"""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import wave
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from config.rules import read_yaml, rule_file
from config.settings import Settings
from models.errors import ConfigurationError
from models.ids import new_id
from telephony.asterisk import tones

#: Two programs at work at a time are enough for a two-core machine.
_PARALLEL = 2

#: Part of the file names of calculated sounds: raise it when ``tones.py`` changes.
_CALCULATED_VERSION = 1


class PromptBook(BaseModel):
    """The content of ``prompts.yaml``."""

    voice: list[str]
    prompts: dict[Annotated[str, Field(pattern="^[a-z_]+$")], str]


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Sounds ready to be played."""

    #: Name → file without its ending, as Asterisk wants it.
    paths: Mapping[str, Path]
    #: Name → the words, for the console and for tests.
    texts: Mapping[str, str]
    music_dir: Path

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


def load_prompt_book(settings: Settings) -> PromptBook:
    """The city's ``prompts.yaml``, or the shipped one.

    :raises ConfigurationError: naming the file and what is wrong in it.
    """
    path = rule_file("prompts.yaml", settings.rules)
    try:
        return PromptBook.model_validate(read_yaml(path))
    except ValidationError as error:
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

    def made(name: str) -> Path:
        return _make(name, book, settings.rules, folder)

    with ThreadPoolExecutor(_PARALLEL) as pool:
        paths = dict(zip(book.prompts, pool.map(made, book.prompts), strict=True))
    paths["beep"] = _calculated(folder / f"beep-{_CALCULATED_VERSION}", tones.beep)
    _calculated(music / f"calm-{_CALCULATED_VERSION}", tones.music)
    return Prompts(paths=paths, texts=book.prompts, music_dir=music)


def _make(name: str, book: PromptBook, rules: Path | None, folder: Path) -> Path:
    """One sound: the city's own recording when there is one, else the spoken text."""
    recording = rules / "sounds" / f"{name}.wav" if rules else None
    if recording and recording.exists():
        made_from = recording.read_bytes()
    else:
        recording, made_from = None, "\0".join([*book.voice, book.prompts[name]]).encode()
    path = folder / f"{name}-{hashlib.sha256(made_from).hexdigest()[:12]}"
    if not _file(path).exists():
        with TemporaryDirectory(dir=folder) as workshop:
            source = recording or _spoken(name, book, Path(workshop))
            _convert(name, source, Path(workshop), _file(path))
    return path


def _spoken(name: str, book: PromptBook, workshop: Path) -> Path:
    """Let the voice program speak the text. It gets a short name: espeak-ng cuts long ones off."""
    command = [part.replace("{file}", "spoken.wav") for part in book.voice]
    _run(name, command, workshop, book.prompts[name])
    return workshop / "spoken.wav"


def _convert(name: str, source: Path, workshop: Path, target: Path) -> None:
    """To 8 kHz mono 16 bit, at telephone loudness, put in its place in one step."""
    form = ["-r", str(tones.SAMPLE_RATE), "-c", "1", "-b", "16"]
    _run(name, ["sox", str(source.resolve()), *form, "ready.wav", "norm", "-6"], workshop)
    (workshop / "ready.wav").replace(target)


def _run(name: str, command: list[str], workshop: Path, text: str = "") -> None:
    try:
        done = subprocess.run(
            command, cwd=workshop, input=text.encode(), stdout=PIPE, stderr=STDOUT, check=False
        )
    except OSError as error:
        raise ConfigurationError(
            f"制作提示音 {name} 需要的程序 {command[0]} 无法运行：{error}。请运行 make install。"
        ) from error
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()
        raise ConfigurationError(f"提示音 {name} 制作失败：{said}")


def _calculated(path: Path, make: Callable[[], tones.Samples]) -> Path:
    if not _file(path).exists():
        draft = path.with_name(f".{path.name}-{new_id()}.wav")
        tones.write_wave(draft, make())
        draft.replace(_file(path))
    return path


def _file(path: Path) -> Path:
    return path.with_name(f"{path.name}.wav")
