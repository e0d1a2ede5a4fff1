"""The life of our own Asterisk: started, found again, told to read its files, stopped.

It is a session of its own (``setsid``): neither Ctrl-C in the terminal nor the death of our
process ends it, so calls in progress go on. What we started is found again by the pid file that
Asterisk writes and by the configuration file on its command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import aiohttp
import structlog

from config.ports import require_free_port
from config.secrets import Secrets
from config.settings import Settings
from models.errors import TelephonyUnavailable
from telephony.asterisk.config_files import (
    READ_AT_START,
    configuration_file,
    control_dir,
    render_configuration,
    write_configuration,
)
from telephony.asterisk.installation import AsteriskInstallation, find_installation
from telephony.asterisk.prompts import Prompts

_log = structlog.get_logger(__name__)

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.05
#: Of the scheduler (``nice``): what carries sound has its turn before what only computes.
_PRIORITY = -10

#: Asterisk looks up names only when a setting holds one; a dead name server must not stall calls.
_ENVIRONMENT = {"RES_OPTIONS": "attempts:1 timeout:1", "LC_ALL": "C.UTF-8"}


@dataclass(kw_only=True)
class AsteriskProcess:
    """Our own Asterisk."""

    settings: Settings
    secrets: Secrets
    prompts: Prompts
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def ari_url(self) -> str:
        """Root of the REST interface, without a slash at the end."""
        return f"http://127.0.0.1:{self.settings.asterisk.http_port}/ari"

    @property
    def sip_ws_url(self) -> str:
        """The websocket that carries SIP from the browsers' phones."""
        return f"ws://127.0.0.1:{self.settings.asterisk.http_port}/ws"

    @property
    def log_file(self) -> Path:
        """Asterisk's own warnings and errors."""
        return self.settings.asterisk_run_dir / "log" / "messages"

    @property
    def pid(self) -> int | None:
        """The process id of our Asterisk, when it runs."""
        self._reap()
        configuration = configuration_file(self.settings)
        pid = _read_pid(control_dir(self.settings) / "asterisk.pid")
        if pid and _is_ours(pid, configuration):
            return pid
        return _search(configuration)

    @property
    def is_running(self) -> bool:
        """Whether our Asterisk runs, started by us or by one before us."""
        return self.pid is not None

    async def ensure_running(self) -> bool:
        """Start Asterisk, or take over the one that runs. Return whether it was found running.

        A found one gets the present configuration. Only when a port changed is it restarted.

        :raises ConfigurationError: a port is taken, or a setting cannot be used.
        :raises TelephonyUnavailable: Asterisk is not installed or does not come up.
        """
        installation = find_installation(self.settings.asterisk_root)
        changed = self._write_configuration(installation)
        if self.is_running and not changed & READ_AT_START and await self._take_over(changed):
            return True
        await self.stop()
        await self._start(installation)
        return False

    async def _take_over(self, changed: frozenset[str]) -> bool:
        """Use the one that runs, unless it dies at this moment or does not answer."""
        with contextlib.suppress(TelephonyUnavailable):
            if changed:
                await self.reload()
            if await self._comes_up():
                return True
        _log.warning("asterisk.does_not_answer", pid=self.pid)
        return False

    async def reload(self) -> None:
        """Let Asterisk read its configuration files again; calls go on."""
        pid = self.pid
        if pid is None:
            raise TelephonyUnavailable("电话交换程序没有运行。")
        os.kill(pid, signal.SIGHUP)

    async def stop(self) -> None:
        """Hang up all calls and stop; kill when it does not stop by itself. Twice is harmless."""
        pid = self.pid
        if pid is None:
            return
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
            if await _until(lambda: _is_over(pid), _STOP_SECONDS):
                _log.info("asterisk.stopped", pid=pid)
                return
        raise TelephonyUnavailable(f"电话交换程序（进程 {pid}）无法停止。")

    def _write_configuration(self, installation: AsteriskInstallation) -> frozenset[str]:
        rendered = render_configuration(self.settings, self.secrets, self.prompts, installation)
        return write_configuration(self.settings, rendered)

    async def _start(self, installation: AsteriskInstallation) -> None:
        self._require_free_ports()
        self._child = _spawn(installation, self.settings)
        if not await self._comes_up():
            raise TelephonyUnavailable(await self._why_not())
        _log.info("asterisk.started", pid=self.pid, version=installation.version)

    def _require_free_ports(self) -> None:
        asterisk = self.settings.asterisk
        require_free_port(
            "tcp", "127.0.0.1", asterisk.http_port, "asterisk.http_port", "电话交换程序接口"
        )
        require_free_port("udp", asterisk.sip_bind, asterisk.sip_port, "asterisk.sip_port", "SIP")

    async def _comes_up(self) -> bool:
        """Wait until it answers; it does so only when everything is loaded."""
        user, password = self.settings.asterisk.ari_user, self.secrets.ari_password
        login = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        async with aiohttp.ClientSession(headers=login) as http:
            deadline = time.monotonic() + _START_SECONDS
            while not await self._answers(http):
                if self._died() or time.monotonic() > deadline:
                    return False
                await asyncio.sleep(_POLL_SECONDS)
        return True

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.ari_url}/asterisk/ping") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    def _died(self) -> bool:
        self._reap()
        return self._child is None and not self.is_running

    def _reap(self) -> None:
        """Collect our child when it has ended, or it stays listed as a zombie."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    async def _why_not(self) -> str:
        said = _console(self.settings).read_text(encoding="utf-8", errors="replace")
        last = said.strip().splitlines()[-5:]
        await self.stop()
        return f"电话交换程序没有启动成功，记录在 {self.log_file}。最后的输出：\n" + "\n".join(last)


def _spawn(installation: AsteriskInstallation, settings: Settings) -> subprocess.Popen[bytes]:
    """Start the program in a session of its own; not through asyncio, whose end would kill it."""
    command = installation.command("-f", "-C", str(configuration_file(settings)))
    with _console(settings).open("wb") as console:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env=os.environ | _ENVIRONMENT,
            cwd=settings.asterisk_run_dir,
            start_new_session=True,
        )
    _prefer(child.pid)
    return child


def _prefer(pid: int) -> None:
    """Sound is late at once when its thread waits; where we may not ask for it, it goes without."""
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, pid, _PRIORITY)


def _console(settings: Settings) -> Path:
    """What Asterisk says before its own log is open."""
    return settings.asterisk_run_dir / "log" / "console"


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _is_ours(pid: int, configuration: Path) -> bool:
    """The pid may have gone to another program since: the command line must name our file."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"asterisk" in words and (b"-C", str(configuration).encode()) in pairwise(words)


def _search(configuration: Path) -> int | None:
    """Our Asterisk in its first moments, when it has not written its pid yet."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return next((pid for pid in pids if _is_ours(pid, configuration)), None)


def _is_over(pid: int) -> bool:
    """Whether the process has given back its ports.

    While it ends it has no command line any more, but its threads still hold them.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX" and threads <= 1


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True
