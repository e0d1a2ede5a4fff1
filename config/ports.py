"""Is a port free, and if not, who holds it?

Linux tells through ``/proc``: the tables of sockets name an inode, and a process's open files
name the same inode. Processes of other users stay nameless unless we are root.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from models.errors import ConfigurationError

Protocol = Literal["tcp", "udp"]

_LISTEN_STATE = {"tcp": "0A", "udp": "07"}


def require_free_port(protocol: Protocol, host: str, port: int, setting: str, purpose: str) -> None:
    """Check that we can listen there.

    :param setting: name of the setting to change, e.g. ``web.port``.
    :raises ConfigurationError: naming the port, its holder and the setting.
    """
    try:
        _try_to_listen(protocol, host, port)
    except OSError as error:
        holder = port_holder(protocol, port)
        reason = f"已被{holder}占用" if holder else f"无法使用（{error.strerror}）"
        raise ConfigurationError(
            f"{purpose}的{protocol.upper()}端口 {host}:{port} {reason}。"
            f"请停止该程序，或修改配置 {setting}（环境变量 {_variable(setting)}）。",
            port=port,
            setting=setting,
        ) from error


def port_holder(protocol: Protocol, port: int) -> str:
    """Who listens on the port, for a person to read; empty when nobody does."""
    inodes = set(_listening_inodes(protocol, port))
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        if _holds(process, inodes):
            return f"进程 {process.name}（{_name(process)}）"
    return "其他用户的程序"


def _try_to_listen(protocol: Protocol, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as probe:
        if protocol == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _variable(setting: str) -> str:
    return "HOTLINE_" + setting.replace(".", "__").upper()


def _listening_inodes(protocol: Protocol, port: int) -> Iterator[str]:
    for table in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                field = line.split()
                local_port = int(field[1].rpartition(":")[2], 16)
                if local_port == port and field[3] == _LISTEN_STATE[protocol]:
                    yield field[9]


def _holds(process: Path, inodes: set[str]) -> bool:
    with contextlib.suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:[") and target[8:-1] in inodes:
                    return True
    return False


def _name(process: Path) -> str:
    with contextlib.suppress(OSError):
        words = (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        return b" ".join(words[:3]).decode(errors="replace")[:60]
    return "?"
