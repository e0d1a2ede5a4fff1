"""Surge mode on the line: the incident greeting, everybody at every queue, and a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from config.rules import SHIPPED
from dispatch.floor.surge import SurgeDesk
from dispatch.rules import load_rules
from models.clock import SystemClock
from models.events import CallQueued, CallRinging, SurgeChanged
from models.guards import Actor
from models.outbox import OutboxRelay
from models.ports import NoAlerts
from models.vocabulary import AgentState, Role
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
        desk = SurgeDesk(floor.store, clock, load_rules(asterisk.settings), NoAlerts())
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
        await floor.until(lambda: floor.calls._front.surge.greeting == media)
        await hears_and_hangs_up(floor, media)
    async with surge_floor(short_asterisk, tmp_path) as (floor, desk, leader):
        await floor.until(lambda: floor.calls._front.surge.greeting == media)
        await hears_and_hangs_up(floor, media)
        await desk.end(leader, "已恢复供电")
        await floor.until(lambda: not floor.calls._front.surge.active)
        assert floor.calls._front.surge.greeting == ""


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
