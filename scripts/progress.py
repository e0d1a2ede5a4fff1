"""What the installer says while it works, and what it remembers between runs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOGS = PROJECT / "var" / "log" / "install"
STAMPS = PROJECT / "var" / ".installed"

#: A step that says nothing for longer than this tells what it is doing.
_HEARTBEAT_SECONDS = 15


class InstallError(Exception):
    """A step cannot go on. The message says what the user can do."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step and say at its end how long it took."""
    print(f"▸ {title}", flush=True)
    start = time.monotonic()
    yield
    say(f"完成，{time.monotonic() - start:.0f} 秒")


def say(text: str) -> None:
    """One line about the step at work."""
    print(f"  {text}", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    log: str,
    cwd: Path = PROJECT,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a program; its output goes to a log file, and its last lines to the user if it fails."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("wb") as output:
        program = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=os.environ | {"NO_COLOR": "1"} | dict(environment or {}),
        )
        try:
            _wait(program, path)
        except BaseException:
            program.terminate()
            program.wait()
            raise
    if program.returncode:
        shown = "\n".join(f"    {line}" for line in _tail(path, 20))
        raise InstallError(f"命令失败：{' '.join(map(str, command))}\n{shown}\n  完整输出：{path}")


def _wait(program: subprocess.Popen[bytes], log: Path) -> None:
    start = time.monotonic()
    while True:
        try:
            program.wait(_HEARTBEAT_SECONDS)
            return
        except subprocess.TimeoutExpired:
            last = next(iter(_tail(log, 1)), "")[:70]
            say(f"… {time.monotonic() - start:.0f} 秒　{last}".rstrip())


def _tail(log: Path, lines: int) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-lines:]


def fingerprint(files: Iterable[Path], *texts: str) -> str:
    """A hash of the files' names and contents, and of the texts."""
    digest = hashlib.sha256("\0".join(texts).encode())
    for file in sorted(files):
        digest.update(f"\0{file.relative_to(PROJECT)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_current(name: str, value: str) -> bool:
    """Whether the step ``name`` was completed with exactly these inputs."""
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == value


def mark_current(name: str, value: str) -> None:
    """Remember that the step is complete. Written last, so an interrupted step is done again."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(value)
