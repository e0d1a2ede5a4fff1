"""The least that can be called a hotline: answer, play a second of sound, wait in a bridge.

It keeps no record, has no agents and looks after no fault. It shows what Asterisk and ARI alone
can do on this machine, under the same dialplan (which records every caller).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.floor import plenty_of_media_ports
from config.secrets import load_or_create_secrets
from config.settings import Settings
from models.ids import new_id
from telephony.ari import ARIClient, ARIError
from telephony.ari.events import Event, PlaybackFinished, StasisStart
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.prompts import make_prompts
from telephony.asterisk.tones import SAMPLE_RATE, write_wave
from tests.support.asterisk import isolated_settings

_APP = "bare"
_BRIDGE = "bare-waiting"


class BareApp:
    """The whole program."""

    def __init__(self, ari: ARIClient, sound: Path) -> None:
        self._ari = ari
        self._sound = sound
        self._playing: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._events = ari.events(on_event=self._on_event, on_connect=self._on_connect)

    async def start(self) -> None:
        """Connect and wait for callers."""
        await self._events.start()
        async with asyncio.timeout(10):
            await self._events.wait_connected()

    async def stop(self) -> None:
        """Disconnect."""
        await self._events.stop()
        await self._ari.close()

    async def _on_connect(self) -> None:
        await self._ari.bridges.ensure(_BRIDGE, type="holding")

    def _on_event(self, event: Event) -> None:
        match event:
            case StasisStart():
                self._spawn(self._greet(event.channel.id))
            case PlaybackFinished():
                self._spawn(self._hold(self._playing.pop(event.playback.id, "")))

    async def _greet(self, channel: str) -> None:
        await self._ari.channels.answer(channel)
        playback = new_id()
        self._playing[playback] = channel
        await self._ari.channels.play(channel, playback, media=f"sound:{self._sound}")

    async def _hold(self, channel: str) -> None:
        if channel:
            await self._ari.bridges.add_channel(_BRIDGE, channel)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_unless_gone(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _unless_gone(work: Coroutine[Any, Any, None]) -> None:
    """A caller may hang up at any moment; SIPp counts what that costs."""
    try:
        await work
    except ARIError:
        return


@asynccontextmanager
async def running_bare_app() -> AsyncIterator[Settings]:
    """The app on an Asterisk of its own, configured as the product's is."""
    with TemporaryDirectory(prefix="hotline-", ignore_cleanup_errors=True) as var:
        settings = isolated_settings(Path(var), asterisk={"app": _APP} | plenty_of_media_ports())
        secrets = load_or_create_secrets(settings)
        prompts = await make_prompts(settings)
        exchange = AsteriskProcess(settings=settings, secrets=secrets, prompts=prompts)
        await exchange.ensure_running()
        sound = Path(var) / "second"
        write_wave(sound.with_suffix(".wav"), np.full(SAMPLE_RATE, 0.1))
        client = ARIClient(exchange.ari_url, settings.asterisk.ari_user, secrets.ari_password, _APP)
        app = BareApp(client, sound)
        try:
            await app.start()
            yield settings
        finally:
            await app.stop()
            await exchange.stop()
