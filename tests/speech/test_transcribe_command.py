"""``hotline transcribe`` on a folder: each recording once, also after an interruption."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hotline.cli import main
from tests.speech.sounds import PHONE, silence, spoken, write_wav

pytestmark = pytest.mark.speech


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("HOTLINE_SPEECH__MODEL", "practice")
    monkeypatch.setenv("HOTLINE_SPEECH__WORKERS", "1")
    folder = tmp_path / "recordings"
    (folder / "2026").mkdir(parents=True)
    write_wav(folder / "2026/a.wav", spoken(PHONE) + silence(0.5))
    write_wav(folder / "b.wav", silence(1))
    (folder / "broken.wav").write_bytes(b"no sound")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["transcribe", *map(str, arguments)])


def test_a_folder_is_worked_through_once(recordings: Path) -> None:
    first = run(recordings)
    assert first.exit_code == 1
    assert "转写完成 2 个，未能完成 1 个" in first.output
    assert "broken.wav" in first.output
    (said,) = json.loads((recordings / "2026/a.json").read_text())
    assert "13800138000" in said["text"]
    assert json.loads((recordings / "b.json").read_text()) == []

    (recordings / "broken.wav").unlink()
    assert "没有待转写" in run(recordings).output
    (recordings / "2026/a.json").unlink()  # as if it had been interrupted there
    again = run(recordings)
    assert again.exit_code == 0
    assert "转写完成 1 个" in again.output

    os.utime(recordings / "b.wav")  # a newer recording under the same name
    os.utime(recordings / "b.json", (0, 0))
    assert "转写完成 1 个" in run(recordings).output


def test_results_may_go_elsewhere(recordings: Path, tmp_path: Path) -> None:
    (recordings / "broken.wav").unlink()
    assert run(recordings, "--out", tmp_path / "texts").exit_code == 0
    assert (tmp_path / "texts/2026/a.json").is_file()
    assert not (recordings / "2026/a.json").exists()


def test_periods_are_of_calls_not_of_files(recordings: Path) -> None:
    refused = run(recordings, "--from", "2026-11-01")
    assert refused.exit_code == 1
    assert "不能和文件或文件夹一起用" in refused.output
    backwards = run("--from", "2026-11-02", "--to", "2026-11-01")
    assert "--to 早于 --from" in backwards.output
    assert "没有待补转的通话" in run("--from", "2026-11-01").output
