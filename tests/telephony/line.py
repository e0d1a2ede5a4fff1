"""A floor where callers wait by rules of a test's own, and lost callers are owed a call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import select

from config.rules import SHIPPED
from config.waiting import load_waiting
from dispatch.floor.owed_calls import OwedCalls
from models.bus import InProcessBus
from models.clock import SystemClock
from models.events import CallbackChanged, CallQueued
from models.outbox import OutboxRelay
from models.ports import NoAlerts
from models.store import Store
from models.tables import Callback, CallEventRow
from models.vocabulary import CallEventKind
from telephony.inbound import InboundCall
from telephony.waiting import Waiting
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import Phone, calling
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.sounds import hears


def rules_with(folder: Path, waiting: dict[str, Any], callers: dict[str, Any]) -> Path:
    """The shipped rules, but with these times, and no other offers while waiting."""
    folder.mkdir(exist_ok=True)
    alone = (SHIPPED / "self_service.yaml").read_text(encoding="utf-8")
    (folder / "self_service.yaml").write_text(alone.replace('key: "8"', 'key: ""'), "utf-8")
    for name, changes in (("queues.yaml", {"waiting": waiting}), ("waiting.yaml", callers)):
        data = yaml.safe_load((SHIPPED / name).read_text(encoding="utf-8"))
        for key, value in changes.items():
            data[key] = {**data[key], **value} if isinstance(value, dict) else value
        if "keys" in data:
            data["keys"] = {}
        (folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return folder


@asynccontextmanager
async def opened(
    asterisk: RunningAsterisk,
    folder: Path,
    *,
    announce_every: float = 600,
    callback_from: float = 600,
    max_wait: float = 600,
    nobody_seconds: float = 600,
    confirm_seconds: float = 20,
    auto: bool = True,
) -> AsyncIterator[CallFloor]:
    """A floor with call-back tasks, and these times for those who wait."""
    waiting = {
        "announce_every": announce_every, "callback_from": callback_from, "max_wait": max_wait,
    }  # fmt: skip
    callers = {
        "confirm_seconds": confirm_seconds,
        "message": {"nobody_seconds": nobody_seconds, "silence_seconds": 1},
        "callbacks": {"short_abandon_seconds": 0, "auto": auto},
    }
    rules = rules_with(folder / "rules", waiting, callers)
    async with call_floor(asterisk, folder, rules=rules) as floor:
        relay = OutboxRelay(floor.store, floor.bus, SystemClock())
        keeper = owed(floor, rules)
        await relay.start()
        try:
            await keeper.look()  # what ended before anybody listened
            yield floor
        finally:
            await relay.stop()
        assert await asterisk.is_empty(), (await asterisk.channels(), await asterisk.bridges())


def owed(floor: CallFloor, rules: Path) -> OwedCalls:
    """Who keeps the tasks of a floor."""
    return owed_calls(floor.store, floor.bus, rules)


def owed_calls(store: Store, bus: InProcessBus, rules: Path) -> OwedCalls:
    """Who keeps the tasks."""
    limits = load_waiting(rules).callbacks
    zone = ZoneInfo("Asia/Shanghai")
    return OwedCalls(store, bus, SystemClock(), limits, NoAlerts(), zone)


@asynccontextmanager
async def caller(
    floor: CallFloor, number: str = "13800000101", nth: int = 1
) -> AsyncIterator[tuple[Phone, Voice, str]]:
    """A citizen who waits in the line."""
    async with (
        await Voice.open() as voice,
        calling(
            floor.asterisk, number=number, media_port=voice.port, gives_up_after=60, talks_for=60
        ) as citizen,
    ):
        queued = await floor.happened(CallQueued, nth)
        yield citizen, voice, queued.call_id


async def presses_twice(voice: Voice, asterisk: RunningAsterisk) -> None:
    """Book the call-back that was offered: once, and again when the question is heard."""
    await voice.press("1")
    await hears(voice, await asterisk.prompts.say("callback_confirm", key="一"))
    await voice.press("1")


def wait_of(floor: CallFloor, call_id: str) -> Waiting:
    """What the call center knows of a caller's wait."""
    session = floor.calls.exchange.sessions[call_id]
    assert isinstance(session, InboundCall)
    return session.waiting


async def history(floor: CallFloor, call_id: str, kind: CallEventKind) -> list[dict[str, Any]]:
    """Details of a kind in the call's history."""
    query = select(CallEventRow).where(CallEventRow.call_id == call_id, CallEventRow.kind == kind)
    async with floor.store.read() as session:
        return [row.detail for row in await session.scalars(query.order_by(CallEventRow.at))]


async def the_task(floor: CallFloor) -> Callback:
    """The only task there is."""
    await floor.happened(CallbackChanged)
    async with floor.store.read() as session:
        return (await session.scalars(select(Callback))).one()


def said(floor: CallFloor, name: str) -> str:
    """Media of a prompt."""
    return floor.asterisk.prompts.uri(name)
