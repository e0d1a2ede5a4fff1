"""The whole product as its user runs it: ``hotline init`` and ``hotline serve`` as processes.

async with running_hotline() as hotline:
    async with hotline.signed_in("huawu1") as agent: ...
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from config.secrets import Secrets, load_or_create_secrets
from config.settings import PROJECT_ROOT, Settings, load_settings
from hotline.demo.client import Client
from hotline.text_model import train_text_model
from models.store import Store
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.prompts import make_prompts
from tests.support.asterisk import RunningAsterisk, isolated_settings

_START_SECONDS = 150.0
_STOP_SECONDS = 60.0
_HOTLINE = Path(sys.executable).with_name("hotline")


@dataclass(kw_only=True)
class RunningHotline:
    """One installation with ports and a folder of its own."""

    settings: Settings
    secrets: Secrets
    asterisk: RunningAsterisk
    log_file: Path
    process: asyncio.subprocess.Process | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The console's address."""
        return f"http://127.0.0.1:{self.settings.web.port}"

    @property
    def password(self) -> str:
        """Of all demo accounts."""
        return self.secrets.demo_password

    @property
    def environment(self) -> dict[str, str]:
        """What makes the ``hotline`` command use this installation."""
        settings = self.settings
        values = {
            "VAR": settings.var,
            "LOG_FORMAT": settings.log_format,
            "WEB__PORT": settings.web.port,
            "ASTERISK__ARI_URL": settings.asterisk.ari_url,
            "ASTERISK__ARI_PASSWORD": settings.asterisk.ari_password.get_secret_value(),
            "ASTERISK__SIP_WS_URL": settings.asterisk.sip_ws_url,
            "ASTERISK__ROOT": settings.asterisk_root,
            "ASTERISK__HTTP_PORT": settings.asterisk.http_port,
            "ASTERISK__SIP_PORT": settings.asterisk.sip_port,
            "ASTERISK__RTP_START": settings.asterisk.rtp_start,
            "ASTERISK__RTP_END": settings.asterisk.rtp_end,
            "TELEPHONY__TRUNK_OUTBOUND": settings.telephony.trunk_outbound,
            "TELEPHONY__RING_SECONDS": settings.telephony.ring_seconds,
            "TELEPHONY__WRAP_UP_SECONDS": settings.telephony.wrap_up_seconds,
            "TELEPHONY__SURVEY": settings.telephony.survey,
            "TELEPHONY__DESK_PHONES": settings.telephony.desk_phones,
            "SPEECH__MODEL": settings.speech.model,
        }
        ours = {f"HOTLINE_{name}": str(value) for name, value in values.items()}
        return os.environ | ours | {"PYTHONUNBUFFERED": "1"} | self.extra

    async def command(self, *arguments: str, text: str = "") -> tuple[int, str]:
        """Run ``hotline …``; gives the code and output, with a failure's complaints."""
        program = await asyncio.create_subprocess_exec(
            _HOTLINE,
            *arguments,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaints = await program.communicate(text.encode())
        code = program.returncode or 0
        return code, (printed + complaints if code else printed).decode()

    async def start(self, within: float = _START_SECONDS) -> None:
        """``hotline serve``, until the console answers.

        :raises AssertionError: with the log, when it does not.
        """
        with self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                _HOTLINE, "serve", env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + within
        while not await self._answers():
            over = self.process.returncode is not None or time.monotonic() > deadline
            assert not over, f"hotline serve did not start:\n{self.log()}"
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Ctrl-C, and wait."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
            async with asyncio.timeout(_STOP_SECONDS):
                await self.process.wait()

    async def kill(self) -> None:
        """The process dies without a word."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    def log(self) -> str:
        """What the server has printed."""
        return self.log_file.read_text(errors="replace")[-8000:]

    @asynccontextmanager
    async def signed_in(self, username: str) -> AsyncIterator[Client]:
        """A person at the public API."""
        async with Client(self.url, username, self.password) as client:
            yield client

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Store]:
        """The same database, read from outside."""
        store = Store(self.settings.effective_database_url)
        try:
            yield store
        finally:
            await store.close()

    async def _answers(self) -> bool:
        try:
            async with aiohttp.ClientSession() as http, http.get(f"{self.url}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def running_hotline(
    prepare: Callable[[RunningHotline], None] = lambda _: None, **overrides: Any
) -> AsyncIterator[RunningHotline]:
    """Prepare, start, and stop at the end; nothing of it stays.

    :param prepare: called before the first command runs.
    """
    var = Path(tempfile.mkdtemp(prefix="hotline-"))
    settings = isolated_settings(var, **overrides)
    secrets = load_or_create_secrets(settings)
    prompts = await make_prompts(settings)
    exchange = AsteriskProcess(settings=settings, secrets=secrets, prompts=prompts)
    hotline = RunningHotline(
        settings=settings,
        secrets=secrets,
        asterisk=RunningAsterisk(
            settings=settings, secrets=secrets, prompts=prompts, process=exchange
        ),
        log_file=var / "serve.log",
    )
    await asyncio.to_thread(reuse_text_model, var)
    prepare(hotline)
    hotline.secrets = load_or_create_secrets(settings)
    try:
        code, printed = await hotline.command("init")
        assert code == 0, printed
        await hotline.start()
        yield hotline
    finally:
        await hotline.stop()
        await exchange.stop()
        shutil.rmtree(var, ignore_errors=True)


def reuse_text_model(var: Path) -> None:
    """Training is tested by itself; here one model of this source tree serves all."""
    shutil.copytree(_trained_once() / "models", var / "models")


def _trained_once() -> Path:
    """Kept until what it is made of and from changes; two at once both train, and one is kept."""
    kept = PROJECT_ROOT / "var" / "cache" / f"text-model-{_source_hash()}"
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="text-model-", dir=kept.parent))
        train_text_model(load_settings(var=fresh))
        try:
            fresh.rename(kept)
        except OSError:  # another test process was faster
            shutil.rmtree(fresh)
    return kept


def _source_hash() -> str:
    folders = ("nlp/text", "nlp/corpus", "config")
    files = [file for folder in folders for file in (PROJECT_ROOT / folder).rglob("*.*")]
    digest = hashlib.sha256()
    for file in sorted(file for file in files if file.suffix in (".py", ".jsonl", ".yaml")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
