#!/usr/bin/env python3
"""Install everything the hotline needs on this machine: ``make install``, ``make run``.

    scripts/install.py run     what running needs
    scripts/install.py test    and what the tests need

Only Python's standard library is used, because nothing else is there yet. Each step looks first
whether its work is done; a second run takes a moment. Nothing is changed outside the project's
folder except Debian packages that are missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from asterisk_root import install_asterisk
from browser_app import build_browser_app
from progress import InstallError
from python_environment import install_python_environment, settings
from system_packages import FOR_RUNNING, FOR_TESTS, install_system_packages


def main(arguments: list[str]) -> int:
    """Install; the exit code says whether it worked."""
    if arguments not in (["run"], ["test"]):
        print(__doc__)
        return 2
    try:
        _install(for_tests=arguments == ["test"])
    except InstallError as error:
        print(f"\n✗ 安装未完成：{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n✗ 安装已中断，再次运行会从未完成的步骤继续。", file=sys.stderr)
        return 130
    return 0


def _install(*, for_tests: bool) -> None:
    install_system_packages(FOR_RUNNING + (FOR_TESTS if for_tests else []))
    install_python_environment(["dev", "build"] if for_tests else ["build"])
    wanted = settings()
    if not wanted["ari_url"] or for_tests:
        install_asterisk(Path(wanted["asterisk_root"]))
    build_browser_app()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
