"""The barest ARI application: it takes the calls that come, and does what a test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.support.asterisk import RunningAsterisk


class StasisApp:
    """Events in the order of their coming."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def event(self, kind: str, within: float = 10.0) -> dict[str, Any]:
        """The next event of this kind; those before it are passed over."""
        async with asyncio.timeout(within):
            while True:
                event: dict[str, Any] = await self._socket.receive_json()
                if event["type"] == kind:
                    return event


@asynccontextmanager
async def stasis_app(asterisk: RunningAsterisk) -> AsyncIterator[StasisApp]:
    """Be the hotline for a while."""
    user, password = asterisk.settings.asterisk.ari_user, asterisk.secrets.ari_password
    login = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    url = f"{asterisk.process.ari_url}/events"
    parameters = {"app": asterisk.settings.asterisk.app}
    async with (
        aiohttp.ClientSession(headers=login) as http,
        http.ws_connect(url, params=parameters) as socket,
    ):
        yield StasisApp(socket)
