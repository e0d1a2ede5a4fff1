"""Recordings: one file for each party, and what really is in it."""

from __future__ import annotations

import os
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telephony.recording import Recordings

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)  # the 23rd in China


def write(path: Path, samples: int, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(value.to_bytes(2, "little") * samples)


def sound(path: Path) -> list[int]:
    with wave.open(str(path), "rb") as file:
        data = file.readframes(file.getnframes())
    return [int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)]


def test_the_day_is_that_of_the_city(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, "Asia/Shanghai")
    path = recordings.path_for("call", START, "caller.wav")
    assert recordings.relative(path) == "2026/11/23/call/caller.wav"
    assert recordings.relative("/elsewhere/caller.wav") == ""
    assert recordings.relative("") == ""


def test_one_segment_stays_as_it_is(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, "Asia/Shanghai")
    write(recordings.path_for("call", START, "agent-1.wav"), 800, 1)
    write(recordings.path_for("call", START, "agent-2.wav"), 0, 1)
    found = recordings.join_agent("call", START, {"agent-1.wav": START})
    assert found == ("2026/11/23/call/agent-1.wav", START)


def test_segments_lie_where_they_were_spoken(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, "Asia/Shanghai")
    for number in (2, 10):
        write(recordings.path_for("call", START, f"agent-{number}.wav"), 800 * number, number)
    known = {"agent-2.wav": START, "agent-10.wav": START + timedelta(seconds=1)}
    path, start = recordings.join_agent("call", START, known)
    assert (path, start) == ("2026/11/23/call/agent.wav", START)
    assert sound(tmp_path / path) == [2] * 1600 + [0] * 6400 + [10] * 8000


def test_a_beginning_nobody_saw_is_told_by_the_file(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, "Asia/Shanghai")
    for number, end in ((1, 10), (2, 30)):
        path = recordings.path_for("call", START, f"agent-{number}.wav")
        write(path, 8000 * 5, number)
        stamp = (START + timedelta(seconds=end)).timestamp()
        os.utime(path, (stamp, stamp))
    path, start = recordings.join_agent("call", START, {})
    assert start == START + timedelta(seconds=5)
    joined = sound(tmp_path / path)
    assert len(joined) == 8000 * 25
    assert (joined[8000 * 4], joined[8000 * 10], joined[8000 * 21]) == (1, 0, 2)


async def test_whole_or_not(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, "Asia/Shanghai")
    write(tmp_path / "whole.wav", 800, 1)
    write(tmp_path / "silent.wav", 0, 1)
    write(tmp_path / "open.wav", 800, 1)
    with (tmp_path / "open.wav").open("r+b") as file:
        file.seek(40)
        file.write(bytes(4))
    assert await recordings.is_written("whole.wav", within=0)
    assert await recordings.is_written("open.wav", within=0.1)
    assert not await recordings.is_written("silent.wav", within=0.1)
    assert not await recordings.is_written("missing.wav", within=0.1)
    assert not await recordings.is_written("", within=0.1)
    assert recordings.last_written("missing.wav") is None
    assert recordings.join_agent("none", START, {}) == ("", None)
