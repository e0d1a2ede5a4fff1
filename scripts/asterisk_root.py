"""Asterisk 22 in a folder of the project's own.

Debian 12 and 13 have no Asterisk. Debian's next release has: its package and the libraries it
needs are unpacked (never installed) into a folder, and only what the telephone exchange uses is
kept. The machine's own packages stay as they are. The packages come from the mirror that this
machine already uses for Debian, and their signatures are checked as usual.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from asterisk_changes import CHECKS, pass_over
from debian_mirror import debian_mirror
from progress import PROJECT, InstallError, run, say, step

#: Debian releases that carry Asterisk 22, in the order of trying.
SUITES = ("forky", "sid")

OLDEST = (22, 10)
TOO_NEW = (23, 0)

_MANIFEST = "installed.json"
_MODULES_CONF = PROJECT / "telephony/asterisk/templates/modules.conf"

#: Libraries that are opened by name while running, so that nothing else tells of them: the media
#: encryption (libsrtp) opens NSS's modules. The .chk files are their signatures.
_OPENED_BY_NAME = ("libsoftokn3", "libfreebl3", "libfreeblpriv3")

#: Raise it when what is kept changes, so that old folders are made anew.
_LAYOUT = 5


def install_asterisk(root: Path) -> None:
    """Make the folder ``root``, unless it is there and complete."""
    wanted = _wanted_modules()
    if _is_complete(root, wanted):
        return
    with step("下载 Asterisk 22 到项目目录（约 100 MB，不改动本机软件）"):
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=".asterisk-") as workshop:
            unpacked = _unpack(Path(workshop))
            kept = Path(workshop) / "kept"
            version = _keep_what_is_used(unpacked, kept, wanted)
            _put_in_place(kept, root)
        say(f"Asterisk {version}，{_megabytes(root)} MB，位于 {root}")


def _is_complete(root: Path, wanted: list[str]) -> bool:
    try:
        manifest = json.loads((root / _MANIFEST).read_text())
    except (OSError, ValueError):
        return False
    return bool(manifest["layout"] == _LAYOUT and manifest["modules"] == wanted)


def _wanted_modules() -> list[str]:
    return re.findall(r"^load = (\S+)$", _MODULES_CONF.read_text(), re.MULTILINE)


def _unpack(workshop: Path) -> Path:
    """Unpack Debian's Asterisk and all it depends on, from the first suite that has it."""
    mirror = debian_mirror()
    failures = []
    for suite in SUITES:
        target = workshop / suite
        try:
            run(_unpack_command(suite, target, mirror), log=f"asterisk-{suite}")
            return target
        except InstallError as error:
            failures.append(str(error))
    raise InstallError("无法取得 Asterisk：\n" + "\n".join(failures))


def _unpack_command(suite: str, target: Path, mirror: str) -> list[str | Path]:
    """``extract`` runs no package's scripts, ``chrootless`` needs no root."""
    # The machine's clock or a mirror's snapshot may be months off; signatures are still checked.
    options = ['--aptopt=Acquire::Check-Valid-Until "false"']
    options += ["--variant=extract", "--mode=chrootless", "--include=asterisk"]
    return ["mmdebstrap", *options, suite, target, f"deb {mirror} {suite} main"]


def _keep_what_is_used(unpacked: Path, kept: Path, wanted: list[str]) -> str:
    """Copy program, modules, libraries and data; return Asterisk's version."""
    loader, libraries = _loader(unpacked)
    version = _version(unpacked, loader, libraries)
    modules = [unpacked / libraries / "asterisk/modules" / name for name in wanted]
    program = unpacked / "usr/sbin/asterisk"
    for file in [program, *modules]:
        _copy(file, unpacked, kept)
    opened = [unpacked / libraries / f"{name}.so" for name in _OPENED_BY_NAME]
    for file in [*opened, *(library.with_suffix(".chk") for library in opened)]:
        _copy(file, unpacked, kept)
    for library in _libraries_of([program, *modules, *opened], unpacked, loader, libraries):
        shutil.copyfile(library, _parents_made(kept / libraries / library.name))
    (kept / libraries / loader.name).chmod(0o755)
    for folder in ("documentation", "rest-api"):
        shutil.copytree(
            unpacked / "usr/share/asterisk" / folder, kept / f"usr/share/asterisk/{folder}"
        )
    manifest = {
        "version": version,
        "loader": str(libraries / loader.name),
        "libraries": str(libraries),
        "layout": _LAYOUT,
        "modules": wanted,
    }
    ours = kept / program.relative_to(unpacked)
    manifest |= {check.name: pass_over(check, ours) for check in CHECKS}
    (kept / _MANIFEST).write_text(json.dumps(manifest, indent=1))
    return version


def _loader(unpacked: Path) -> tuple[Path, Path]:
    """The dynamic loader, whatever the processor, and the folder of libraries beside it."""
    found = sorted((unpacked / "usr/lib").glob("*/ld-linux*.so.*"))
    if not found:
        raise InstallError("下载的软件包不完整：缺少动态链接器。")
    return found[0], found[0].parent.relative_to(unpacked)


def _version(unpacked: Path, loader: Path, libraries: Path) -> str:
    program = unpacked / "usr/sbin/asterisk"
    command = [str(loader), "--library-path", str(unpacked / libraries), str(program), "-V"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Asterisk (\d+)\.(\d+)\.(\S+)", said.stdout)
    if not found:
        raise InstallError(f"下载的 Asterisk 无法运行：{said.stdout}{said.stderr}")
    number = (int(found[1]), int(found[2]))
    if not OLDEST <= number < TOO_NEW:
        raise InstallError(
            f"需要 Asterisk 22.10 或更新的 22 版，镜像提供的是 {found[0]}。"
            "可自行安装 Asterisk 22，并在配置 asterisk.ari_url 中填写其地址。"
        )
    return f"{found[1]}.{found[2]}.{found[3]}"


def _libraries_of(files: list[Path], unpacked: Path, loader: Path, libraries: Path) -> set[Path]:
    """All shared libraries that the files need, the loader itself among them."""
    found = {loader}
    load = [str(loader), "--library-path", str(unpacked / libraries)]
    for file in files:
        command = [*load, "--list", str(file)]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        if "not found" in said:
            raise InstallError(f"{file.name} 缺少共享库：\n{said}")
        paths = (Path(path) for path in re.findall(r"=> (\S+)", said))
        found |= {path for path in paths if unpacked in path.parents}
    return found


def _copy(file: Path, unpacked: Path, kept: Path) -> None:
    if not file.exists():
        raise InstallError(f"软件包中没有 {file.name}。")
    shutil.copy2(file, _parents_made(kept / file.relative_to(unpacked)))


def _parents_made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _put_in_place(kept: Path, root: Path) -> None:
    """A rename, so that there is never half a folder; a running Asterisk keeps its open files."""
    if root.exists():
        root.rename(kept.parent / "old")
    kept.rename(root)


def _megabytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20
