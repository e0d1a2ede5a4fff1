"""Programs of the operating system that we need, and how Debian calls them."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from progress import InstallError, run, say, step


@dataclass(frozen=True)
class Need:
    """Something that has to be there, and the Debian package that brings it."""

    package: str
    is_there: Callable[[], bool]


def _program(name: str, package: str = "") -> Need:
    return Need(package or name, lambda: shutil.which(name) is not None)


def _file(path: str, package: str) -> Need:
    return Need(package, Path(path).exists)


FOR_RUNNING = [
    # ensurepip comes with python3-venv, and "python3 -m venv" fails without it.
    Need("python3-venv", lambda: importlib.util.find_spec("ensurepip") is not None),
    _file("/etc/ssl/certs/ca-certificates.crt", "ca-certificates"),
    _file("/usr/share/zoneinfo/Asia/Shanghai", "tzdata"),
    _program("espeak-ng"),
    _program("sox"),
    _program("mmdebstrap"),
    # The simulated phones of "hotline demo".
    _program("sipp", "sip-tester"),
]

FOR_TESTS = [
    _program("chromium"),
    # An address for the browser, on a machine that has only the loopback interface.
    _program("ip", "iproute2"),
    _file("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk"),
    # The server's program is in this package too (as redis-check-rdb); the package redis-server
    # would start a server on the machine.
    _program("redis-check-rdb", "redis-tools"),
    # The tests start a server of their own; Debian starts an empty one besides.
    Need("postgresql", lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
]


def install_system_packages(needs: list[Need]) -> None:
    """Install what is missing, with Debian's apt."""
    missing = [need.package for need in needs if not need.is_there()]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise InstallError(
            f"本机缺少：{' '.join(missing)}，且没有 apt-get。请用本机的包管理器安装同类软件后重试。"
        )
    as_root = _as_root(missing)
    with step(f"安装系统软件包：{' '.join(missing)}"):
        apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        # Another program may be installing at this moment: wait for it.
        apt += ["-o", "DPkg::Lock::Timeout=300"]
        run([*apt, "update"], log="apt-update")
        run([*apt, "install", "-y", "--no-install-recommends", *missing], log="apt-install")
    still = [need.package for need in needs if not need.is_there()]
    if still:
        raise InstallError(f"安装后仍然缺少：{' '.join(still)}")


def _as_root(missing: list[str]) -> list[str]:
    if os.geteuid() == 0:
        return []
    command = f"apt-get install {' '.join(missing)}"
    if not shutil.which("sudo"):
        raise InstallError(f"需要管理员权限，但没有 sudo。请以 root 运行：{command}")
    say("需要管理员权限，使用 sudo（可能会询问密码）。")
    return ["sudo"]
