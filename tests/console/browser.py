"""What a browser does, in few words: keeps cookies, sends the headers our pages send."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response, read."""

    status: int
    headers: CIMultiDictProxy[str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    def fields(self) -> list[str]:
        """Names of the fields a problem complains about."""
        return [item["field"] for item in self.body["errors"]]


class Browser:
    """One browser window on the console."""

    def __init__(self, server: TestServer) -> None:
        self._server = server
        self._cookies: dict[str, str] = {}

    @property
    def origin(self) -> str:
        return f"http://{self._server.host}:{self._server.port}"

    @property
    def cookies(self) -> dict[str, str]:
        return self._cookies

    def session(self) -> ClientSession:
        """For streams and websockets; close it yourself."""
        return ClientSession(self.origin, cookies=self._cookies, cookie_jar=CookieJar(unsafe=True))

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.request("GET", path, headers=headers)

    async def post(self, path: str, body: Any = None, key: str | None = None) -> Answer:
        """Like a page of ours; an order command gets a fresh idempotency key unless given."""
        return await self.request("POST", path, body=body, key=key or str(uuid.uuid4()))

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        key: str = "",
    ) -> Answer:
        sent = {"X-Requested-With": "hotline", "Origin": self.origin}
        if body is not None or raw is not None:
            sent["Content-Type"] = "application/json"
        if key:
            sent["Idempotency-Key"] = key
        sent |= headers or {}
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        async with (
            self.session() as session,
            session.request(
                method,
                path,
                data=data,
                headers={name: value for name, value in sent.items() if value},
                allow_redirects=False,
            ) as response,
        ):
            return await self._read(response)

    async def _read(self, response: ClientResponse) -> Answer:
        for name, morsel in response.cookies.items():
            if morsel.value:
                self._cookies[name] = morsel.value
            else:
                self._cookies.pop(name, None)
        return Answer(status=response.status, headers=response.headers, raw=await response.read())
