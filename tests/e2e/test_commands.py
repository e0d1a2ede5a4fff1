"""The command line as its user meets it: public contracts, demonstration, check, taken ports."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest
from sqlalchemy import update

from hotline.simulation.sound import spoken_wav
from models.tables import OrderEvent
from tests.support.hotline import RunningHotline

pytestmark = [pytest.mark.e2e, pytest.mark.asterisk, pytest.mark.speech]


async def test_a_demonstration_fills_the_system_and_the_database_agrees(
    hotline: RunningHotline,
) -> None:
    code, printed = await hotline.command("demo", "--calls", "3", "--seed", "7")
    assert code == 0, printed
    assert "拨打电话" in printed
    assert "✗" not in printed
    assert await hotline.asterisk.is_empty()

    code, printed = await hotline.command("check")
    assert code == 0, printed
    assert "一切正常" in printed

    async with hotline.database() as store, store.transaction() as work:
        await work.session.execute(
            update(OrderEvent).where(OrderEvent.seq == 1).values(actor_name="别人")
        )
    code, printed = await hotline.command("check")
    assert code == 1, printed
    assert "工单事件链" in printed


async def test_understand_reads_lines_and_names_the_bad_one(hotline: RunningHotline) -> None:
    lines = [
        json.dumps({"id": "1", "text": "蒸湘北路的路灯坏了，请派人来修，电话13800138000"}),
        "not json",
        json.dumps({"id": 2, "text": "请问办理居住证需要什么材料"}),
    ]
    code, printed = await hotline.command("understand", "--jsonl", text="\n".join(lines))
    assert code == 1
    rows = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    first, bad, last = rows
    assert first["id"] == "1"
    assert {"request_type", "category", "departments", "urgency", "facts"} <= first.keys()
    assert {"code", "name", "confidence", "reason"} <= first["departments"][0].keys()
    assert "error" in bad
    assert last["id"] == 2
    assert last["request_type"] == "CONSULTATION"


async def test_transcribe_writes_one_json_list(hotline: RunningHotline, tmp_path: Path) -> None:
    recording = spoken_wav("你好，我家小区已经停水两天了。")
    code, printed = await hotline.command("transcribe", str(recording), "--json")
    assert code == 0, printed
    rows = json.loads(printed)
    assert "停水" in "".join(row["text"] for row in rows)
    assert {"start", "end", "text", "raw", "confidence"} <= rows[0].keys()

    broken = tmp_path / "broken.wav"
    broken.write_text("这不是录音")
    code, printed = await hotline.command("transcribe", str(broken), "--json")
    assert code == 1
    assert "Traceback" not in printed


async def test_a_taken_port_is_named(hotline: RunningHotline) -> None:
    await hotline.stop()
    assert not hotline.asterisk.process.is_running, "Ctrl-C left our Asterisk behind"
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", hotline.settings.web.port))
        other.listen()
        async with asyncio.timeout(120):
            code, printed = await hotline.command("serve")
    assert code == 1
    assert str(hotline.settings.web.port) in printed
    assert "web.port" in printed
    assert "Traceback" not in printed
    await hotline.start()
