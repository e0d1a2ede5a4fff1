"""``hotline due``: the due time and how it came about, at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hotline.cli import main

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _own_var(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path))


def due(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["due", *arguments])


@pytest.mark.parametrize(
    ("start", "amount", "unit", "expected", "because"),
    [
        ("2026-09-18T10:00", "7", "WD", "2026-09-29 24:00", "调休上班计入"),
        ("2026-02-13T16:00", "5", "WD", "2026-02-27 24:00", "休息不计"),
        ("2026-09-30T08:00", "3", "ND", "2026-10-03 24:00", "节假日照常计算"),
        ("2026-09-30T20:30", "24", "NH", "2026-10-01 20:30:00", "节假日照常计算"),
        ("2026-09-30T08:00+08:00", "90", "NM", "2026-09-30 09:30:00", "90分钟"),
        ("2026-05-08T17:00", "4", "WH", "2026-05-09", "只计办公时间"),
    ],
)
def test_a_limit(start: str, amount: str, unit: str, expected: str, because: str) -> None:
    said = due("--from", start, "--amount", amount, "--unit", unit)
    assert said.exit_code == 0
    assert expected in said.output
    assert because in said.output


def test_all_limits_of_a_policy() -> None:
    said = due("--from", "2026-09-18T10:00", "--policy", "complaint").output
    assert "一般投诉举报件" in said
    assert "办结时限　7个工作日" in said
    assert "2026-09-29 24:00" in said
    assert "回访时限" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "明天", "--amount", "1", "--unit", "WD"], "请写成 2026-09-18T10:00"),
        (["--from", "2026-09-18", "--amount", "1"], "请同时给出 --amount 和 --unit"),
        (["--from", "2026-09-18", "--policy", "none"], "现有：critical、urgent"),
    ],
)
def test_what_cannot_be_reckoned(arguments: list[str], words: str) -> None:
    said = due(*arguments)
    assert said.exit_code == 1
    assert words in said.output


def test_a_year_whose_holidays_are_unknown_is_provisional() -> None:
    said = due("--from", "2026-12-30T10:00", "--amount", "5", "--unit", "WD").output
    assert "2027年的放假安排尚未载入" in said
