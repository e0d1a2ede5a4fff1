"""Installing speech models: fetched from Vosk's own site when the user asks, or from a file.

Nothing is ever fetched by itself. A download that breaks off is resumed; what arrives is checked
before it is unpacked; a model appears under its name only when it is whole.
"""

from __future__ import annotations

import hashlib
import http.client
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from models.errors import InvalidInput, SpeechUnavailable
from nlp.speech.models import (
    ModelInfo,
    chosen,
    missing_parts,
    models_folder,
    read_model,
    require_layout,
)

#: Told how many bytes are there, and how many there will be.
OnProgress = Callable[[int, int], None]
#: Told the folder of a whole model before it is installed; raises when it is of no use.
Check = Callable[[Path], object]

SITE = "https://alphacephei.com/vosk/models"
#: Without a network the user is told within this time.
_CONNECT_SECONDS = 8.0
_BLOCK = 256 * 1024
#: A model's archive never unpacks to more than this; more is a mistake or an attack.
_LARGEST_UNPACKED = 8 * 1024**3


@dataclass(frozen=True, kw_only=True)
class Official:
    """A model on Vosk's site. Size and checksum where they are known for certain."""

    name: str
    archive: str
    size: int | None = None
    sha256: str = ""

    @property
    def about(self) -> str:
        """Its size for people."""
        return f"约 {self.size // 10**6} MB" if self.size else "约 1.3 GB"


OFFICIAL = {
    "small": Official(
        name="small",
        archive="vosk-model-small-cn-0.22.zip",
        size=43_898_754,
        sha256="3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
    ),
    "large": Official(name="large", archive="vosk-model-cn-0.22.zip"),
}


def install(
    what: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    site: str = SITE,
    check: Check | None = None,
) -> ModelInfo:
    """Install ``small``, ``large``, a model folder or a model's zip archive.

    What ``check`` raises is passed on; nothing is installed then.

    :raises SpeechUnavailable: when the site is not reached, saying what to carry over by hand.
    :raises InvalidInput: when ``what`` or the archive is no model.
    """
    folder = models_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    if what in OFFICIAL:
        official = OFFICIAL[what]
        archive = fetch(official, folder, on_progress, site)
        model = _install_archive(archive, folder / official.name, check)
        archive.unlink()
        return model
    path = Path(what).expanduser()
    if path.is_dir():
        return _install_folder(path, folder / path.name, check)
    if path.is_file():
        return _install_archive(path, folder / _name_of(path), check)
    names = "、".join(OFFICIAL)
    raise InvalidInput(f"没有 {what} 这个模型：请写 {names}，或者模型文件夹、zip 文件的路径。")


def remove(name: str, settings: Settings) -> None:
    """Delete an installed model.

    :raises InvalidInput: when there is none of that name, or it is in use.
    """
    there = {path.name: path for path in models_folder(settings).glob("[!.]*")}
    if name not in there:
        raise InvalidInput(f"没有安装名为 {name} 的模型。")
    if name == chosen(settings) or name == settings.speech.model.strip():
        raise InvalidInput(f"{name} 正在使用，请先用 hotline speech use 换成别的模型，再删除。")
    shutil.rmtree(there[name])


def fetch(
    official: Official, folder: Path, on_progress: OnProgress | None = None, site: str = SITE
) -> Path:
    """Download the archive, going on where an earlier attempt broke off, and check it."""
    part = folder / f"{official.archive}.part"
    address = f"{site}/{official.archive}"
    try:
        _download(address, part, official, on_progress)
    except (OSError, http.client.HTTPException) as error:
        raise _not_reached(official, address, folder, error) from error
    _check(part, official)
    return part.rename(folder / official.archive)


def _download(address: str, part: Path, official: Official, on_progress: OnProgress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    if official.size is not None and have == official.size:
        return
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_CONNECT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to fetch
            return
        raise
    with answer, part.open("ab" if answer.status == 206 else "wb") as file:
        total = file.tell() + int(answer.headers.get("Content-Length") or 0)
        while block := answer.read(_BLOCK):
            file.write(block)
            if on_progress:
                on_progress(file.tell(), total)
        if file.tell() < total:
            raise ConnectionError("连接中断")


def _not_reached(
    official: Official, address: str, folder: Path, error: Exception
) -> SpeechUnavailable:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return SpeechUnavailable(
        f"无法下载语音模型（{reason}）。可以在能上网的电脑上下载 {address}（{official.about}），"
        f"拷贝到本机后运行：hotline speech install {official.archive} 。"
        f"已下载的部分保留在 {folder}，网络恢复后再次运行会接着下载。"
    )


def _check(part: Path, official: Official) -> None:
    wrong = ""
    if official.size is not None and part.stat().st_size != official.size:
        wrong = f"大小为 {part.stat().st_size} 字节，应为 {official.size} 字节"
    elif official.sha256 and _sha256(part) != official.sha256:
        wrong = "SHA-256 校验不符"
    if wrong:
        part.unlink()
        raise SpeechUnavailable(f"下载的 {official.archive} {wrong}，已删除，请重新安装。")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name_of(archive: Path) -> str:
    """Official archives get their short names, others that of the file."""
    short = {official.archive: official.name for official in OFFICIAL.values()}
    return short.get(archive.name, archive.stem)


def _install_folder(source: Path, target: Path, check: Check | None) -> ModelInfo:
    require_layout(source)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".install-") as workshop:
        copy = Path(workshop) / "model"
        shutil.copytree(source, copy)
        return _put(copy, target, check)


def _install_archive(archive: Path, target: Path, check: Check | None) -> ModelInfo:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".install-") as workshop:
        unpacked = Path(workshop)
        _unpack(archive, unpacked)
        models = [path.parent.parent for path in unpacked.rglob("am/final.mdl")]
        if len(models) != 1:
            raise InvalidInput(f"{archive.name} 中没有找到 Vosk 语音模型。")
        require_layout(models[0])
        return _put(models[0], target, check)


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as content:
            if sum(item.file_size for item in content.infolist()) > _LARGEST_UNPACKED:
                raise InvalidInput(f"{archive.name} 解压后过大，不像是语音模型。")
            content.extractall(folder)
    except (zipfile.BadZipFile, EOFError) as error:
        raise InvalidInput(f"{archive.name} 不是完整的 zip 文件，请重新下载。") from error


def _put(model: Path, target: Path, check: Check | None) -> ModelInfo:
    """Move a whole model to its name, in place of an earlier one."""
    assert not missing_parts(model)
    if check:
        check(model)
    if target.exists():
        shutil.rmtree(target)
    model.rename(target)
    return read_model(target)
