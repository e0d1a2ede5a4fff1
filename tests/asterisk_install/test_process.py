"""Our Asterisk as a process: started, found again, reloaded, stopped."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import ConfigurationError, TelephonyUnavailable
from telephony.asterisk.process import AsteriskProcess
from tests.support.asterisk import RunningAsterisk, running_asterisk

pytestmark = pytest.mark.asterisk


def _successor(asterisk: RunningAsterisk) -> AsteriskProcess:
    """What our process makes after it was killed: it knows nothing of the one before."""
    return replace(asterisk.process)


async def test_it_answers_as_version_22_with_every_module_running(
    asterisk: RunningAsterisk,
) -> None:
    info = await asterisk.ari("GET", "asterisk/info")
    assert info["system"]["version"].startswith("22.")

    modules = await asterisk.ari("GET", "asterisk/modules")
    assert {module["status"] for module in modules} == {"Running"}


async def test_every_seat_and_practice_phone_has_an_account(asterisk: RunningAsterisk) -> None:
    endpoints = {item["resource"] for item in await asterisk.ari("GET", "endpoints/PJSIP")}
    assert {"1001", "1008", "citizen1", "citizen2", "trunk"} <= endpoints
    assert "1009" not in endpoints


async def test_it_writes_no_error_while_starting(asterisk: RunningAsterisk) -> None:
    lines = asterisk.process.log_file.read_text().splitlines()
    assert [line for line in lines if "ERROR[" in line] == []


async def test_a_process_of_ours_that_comes_later_finds_it(asterisk: RunningAsterisk) -> None:
    later = _successor(asterisk)
    assert later.pid == asterisk.process.pid
    assert await later.ensure_running() is True
    assert later.pid == asterisk.process.pid


async def test_it_is_in_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(
    asterisk: RunningAsterisk,
) -> None:
    pid = asterisk.process.pid
    assert pid is not None
    assert os.getsid(pid) != os.getsid(0)


async def test_the_files_with_passwords_are_for_the_owner_only(asterisk: RunningAsterisk) -> None:
    etc = asterisk.settings.asterisk_run_dir / "etc"
    files = [*etc.iterdir(), asterisk.settings.var / "secrets.json"]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_a_taken_port_is_named_with_its_holder_and_its_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(ConfigurationError) as refused,
            running_asterisk(asterisk={"http_port": port}),
        ):
            pass
    message = str(refused.value)
    assert str(port) in message
    assert f"进程 {os.getpid()}" in message
    assert "asterisk.http_port" in message


def test_a_folder_without_asterisk_says_how_to_install_it(tmp_path: Path) -> None:
    with (
        pytest.raises(TelephonyUnavailable, match="make install"),
        running_asterisk(asterisk={"root": tmp_path}),
    ):
        pass


async def test_it_runs_on_the_libraries_of_its_own_folder_only(asterisk: RunningAsterisk) -> None:
    """What it took from this machine would be missing, or another version, on the next one."""
    maps = Path(f"/proc/{asterisk.process.pid}/maps").read_text().splitlines()
    libraries = {line.split()[-1] for line in maps if ".so" in line.split()[-1]}
    root = str(asterisk.settings.asterisk_root.resolve())
    assert libraries
    foreign = {library for library in libraries if not library.startswith(root)}
    # How this machine looks up names (/etc/nsswitch.conf) is its own affair.
    assert {library for library in foreign if "/libnss_" not in library} == set()
