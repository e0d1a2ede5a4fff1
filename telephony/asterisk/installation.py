"""Where the installer has put Asterisk, and whether it is one that we can use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from models.errors import TelephonyUnavailable

#: Written last by ``scripts/install.py``: its presence says that the folder is whole.
MANIFEST = "installed.json"


@dataclass(frozen=True, kw_only=True)
class AsteriskInstallation:
    """Debian's Asterisk in a folder of ours, run by its own loader and libraries.

    Nothing is installed into the machine and no root is needed: the folder's loader starts the
    program with the folder's libraries, and the configuration names every other path.
    """

    root: Path
    version: str
    loader: Path
    libraries: Path

    @property
    def program(self) -> Path:
        """The Asterisk executable (start it through :meth:`command`)."""
        return self.root / "usr/sbin/asterisk"

    @property
    def modules(self) -> Path:
        """Folder of loadable modules."""
        return self.libraries / "asterisk/modules"

    @property
    def data(self) -> Path:
        """Read-only data: Asterisk's own documentation and API description."""
        return self.root / "usr/share/asterisk"

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs this Asterisk."""
        loader = [str(self.loader), "--library-path", str(self.libraries)]
        return [*loader, "--argv0", "asterisk", str(self.program), *arguments]


def find_installation(root: Path) -> AsteriskInstallation:
    """Read what the installer left in ``root``.

    :raises TelephonyUnavailable: when Asterisk is not there, or only half.
    """
    try:
        manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
        return AsteriskInstallation(
            root=root,
            version=manifest["version"],
            loader=root / manifest["loader"],
            libraries=root / manifest["libraries"],
        )
    except (OSError, ValueError, KeyError) as error:
        raise TelephonyUnavailable(
            f"{root} 中没有可用的 Asterisk。请运行 make install 安装，"
            "或在配置 asterisk.ari_url 中填写已有 Asterisk 的地址。"
        ) from error
