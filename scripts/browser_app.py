"""The browser app: built by the Node that the Python environment brings, not the machine's."""

from __future__ import annotations

import os
from pathlib import Path

from progress import PROJECT, fingerprint, is_current, mark_current, run, step
from python_environment import VENV

WEB = PROJECT / "agent_console" / "web"
_DEPENDENCIES = ("package.json", "package-lock.json")
_MACHINE_NPMRC = (Path("/etc/npmrc"), Path("/usr/etc/npmrc"), Path("/usr/local/etc/npmrc"))
_NOT_SOURCES = {"node_modules", "dist"}


def install_browser_libraries() -> str:
    """Fetch exactly the libraries of the lock file; return their fingerprint."""
    wanted = fingerprint([WEB / name for name in _DEPENDENCIES])
    if not ((WEB / "node_modules").exists() and is_current("web-libraries", wanted)):
        with step("下载浏览器端依赖"):
            _npm("ci", log="npm-ci")
        mark_current("web-libraries", wanted)
    return wanted


def build_browser_app() -> None:
    """Build the app when its sources or libraries changed."""
    wanted = fingerprint(_sources(), install_browser_libraries())
    if not ((WEB / "dist" / "index.html").exists() and is_current("web-build", wanted)):
        with step("构建浏览器端"):
            _npm("run", "build", log="npm-build")
        mark_current("web-build", wanted)


def _sources() -> list[Path]:
    entries = (entry for entry in WEB.iterdir() if entry.name not in _NOT_SOURCES)
    files = (
        file for entry in entries for file in ([entry] if entry.is_file() else entry.rglob("*"))
    )
    return [file for file in files if file.is_file()]


def _npm(*arguments: str, log: str) -> None:
    run([VENV / "bin" / "npm", *arguments], log=log, cwd=WEB, environment=_environment())


def _environment() -> dict[str, str]:
    """Our Node first in the path, with this machine's npm settings and certificates.

    A Node from a wheel looks for both beside itself, where the administrator has put nothing.
    """
    ours = {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if certificates.exists():
        ours["NODE_EXTRA_CA_CERTS"] = str(certificates)
    npmrc = next((file for file in _MACHINE_NPMRC if file.exists()), None)
    if npmrc:
        ours["NPM_CONFIG_GLOBALCONFIG"] = str(npmrc)
    return {name: value for name, value in ours.items() if name == "PATH" or name not in os.environ}
