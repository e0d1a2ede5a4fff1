"""``hotline exchange``: Asterisk alone, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT
from telephony.asterisk.prompts import make_prompts
from tests.support.asterisk import isolated_settings

pytestmark = pytest.mark.asterisk


async def test_it_runs_for_others_and_stops_when_told(tmp_path: Path) -> None:
    settings = isolated_settings(tmp_path / "var")
    await make_prompts(settings)
    values = {
        "VAR": settings.var,
        "ASTERISK__ROOT": settings.asterisk_root,
        "ASTERISK__HTTP_PORT": settings.asterisk.http_port,
        "ASTERISK__SIP_PORT": settings.asterisk.sip_port,
    }
    ours = {f"HOTLINE_{name}": str(value) for name, value in values.items()}
    program = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("hotline"), "exchange"),
        cwd=PROJECT_ROOT,
        env=os.environ | ours | {"PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    async with asyncio.timeout(60):
        said = b""
        while "已启动".encode() not in said:
            line = await program.stdout.readline()
            assert line, said
            said += line
    assert f"http://127.0.0.1:{settings.asterisk.http_port}/ari".encode() in said
    program.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        rest, _ = await program.communicate()
    assert (program.returncode, rest.decode().strip()) == (0, "已停止。")
