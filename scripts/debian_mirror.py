"""Which mirror this machine gets its Debian packages from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from progress import InstallError

_APT = Path("/etc/apt")


def debian_mirror(apt: Path = _APT, release: str = "") -> str:
    """The address of the first source that serves Debian's own release (not its updates)."""
    release = release or _release_name()
    sources = [*_one_line_sources(apt), *_deb822_sources(apt)]
    for uri, suite, components in sources:
        if suite in (release, "stable", "oldstable") and "main" in components:
            return uri
    raise InstallError(
        f"在 {apt} 的软件源中没有找到 Debian {release} main，不知道从哪里下载 Asterisk。"
    )


def _release_name(os_release: Path = Path("/etc/os-release")) -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", os_release.read_text(), re.MULTILINE)
    return found[1] if found else ""


def _one_line_sources(apt: Path) -> Iterator[tuple[str, str, list[str]]]:
    """``deb [options] URI suite component …``"""
    for file in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]:
        for line in file.read_text().splitlines() if file.exists() else ():
            found = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line)
            if found:
                yield found[1], found[2], found[3].split()


def _deb822_sources(apt: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Paragraphs of ``Types: deb``, ``URIs:``, ``Suites:``, ``Components:``."""
    for file in sorted((apt / "sources.list.d").glob("*.sources")):
        for paragraph in re.split(r"\n\s*\n", file.read_text()):
            fields = _fields(paragraph)
            if fields.get("enabled", "yes") == "no" or "deb" not in fields.get("types", "").split():
                continue
            for uri in fields.get("uris", "").split():
                for suite in fields.get("suites", "").split():
                    yield uri, suite, fields.get("components", "").split()


def _fields(paragraph: str) -> dict[str, str]:
    """Field names in lower case; a line that starts with a blank continues the field before."""
    lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\n[ \t]+", " ", "\n".join(lines))
    pairs = (line.partition(":") for line in joined.splitlines() if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
