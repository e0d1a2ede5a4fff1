"""The project's own Python environment, ``.venv``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from progress import PROJECT, InstallError, fingerprint, is_current, mark_current, run, step

VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
_OLDEST = (3, 11)

_SETTINGS = """
import json
from config.settings import load_settings
settings = load_settings()
print(json.dumps({
    "asterisk_root": str(settings.asterisk_root.resolve()),
    "ari_url": settings.asterisk.ari_url,
}))
"""


def install_python_environment(extras: list[str]) -> None:
    """Make the environment and install the project into it, with the extras named."""
    if sys.version_info < _OLDEST:
        raise InstallError(f"需要 Python 3.11 或更新版本，本机是 {sys.version.split()[0]}。")
    declared = [PROJECT / "setup.cfg", PROJECT / "pyproject.toml"]
    wanted = fingerprint(declared, sys.version, str(PROJECT))
    if PYTHON.exists() and all(is_current(f"python-{extra}", wanted) for extra in extras):
        return
    with step("建立 Python 环境 .venv 并安装依赖（首次约需几分钟）"):
        if not _works():
            run([sys.executable, "-m", "venv", "--clear", VENV], log="venv")
        target = f".[{','.join(extras)}]"
        run([PYTHON, "-m", "pip", "install", "--editable", target], log="pip")
    for extra in extras:
        mark_current(f"python-{extra}", wanted)


def settings() -> dict[str, Any]:
    """What the installer needs to know of the hotline's settings."""
    said = subprocess.run(
        [PYTHON, "-c", _SETTINGS], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if said.returncode:
        raise InstallError(said.stderr.strip().splitlines()[-1])
    wanted: dict[str, Any] = json.loads(said.stdout)
    return wanted


def _works() -> bool:
    """Whether there is an environment with a pip (an interrupted ``venv`` leaves one without)."""
    if not PYTHON.exists():
        return False
    tried = subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False)
    return tried.returncode == 0
