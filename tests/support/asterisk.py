"""A real Asterisk for tests: its own folder, ports and passwords, beside any other."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp

from config.secrets import Secrets, load_or_create_secrets
from config.settings import PROJECT_ROOT, Settings, load_settings
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.prompts import Prompts, make_prompts
from tests.support.ports import free_ports, free_udp_range

#: Enough for about 250 calls at once (an RTP and an RTCP port for each leg).
_MEDIA_PORTS = 1000


@dataclass(frozen=True, kw_only=True)
class RunningAsterisk:
    """An Asterisk that answers, and what is needed to talk to it."""

    settings: Settings
    secrets: Secrets
    prompts: Prompts
    process: AsteriskProcess

    @property
    def sip_address(self) -> str:
        """``host:port`` that phones call."""
        return f"127.0.0.1:{self.settings.asterisk.sip_port}"

    async def ari(
        self, method: str, path: str, body: dict[str, Any] | None = None, **parameters: str
    ) -> Any:
        """One plain ARI request, for looking in from outside; the answer's JSON or None."""
        user, password = self.settings.asterisk.ari_user, self.secrets.ari_password
        login = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        url = f"{self.process.ari_url}/{path}"
        async with (
            aiohttp.ClientSession(headers=login) as http,
            http.request(method, url, params=parameters, json=body) as response,
        ):
            response.raise_for_status()
            return await response.json() if response.status != 204 else None

    async def originate(self, variables: dict[str, str], **parameters: str) -> dict[str, Any]:
        """Let Asterisk call somebody; the new channel."""
        body = {"variables": variables}
        channel: dict[str, Any] = await self.ari("POST", "channels", body, **parameters)
        return channel

    async def channels(self) -> list[dict[str, Any]]:
        """All channels that Asterisk has at this moment."""
        channels: list[dict[str, Any]] = await self.ari("GET", "channels")
        return channels

    async def bridges(self) -> list[dict[str, Any]]:
        """All bridges that Asterisk has at this moment."""
        bridges: list[dict[str, Any]] = await self.ari("GET", "bridges")
        return bridges

    async def is_empty(self, within: float = 5.0) -> bool:
        """Whether the last channel and bridge go away in this time."""
        deadline = asyncio.get_running_loop().time() + within
        while await self.channels() or await self.bridges():
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True


def isolated_settings(var: Path, **overrides: Any) -> Settings:
    """Settings with free ports and everything under ``var``.

    ``overrides`` replace single settings, e.g. ``telephony={"ring_seconds": 3}``.
    """
    http_port, web_port = free_ports(2)
    media = free_udp_range(_MEDIA_PORTS)
    # A signalling port among those of sound would look like a call's that was left behind.
    others = (port for port in free_ports(4, kind="udp") if port not in media)
    sip_port, citizen_port = islice(others, 2)
    values: dict[str, Any] = {
        "var": var,
        "web": {"port": web_port},
        "asterisk": {
            "root": PROJECT_ROOT / "var" / "asterisk-root",
            "http_port": http_port,
            "sip_port": sip_port,
            "rtp_start": media.start,
            "rtp_end": media.stop - 1,
        },
        # Where SIPp plays the citizens that the hotline rings (tests/support/sipp.py); a call ends
        # when the agent hangs up, save in stories about the question that follows.
        "telephony": {"trunk_outbound": f"127.0.0.1:{citizen_port}", "survey": False},
    }
    for name, value in overrides.items():
        values[name] = values[name] | value if isinstance(values.get(name), dict) else value
    return load_settings(**values)


@contextmanager
def running_asterisk(**overrides: Any) -> Iterator[RunningAsterisk]:
    """Start an Asterisk of one's own and stop it at the end (from a fixture that is not async)."""
    # Short: the path of Asterisk's control socket has room for a hundred characters only.
    with tempfile.TemporaryDirectory(prefix="hotline-", ignore_cleanup_errors=True) as var:
        settings = isolated_settings(Path(var), **overrides)
        secrets = load_or_create_secrets(settings)
        prompts = asyncio.run(make_prompts(settings))
        process = AsteriskProcess(settings=settings, secrets=secrets, prompts=prompts)
        asyncio.run(process.ensure_running())
        try:
            yield RunningAsterisk(
                settings=settings, secrets=secrets, prompts=prompts, process=process
            )
        finally:
            asyncio.run(process.stop())
