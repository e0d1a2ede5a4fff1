"""Models come from the official site over a bad line, from a stick, or not at all."""

from __future__ import annotations

import hashlib
import io
import shutil
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.settings import Settings, load_settings
from hotline.commands.speech import speech
from models.errors import InvalidInput, SpeechUnavailable
from nlp.speech import install
from nlp.speech.models import PRACTICE_MODEL, find_model, missing_parts
from nlp.speech.trial import try_out
from tests.speech.test_models import add_model

pytestmark = pytest.mark.unit


def archive_of(model: Path) -> bytes:
    """The model's folder as a zip with one folder on top, as the official ones are."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for file in model.rglob("*"):
            packed.write(file, Path("vosk-model-x") / file.relative_to(model))
    return content.getvalue()


class Site:
    """A web site with one file; ``break_after`` bytes it drops the line once."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.break_after: int | None = None
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range", "")
        self.asked.append(wanted)
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        body = self.content[begin:]
        handler.send_response(206 if begin else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.break_after is not None:
            body, self.break_after = body[: self.break_after], None
            handler.close_connection = True
        handler.wfile.write(body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(var=tmp_path / "var")


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return archive_of(add_model(tmp_path / "original"))


@pytest.fixture
def site(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    official = install.Official(
        name="small",
        archive="small.zip",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    monkeypatch.setitem(install.OFFICIAL, "small", official)
    site = Site(content)
    yield site
    site.close()


def test_the_official_model_is_fetched_checked_and_used(settings: Settings, site: Site) -> None:
    seen: list[tuple[int, int]] = []
    model = install.install("small", settings, lambda *now: seen.append(now), site.address)
    assert model.name == "small"
    assert seen[-1] == (len(site.content), len(site.content))
    assert find_model(settings).path == settings.var / "speech-models" / "small"
    assert [path.name for path in (settings.var / "speech-models").iterdir()] == ["small"]


def test_a_broken_download_goes_on_where_it_stopped(settings: Settings, site: Site) -> None:
    site.break_after = 300
    with pytest.raises(SpeechUnavailable, match="接着下载"):
        install.install("small", settings, site=site.address)
    install.install("small", settings, site=site.address)
    assert site.asked == ["", "bytes=300-"]
    assert not missing_parts(settings.var / "speech-models" / "small")


def test_a_falsified_archive_is_refused_and_deleted(settings: Settings, site: Site) -> None:
    site.content = site.content[:-1] + b"?"
    with pytest.raises(SpeechUnavailable, match="SHA-256"):
        install.install("small", settings, site=site.address)
    assert list((settings.var / "speech-models").iterdir()) == []


def test_an_archive_of_another_size_is_refused(settings: Settings, site: Site) -> None:
    site.content += b"more"
    with pytest.raises(SpeechUnavailable, match="应为"):
        install.install("small", settings, site=site.address)


def test_without_a_network_one_is_told_what_to_carry(settings: Settings, site: Site) -> None:
    site.close()
    with pytest.raises(SpeechUnavailable) as told:
        install.install("small", settings, site=site.address)
    assert f"{site.address}/small.zip" in str(told.value)
    assert "hotline speech install small.zip" in str(told.value)


def test_a_zip_from_a_stick(settings: Settings, tmp_path: Path, content: bytes) -> None:
    stick = tmp_path / "vosk-model-small-cn-0.22.zip"
    stick.write_bytes(content)
    assert install.install(str(stick), settings).name == "small"
    assert stick.exists()


def test_a_folder_and_installing_again(settings: Settings, tmp_path: Path) -> None:
    source = add_model(tmp_path / "city")
    assert install.install(str(source), settings).name == "city"
    (source / "README").write_text("newer")
    installed = install.install(str(source), settings)
    assert (installed.path / "README").read_text() == "newer"


def test_what_is_no_model_is_refused(settings: Settings, tmp_path: Path) -> None:
    torn, other = tmp_path / "torn.zip", tmp_path / "other.zip"
    torn.write_bytes(b"PK\x03\x04 and then nothing")
    with zipfile.ZipFile(other, "w") as packed:
        packed.writestr("holiday.txt", "sun")
    with pytest.raises(InvalidInput, match="不是完整的 zip"):
        install.install(str(torn), settings)
    with pytest.raises(InvalidInput, match="没有找到 Vosk 语音模型"):
        install.install(str(other), settings)
    with pytest.raises(InvalidInput, match="没有 nonsense 这个模型"):
        install.install("nonsense", settings)
    with pytest.raises(SpeechUnavailable, match="不是完整的 Vosk 模型"):
        install.install(str(tmp_path), settings)
    assert list((settings.var / "speech-models").iterdir()) == []


def test_an_installed_model_is_removed_by_its_name_only(settings: Settings, tmp_path: Path) -> None:
    install.install(str(add_model(tmp_path / "city")), settings)
    install.remove("city", settings)
    assert find_model(settings).practice
    for name in ("city", "../..", ""):
        with pytest.raises(InvalidInput, match="没有安装"):
            install.remove(name, settings)


def test_the_command_line_installs_lists_and_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("HOTLINE_SPEECH__MODEL", "")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(speech, arguments, catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    shutil.copytree(PRACTICE_MODEL, tmp_path / "city")
    (tmp_path / "city" / "PRACTICE").unlink()
    said = run("install", str(tmp_path / "city"))
    assert "已安装 city" in said
    assert "路灯坏了" in said
    assert "实时率" in said
    assert "* city" in run("list")
    run("use", "practice")
    assert "* 练习模型" in run("list")
    run("use")
    assert "city" in run("bench")
    run("use", "city")
    refused = CliRunner().invoke(speech, ["remove", "city"])
    assert isinstance(refused.exception, InvalidInput)
    assert "正在使用" in str(refused.exception)
    run("use")
    run("remove", "city")
    assert "* 练习模型" in run("list")


def test_a_model_that_does_not_load_is_not_installed(settings: Settings, tmp_path: Path) -> None:
    broken = add_model(tmp_path / "broken")
    with pytest.raises(SpeechUnavailable, match="无法加载"):
        install.install(str(broken), settings, check=try_out)
    assert list((settings.var / "speech-models").iterdir()) == []
