"""Requests to ARI: one HTTP session, errors typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp

from telephony.ari.errors import ARIUnreachable, error_for

#: A value of a query: left out when None.
Query = Mapping[str, str | int | None]

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
#: Below Asterisk's ``session_keep_alive``, so that no request meets a closing connection.
_KEEPALIVE_SECONDS = 8.0


class Requests(Protocol):
    """Sends one operation. ``path`` holds ``{names}`` that ``ids`` fills."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON of the answer, None where there is none.

        :raises ARIError: what Asterisk refused.
        """
        ...


class HttpRequests:
    """:class:`Requests` over HTTP with Basic authentication."""

    def __init__(self, url: str, user: str, password: str) -> None:
        #: Root of the interface, e.g. ``http://127.0.0.1:8088/ari``.
        self.url = url.rstrip("/")
        self.headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session, made at first use (inside the event loop)."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=200, keepalive_timeout=_KEEPALIVE_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, headers=self.headers, timeout=_TIMEOUT
            )
        return self._session

    async def request(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """See :meth:`Requests.request`."""
        filled = {name: quote(value, safe="") for name, value in (ids or {}).items()}
        params = {key: str(value) for key, value in (query or {}).items() if value is not None}
        try:
            async with self.session.request(
                method, self.url + path.format_map(filled), params=params, json=body
            ) as response:
                text = await response.text()
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ARIUnreachable(operation=f"{method} {path}", cause=repr(error)) from error
        if status >= 400:
            raise error_for(status, f"{method} {path}", _message(text))
        return json.loads(text) if text else None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _message(text: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return ""
    return str(content.get("message", "")) if isinstance(content, dict) else ""
