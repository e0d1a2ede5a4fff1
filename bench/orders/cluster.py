"""A PostgreSQL of the measurement's own, set as Debian sets it but for memory.

Unlike the one for tests it writes through to the disk at every commit, as a real one does.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_ports
from tests.support.postgres import Postgres

_START_SECONDS, _STOP_SECONDS = 60.0, 120.0
_NAME = "hotline"
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "listen_addresses": "127.0.0.1"}


@contextmanager
def cluster(kept: Path | None) -> Iterator[Postgres]:
    """Start it. ``kept``: a folder that outlives the run; without one nothing is left."""
    folder = kept or Path(tempfile.mkdtemp(prefix="hotline-bench-orders-"))
    folder.mkdir(parents=True, exist_ok=True)
    account = _account()
    os.chown(folder, account.pw_uid, account.pw_gid)
    programs, port = _programs(), free_ports(1)[0]
    _make(programs, folder, account.pw_uid)
    server = _start(programs, folder, port, account.pw_uid)
    try:
        _wait_for(programs, port, server)
        yield Postgres(programs=programs, port=port, user=_NAME)
    finally:
        server.send_signal(signal.SIGINT)  # "fast": nobody is waited for, everything is written
        server.wait(_STOP_SECONDS)
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def _make(programs: Path, folder: Path, owner: int) -> None:
    if (folder / "data" / "PG_VERSION").exists():
        return
    # fmt: off
    subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", _NAME, "-A", "trust",
         "--locale", "C.UTF-8", "-E", "UTF8"],
        check=True, capture_output=True, cwd=folder, user=owner,
    )
    # fmt: on


def _start(programs: Path, folder: Path, port: int, owner: int) -> subprocess.Popen[bytes]:
    settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
    command += ["-k", str(folder)]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*command, *settings], stdout=log, stderr=log, cwd=folder, user=owner
        )


def _programs() -> Path:
    """Debian keeps them out of the search path, a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise SystemExit("PostgreSQL is missing: make bench-orders installs it")
    return found[-1]


def _account() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _wait_for(programs: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    ask = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ask, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("PostgreSQL did not start; its folder holds a log")
        time.sleep(0.1)
