"""The gateway of an installation that has none yet: each message is a file."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

from models.gateway import GatewayMessage


class FileGateway:
    """Writes ``<folder>/sms/<id>.json`` and ``<folder>/email/<id>.json``. The same message again
    is the same file. Whatever picks the files up sees whole ones only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: GatewayMessage) -> None:
        """Write the file."""
        await asyncio.to_thread(self._write, message)

    def _write(self, message: GatewayMessage) -> None:
        folder = self._folder / message.channel.value.lower()
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(message), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(folder / f"{message.id}.json")
