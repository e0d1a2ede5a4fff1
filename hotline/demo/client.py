"""The public API as one signed-in person uses it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

import aiohttp

from models.errors import HotlineError
from models.ids import new_id

_HEADERS = {"X-Requested-With": "hotline"}


class RequestFailed(HotlineError):
    """The running system refused a request of the demonstration."""

    code = "demo-request-failed"
    title = "演示请求未成功"


class Client:
    """``async with Client(base_url, username, password) as client: …``"""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.username = username
        self._login = {"username": username, "password": password}
        self._http = aiohttp.ClientSession(
            base_url,
            headers={**_HEADERS, "Origin": base_url},
            # The console is reached by address, and a cookie for an address is kept only so.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=30),
        )

    async def __aenter__(self) -> Client:
        """Sign in."""
        try:
            await self.post("/api/session", self._login)
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection; the session expires by itself."""
        await self._http.close()

    async def get(self, path: str, **query: str) -> Any:
        """Read something."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Do something; repeated by the network it is done once."""
        headers = {"Idempotency-Key": new_id()}
        return await self._ask("POST", path, json=body or {}, headers=headers)

    async def put(self, path: str, body: dict[str, Any]) -> Any:
        """Replace something."""
        return await self._ask("PUT", path, json=body)

    async def live(self) -> AsyncIterator[dict[str, Any]]:
        """Events as they happen, for as long as one listens."""
        endless = aiohttp.ClientTimeout(total=None, sock_read=60)
        async with self._http.get("/api/live", timeout=endless) as response:
            async for raw in response.content:
                line = raw.decode().rstrip("\n")
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        async with self._http.request(method, path, **options) as response:
            if response.status == 204:
                return None
            body = await response.json(content_type=None)
            if response.status >= 400:
                detail = body.get("detail") or body.get("title") or response.reason
                raise RequestFailed(
                    f"{self.username} {method} {path}：{detail}", status=response.status, body=body
                )
            return body
