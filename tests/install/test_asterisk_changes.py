"""The bytes that are changed in Asterisk: only where everything looks as expected."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from asterisk_changes import (
    ABSENT,
    CHECKS,
    OFF,
    QUEUE_FLUSH,
    SEQUENCE_CHECK,
    UNKNOWN,
    Check,
    pass_over,
)

from config.settings import PROJECT_ROOT

pytestmark = pytest.mark.asterisk

ROOT = PROJECT_ROOT / "var/asterisk-root"
#: The code around it, what stands there after the change, what stood there before.
CHANGED = [
    # ``cmp $0xffff, %edx; ja``
    (SEQUENCE_CHECK, b"\x81\xfa\xff\xff\x00\x00", b"\xeb", b"\x77"),
    # ``test $8, %dl; je; mov %r14d, %eax; sub %r15d, %eax; cmp $100, %eax; jle``
    (
        QUEUE_FLUSH,
        b"\xf6\xc2\x08\x74\x3b",
        b"\x41\x81\xfe\x30\x75\x00\x00\x7e\x4f\xeb\x30",
        b"\x44\x89\xf0\x44\x29\xf8\x83\xf8\x64\x7e\x30",
    ),
]
each_check = pytest.mark.parametrize(
    ("check", "around", "ours", "debians"), CHANGED, ids=[check.name for check, *_ in CHANGED]
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return Path(shutil.copy2(ROOT / "usr/sbin/asterisk", tmp_path / "asterisk"))


def test_the_installed_program_is_changed() -> None:
    installed = json.loads((ROOT / "installed.json").read_text())
    assert {check.name: installed[check.name] for check in CHECKS} == {
        "sequence_check": OFF,
        "queue_flush": OFF,
    }


@each_check
def test_these_bytes_and_no_more(
    program: Path, check: Check, around: bytes, ours: bytes, debians: bytes
) -> None:
    changed = program.read_bytes()
    before = changed.replace(around + ours, around + debians)
    different = sum(a != b for a, b in zip(changed, before, strict=True))
    assert 1 <= different <= len(ours)
    program.write_bytes(before)
    for _ in range(2):  # done twice, it is the same
        assert pass_over(check, program) == OFF
        assert program.read_bytes() == changed
    assert program.stat().st_mode & 0o111


@each_check
def test_what_looks_different_is_left_alone(
    program: Path, tmp_path: Path, check: Check, around: bytes, ours: bytes, debians: bytes
) -> None:
    changed = program.read_bytes()
    strange = debians[:-1] + b"\x90"
    program.write_bytes(changed.replace(around + ours, around + strange))
    before = program.read_bytes()
    assert pass_over(check, program) == UNKNOWN
    assert program.read_bytes() == before
    program.write_bytes(changed.replace(around + ours, b"\x90" * len(around + ours)))
    assert pass_over(check, program) == ABSENT
    text = tmp_path / "text"
    text.write_text("no program")
    assert pass_over(check, text) == UNKNOWN
