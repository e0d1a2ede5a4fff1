"""A real PostgreSQL for tests: a cluster of its own on a free port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_ports

_START_SECONDS = 30.0
_NAME = "hotline"


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """The server. A test makes itself a database with :meth:`database`."""

    programs: Path
    port: int
    user: str

    def database(self, name: str, *, like: str = "template1") -> str:
        """A new database, empty or a copy of another one; its URL for the store."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        return self.url(name)

    def url(self, name: str) -> str:
        """For the store."""
        return f"postgresql+asyncpg://{self.user}@127.0.0.1:{self.port}/{name}"

    def drop(self, name: str) -> None:
        """Gone, whoever is still connected."""
        self.sql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def sql(self, statement: str) -> None:
        """Run a statement as the owner of everything."""
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, "-d", "postgres"]
        command = [str(self.programs / "psql"), *address, "-v", "ON_ERROR_STOP=1", "-qc", statement]
        subprocess.run(command, check=True, capture_output=True)

    def cut_off(self, name: str) -> None:
        """The database goes away: every connection is killed, and none is taken any more."""
        self.sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def bring_back(self, name: str) -> None:
        """Connections are taken again."""
        self.sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start it, and remove everything at the end."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="hotline-postgres-"))
    account = _account()
    os.chown(folder, account.pw_uid, account.pw_gid)
    port = free_ports(1)[0]
    # fmt: off
    subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", _NAME, "-A", "trust", "-N",
         "--locale", "C", "-E", "UTF8"],
        check=True, capture_output=True, cwd=folder, user=account.pw_uid,
    )
    server = subprocess.Popen(
        [programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder,
         "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, user=account.pw_uid,
    )
    # fmt: on
    try:
        _wait_for(programs, port)
        yield Postgres(programs=programs, port=port, user=_NAME)
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:  # a connection was left open
            server.kill()
            server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Debian keeps them out of the search path, a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert found, "PostgreSQL is missing: make test installs it"
    return found[-1]


def _account() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _wait_for(programs: Path, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    ask = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ask, check=False).returncode != 0:
        assert time.monotonic() < deadline, "PostgreSQL did not start"
        time.sleep(0.05)
