"""A real Redis for tests, gone afterwards."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.ports import free_ports


@contextmanager
def running_redis() -> Iterator[str]:
    """Start it; its URL."""
    # Debian's redis-tools carries the server under another name; it acts by the name it is given.
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    assert program, "redis is missing: make test installs it"
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="hotline-redis-") as folder:
        # fmt: off
        command = [
            "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder,
            "--save", "",
        ]
        # fmt: on
        server = subprocess.Popen(command, executable=program, stdout=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("redis did not start")
