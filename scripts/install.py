#!/usr/bin/env python3
"""Install what the hotline needs on this machine. Called by ``make``.

    scripts/install.py run      what running needs
    scripts/install.py check    what checking the code needs
    scripts/install.py test     what the tests need: all of it

Only Python's standard library is used, because nothing else is there yet. Each step looks first
whether its work is done; a second run takes a moment. Nothing is changed outside the project's
folder except that Debian packages that are missing are installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from asterisk_root import install_asterisk
from browser_app import build_browser_app, install_browser_libraries
from progress import InstallError
from python_environment import install_python_environment, settings
from system_packages import FOR_RUNNING, FOR_TESTS, install_system_packages

_PURPOSES = ("run", "check", "test")


def main(arguments: list[str]) -> int:
    """Install; the exit code says whether it worked."""
    if len(arguments) != 1 or arguments[0] not in _PURPOSES:
        print(__doc__)
        return 2
    try:
        _install(arguments[0])
    except InstallError as error:
        print(f"\n✗ 安装未完成：{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n✗ 安装已中断，再次运行会从未完成的步骤继续。", file=sys.stderr)
        return 130
    return 0


def _install(purpose: str) -> None:
    install_system_packages(FOR_RUNNING + (FOR_TESTS if purpose == "test" else []))
    install_python_environment(["build"] if purpose == "run" else ["dev", "build"])
    if purpose == "check":
        install_browser_libraries()
        return
    wanted = settings()
    if purpose == "test" or not wanted["ari_url"]:
        install_asterisk(Path(wanted["asterisk_root"]))
    build_browser_app()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
