"""The voice program, and making its sound fit for the telephone. Everything here blocks."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory

from models.errors import ConfigurationError
from telephony.asterisk import tones

#: No program may keep a thread for longer.
_LONGEST_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A command that reads a text on standard input and writes a WAV file to ``{file}``."""

    command: Sequence[str]

    def speak(self, name: str, text: str, target: Path) -> None:
        """Put the spoken text in its place, in one step.

        :raises ConfigurationError: when it cannot be made, with the program's own words.
        """
        with TemporaryDirectory(dir=target.parent) as workshop:
            # A short name: espeak-ng cuts long ones off.
            command = [part.replace("{file}", "spoken.wav") for part in self.command]
            _run(name, command, Path(workshop), text)
            _convert(name, Path(workshop) / "spoken.wav", Path(workshop), target)


def convert(name: str, source: Path, target: Path) -> None:
    """A recording of any form to 8 kHz mono 16 bit, at telephone loudness.

    :raises ConfigurationError: when it cannot be read.
    """
    with TemporaryDirectory(dir=target.parent) as workshop:
        _convert(name, source.resolve(), Path(workshop), target)


def _convert(name: str, source: Path, workshop: Path, target: Path) -> None:
    form = ["-r", str(tones.SAMPLE_RATE), "-c", "1", "-b", "16"]
    _run(name, ["sox", str(source), *form, "ready.wav", "norm", "-6"], workshop)
    (workshop / "ready.wav").replace(target)


def _run(name: str, command: list[str], workshop: Path, text: str = "") -> None:
    try:
        done = subprocess.run(
            command,
            cwd=workshop,
            input=text.encode(),
            stdout=PIPE,
            stderr=STDOUT,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    except OSError as error:
        raise ConfigurationError(
            f"制作提示音 {name} 需要的程序 {command[0]} 无法运行：{error}。请运行 make install。"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"提示音 {name} 制作失败：程序 {command[0]} {_LONGEST_SECONDS:.0f} 秒没有完成"
        ) from error
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()
        raise ConfigurationError(f"提示音 {name} 制作失败：{said}")
