"""Room for recordings: the shift leader is called before it ends, and when nothing can be written.

A full disk costs recordings, never a call: the exchange goes on without writing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import structlog

from models.ports import AlertPort
from models.vocabulary import AlertKind

log = structlog.get_logger(__name__)

_MATTER = "recordings-disk"
_MEGABYTE = 1 << 20


class DiskWatch:
    """Looks at the recordings folder. ``enough_mb``: free megabytes below which it is told."""

    def __init__(self, folder: Path, enough_mb: int, alerts: AlertPort) -> None:
        self._folder = folder
        self._enough = enough_mb
        self._alerts = alerts

    async def look(self) -> None:
        """Raise or settle the alert. Run it every minute."""
        trouble = await asyncio.to_thread(self._trouble)
        if trouble:
            log.error("recordings.no_room", trouble=trouble)
            await self._alerts.raise_alert(AlertKind.DISK_LOW, _MATTER, trouble)
        else:
            await self._alerts.settle(_MATTER)

    def _trouble(self) -> str:
        """In words; empty when all is well."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _try_to_write(self._folder / f".room-{os.getpid()}")
            free = shutil.disk_usage(self._folder).free // _MEGABYTE
        except OSError as error:
            return f"录音目录无法写入（{error.strerror}），通话照常，但不会留下录音，请立即处理"
        if free < self._enough:
            return f"录音磁盘只剩 {free} MB（低于 {self._enough} MB），写满后通话照常但没有录音"
        return ""


def _try_to_write(path: Path) -> None:
    """A page of bytes: a full file system still makes empty files."""
    try:
        path.write_bytes(bytes(4096))
    finally:
        path.unlink(missing_ok=True)
