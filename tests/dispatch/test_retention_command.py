"""``hotline retention`` and ``hotline recordings verify``, as an administrator runs them."""

from __future__ import annotations

import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, update
from sqlalchemy.orm import Session

from hotline.cli import main
from models.clock import SystemClock
from models.tables import Call, Contact, Recording
from models.vocabulary import CallDirection, CallState, Channel, ContactOutcome

pytestmark = pytest.mark.store

FILE = "2024/01/02/c1/caller.wav"


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with one call of yesterday and its recording."""
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path))
    path = tmp_path / "recordings" / FILE
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    run("retention")  # makes the database
    start = SystemClock().now() - timedelta(days=1)
    with Session(create_engine(f"sqlite:///{tmp_path / 'hotline.db'}")) as session:
        session.add(
            Contact(id="k1", channel=Channel.PHONE, started_at=start, outcome=ContactOutcome.SERVED)
        )
        session.flush()
        session.add(
            Call(
                id="c1",
                contact_id="k1",
                direction=CallDirection.INBOUND,
                state=CallState.ENDED,
                started_at=start,
                answered_at=start,
                ended_at=start + timedelta(seconds=1),
                outcome=ContactOutcome.SERVED,
                citizen_recording=FILE,
            )
        )
        session.commit()
    return tmp_path


def run(*words: str, ends: int = 0) -> str:
    """One command; what it says."""
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == ends, done.output
    return done.output


def grow_old(var: Path) -> None:
    """Two years pass."""
    with create_engine(f"sqlite:///{var / 'hotline.db'}").begin() as connection:
        connection.execute(update(Recording).values(keep_until=datetime(2025, 1, 1, tzinfo=UTC)))


def test_enter_verify_list_delete(var: Path) -> None:
    assert "新登记 1 段" in run("recordings", "verify")
    assert "全部录音完好" in run("recordings", "verify")
    assert "可删除 0 段" in run("retention", "--dry-run")
    grow_old(var)
    assert run("retention").splitlines()[0] == FILE
    assert (var / "recordings" / FILE).exists()
    assert "已删除 1 段" in run("retention", "--delete")
    assert not (var / "recordings" / FILE).exists()
    assert "全部录音完好" in run("recordings", "verify")


def test_a_lost_file_is_told(var: Path) -> None:
    run("recordings", "verify")
    (var / "recordings" / FILE).unlink()
    told = run("recordings", "verify", ends=1)
    assert f"丢失  {FILE}" in told and "发现 1 个问题" in told


def test_delete_and_dry_run_exclude_each_other(var: Path) -> None:
    assert "只能选一个" in run("retention", "--delete", "--dry-run", ends=2)
