"""Surge mode on the line: the incident greeting, everybody at every queue, and a restart."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import insert

from config.rules import SHIPPED
from dispatch.floor.alerts import Alerts
from dispatch.floor.duties import FloorDuties
from dispatch.floor.surge import SurgeDesk
from dispatch.rules import load_rules
from models.clock import SystemClock
from models.events import CallQueued, CallRinging, SurgeChanged
from models.guards import Actor
from models.ids import new_id
from models.outbox import OutboxRelay
from models.store import Store
from models.tables import Call
from models.vocabulary import (
    AgentState,
    AlertKind,
    CallDirection,
    CallState,
    ContactOutcome,
    Role,
)
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.sounds import hears

pytestmark = pytest.mark.asterisk

GREETING = "东片大面积停电，供电部门正在抢修，预计两小时恢复。"


@asynccontextmanager
async def surge_floor(
    asterisk: RunningAsterisk, folder: Path, rules: Path | None = None
) -> AsyncIterator[tuple[CallFloor, SurgeDesk, Actor]]:
    """A floor with the shift leader's switch."""
    async with call_floor(asterisk, folder, rules=rules) as floor:
        clock = SystemClock()
        relay = OutboxRelay(floor.store, floor.bus, clock)
        await relay.start()
        leader = Actor(
            id=await floor.hire("陈建国"), name="陈建国", roles=frozenset({Role.SHIFT_LEADER})
        )
        settings = (
            asterisk.settings.model_copy(update={"rules": rules}) if rules else asterisk.settings
        )
        alerts = Alerts(floor.store, floor.bus, clock)
        desk = SurgeDesk(floor.store, clock, load_rules(settings), alerts)
        try:
            yield floor, desk, leader
        finally:
            await relay.stop()
        assert await asterisk.is_empty()


async def test_callers_hear_the_incident_greeting_also_after_a_restart_until_the_end(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    media = await short_asterisk.prompts.spoken(GREETING)
    async with surge_floor(short_asterisk, tmp_path) as (floor, desk, leader):
        await desk.start(leader, "东片停电", GREETING, {})
        await floor.happened(SurgeChanged)
        await floor.until(lambda: floor.calls.exchange.front.surge.greeting == media)
        await hears_and_hangs_up(floor, media)
    async with surge_floor(short_asterisk, tmp_path) as (floor, desk, leader):
        await floor.until(lambda: floor.calls.exchange.front.surge.greeting == media)
        await hears_and_hangs_up(floor, media)
        await desk.end(leader, "已恢复供电")
        await floor.until(lambda: not floor.calls.exchange.front.surge.active)
        assert floor.calls.exchange.front.surge.greeting == ""


async def hears_and_hangs_up(floor: CallFloor, media: str) -> None:
    """A caller hears this before the line."""
    nth = len(floor.all(CallQueued)) + 1
    async with (
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as phone,
    ):
        await hears(voice, media)
        await floor.happened(CallQueued, nth)
        await phone.hang_up()
    await floor.ended(nth)


async def test_agents_of_other_groups_are_drawn_in(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    queues = yaml.safe_load((SHIPPED / "queues.yaml").read_text("utf-8"))
    queues["queues"][0]["groups"] = [{"code": "general"}]
    (rules / "queues.yaml").write_text(yaml.safe_dump(queues, allow_unicode=True), "utf-8")
    async with (
        surge_floor(short_asterisk, tmp_path, rules) as (floor, desk, leader),
        floor.agent("王芳", "1901") as (agent, phone),
    ):
        floor.calls.give_skills(agent, {"transport": 1})
        async with calling(floor.asterisk) as citizen:
            await floor.happened(CallQueued)
            assert floor.calls.presence(agent).state is AgentState.READY  # not her queue
            await desk.start(leader, "停电", "", {})
            await phone.rung()
            assert (await floor.happened(CallRinging)).agent_id == agent
            await citizen.hang_up()
        await floor.ended()


async def test_more_calls_than_foreseen_start_it_by_themselves(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """One call in a quarter hour was to be expected, as in all past weeks; two are too many."""
    assert short_asterisk.settings.rules
    rules = tmp_path / "rules"
    shutil.copytree(short_asterisk.settings.rules, rules)
    book = yaml.safe_load((SHIPPED / "surge.yaml").read_text("utf-8"))
    book["start"] |= {"at_least": 1}
    (rules / "surge.yaml").write_text(yaml.safe_dump(book, allow_unicode=True), "utf-8")
    media = await short_asterisk.prompts.spoken(book["greeting"])
    async with surge_floor(short_asterisk, tmp_path, rules) as (floor, desk, leader):
        await one_call_a_quarter(floor.store)
        duties = FloorDuties([desk.check], every_seconds=0.2)
        await duties.start()
        try:
            async with calling(floor.asterisk, gives_up_after=60) as first:
                await floor.happened(CallQueued)
                await floor.calls.flush()
                assert not await desk.check(), "as many as were to be expected"
                async with calling(floor.asterisk, gives_up_after=60) as second:
                    assert (await floor.happened(SurgeChanged)).active
                    await second.hang_up()
                await first.hang_up()
        finally:
            await duties.stop()
        await floor.ended(2)
        (alert,) = await floor.alerted(AlertKind.SURGE)
        assert alert.text.startswith("近15分钟来电2个，预测1个，已自动启动激增模式")
        await floor.until(lambda: floor.calls.exchange.front.surge.greeting == media)
        await hears_and_hangs_up(floor, media)
        board = await desk.board()
        assert board.active is not None
        assert (board.active.title, board.active.started_by_name) == (book["title"], None)
        await desk.end(leader, "已恢复")
        assert not await desk.check(), "ended by hand, it rests"


async def one_call_a_quarter(store: Store) -> None:
    """Of the past weeks, so that a forecast can be made."""
    now, quarter = SystemClock().now(), timedelta(minutes=15)
    rows = [
        {
            "id": new_id(),
            "direction": CallDirection.INBOUND,
            "state": CallState.ENDED,
            "started_at": now - number * quarter,
            "ended_at": now - number * quarter,
            "outcome": ContactOutcome.SERVED,
        }
        for number in range(2, 4 * 24 * 7 * 9)
    ]
    async with store.transaction() as work:
        await work.session.execute(insert(Call), rows)
