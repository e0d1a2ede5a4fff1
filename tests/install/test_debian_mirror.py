"""The mirror for Asterisk is the one that this machine already uses, however it is written."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

DEB822 = """\
# The release
Types: deb deb-src
URIs: http://updates.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://mirror.example/debian
  http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def _mirror(apt: Path) -> str:
    module = import_module("debian_mirror")
    return str(module.debian_mirror(apt, release="bookworm"))


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_the_paragraph_format(apt: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(DEB822)
    assert _mirror(apt) == "http://mirror.example/debian"


def test_a_disabled_paragraph_does_not_count(apt: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(
        "Enabled: no\n" + DEB822.partition("\n\n")[2] + "\n" + DEB822.replace("mirror.", "live.")
    )
    assert _mirror(apt) == "http://live.example/debian"


@pytest.mark.parametrize(
    "line",
    [
        "deb http://mirror.example/debian bookworm main",
        "deb [arch=amd64 trusted=no] http://mirror.example/debian bookworm contrib main # x",
        "deb\thttp://mirror.example/debian  stable  main non-free-firmware",
    ],
)
def test_the_one_line_format(apt: Path, line: str) -> None:
    (apt / "sources.list").write_text(
        "# deb http://commented.example/debian bookworm main\n"
        "deb-src http://sources.example/debian bookworm main\n"
        "deb http://updates.example/debian bookworm-updates main\n"
        "deb http://other.example/apt bookworm stable\n"
        f"{line}\n"
    )
    assert _mirror(apt) == "http://mirror.example/debian"


def test_a_machine_without_one_gets_told(apt: Path) -> None:
    error = import_module("progress").InstallError
    (apt / "sources.list").write_text("deb http://mirror.example/ubuntu noble main\n")
    with pytest.raises(error, match="bookworm main"):
        _mirror(apt)
