"""The one byte that is changed in Asterisk: only where everything looks as expected."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from asterisk_sequence import ABSENT, OFF, UNKNOWN, pass_over_sequence_check

from config.settings import PROJECT_ROOT

pytestmark = pytest.mark.asterisk

ROOT = PROJECT_ROOT / "var/asterisk-root"
#: ``cmp $0xffff, %edx; jmp``: as it is after the change.
PASSED_OVER = b"\x81\xfa\xff\xff\x00\x00\xeb"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return Path(shutil.copy2(ROOT / "usr/sbin/asterisk", tmp_path / "asterisk"))


def test_the_installed_program_is_changed() -> None:
    assert json.loads((ROOT / "installed.json").read_text())["sequence_check"] == OFF


def test_one_byte_and_no_more(program: Path) -> None:
    ours = program.read_bytes()
    debians = ours.replace(PASSED_OVER, PASSED_OVER[:-1] + b"\x77")
    assert sum(a != b for a, b in zip(ours, debians, strict=True)) == 1
    program.write_bytes(debians)
    for _ in range(2):  # done twice, it is the same
        assert pass_over_sequence_check(program) == OFF
        assert program.read_bytes() == ours
    assert program.stat().st_mode & 0o111


def test_what_looks_different_is_left_alone(program: Path, tmp_path: Path) -> None:
    ours = program.read_bytes()
    program.write_bytes(ours.replace(PASSED_OVER, PASSED_OVER[:-1] + b"\x90"))
    before = program.read_bytes()
    assert pass_over_sequence_check(program) == UNKNOWN
    assert program.read_bytes() == before
    program.write_bytes(ours.replace(PASSED_OVER, b"\x90" * len(PASSED_OVER)))
    assert pass_over_sequence_check(program) == ABSENT
    text = tmp_path / "text"
    text.write_text("no program")
    assert pass_over_sequence_check(text) == UNKNOWN
