"""What is left after many calls: lines, rooms, open files. Nothing should be."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from telephony.ari import ARIClient
from tests.support.hotline import RunningHotline

#: How long the floor may take to be clean after the last call.
_CLEAN_SECONDS = 15.0
#: Open files that come and go with the database, the log and idle connections.
_FILES_MARGIN = 12
#: Longer than idle HTTP connections are kept.
_IDLE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that must be so, and what was found."""

    name: str
    held: bool
    found: str


async def left_over(hotline: RunningHotline) -> list[str]:
    """Channels and bridges that are still there after the time allowed."""
    settings = hotline.settings.asterisk
    url = f"http://127.0.0.1:{settings.http_port}/ari"
    ari = ARIClient(url, settings.ari_user, hotline.secrets.ari_password, settings.app)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLEAN_SECONDS):
                while await _living(ari):  # noqa: ASYNC110 - Asterisk tells nobody that it is empty
                    await asyncio.sleep(0.2)
        return await _living(ari)
    finally:
        await ari.close()


async def _living(ari: ARIClient) -> list[str]:
    channels = [channel.id for channel in await ari.channels.list()]
    return channels + [bridge.id for bridge in await ari.bridges.list()]


def open_files(hotline: RunningHotline) -> dict[str, int]:
    """How many descriptors Asterisk and our process hold."""
    assert hotline.process is not None
    pids = {"Asterisk": hotline.asterisk.process.pid, "our process": hotline.process.pid}
    return {name: len(list(Path(f"/proc/{pid}/fd").iterdir())) for name, pid in pids.items()}


async def files_afterwards(hotline: RunningHotline, before: dict[str, int]) -> dict[str, int]:
    """Once idle connections between the two have been closed, or after the time allowed."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_IDLE_SECONDS):
            while not files_check(before, open_files(hotline)).held:  # noqa: ASYNC110 - nor does /proc
                await asyncio.sleep(1.0)
    return open_files(hotline)


def files_check(before: dict[str, int], after: dict[str, int]) -> Check:
    """Whether no more descriptors are held than before."""
    held = all(after[name] <= before[name] + _FILES_MARGIN for name in before)
    found = "; ".join(f"{name} {before[name]} → {after[name]}" for name in before)
    return Check(name="no open file is left", held=held, found=found)


def equal(name: str, wanted: int, found: int) -> Check:
    """Whether a count is as it should be."""
    return Check(
        name=name, held=wanted == found, found=f"{found} of {wanted}" if wanted else str(found)
    )


def nothing_left(left: list[str]) -> Check:
    """Whether Asterisk is empty."""
    return Check(
        name="no channel or bridge is left", held=not left, found=", ".join(left) or "none"
    )
