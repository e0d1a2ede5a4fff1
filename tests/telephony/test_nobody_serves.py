"""Nobody waits for agents who will never serve them; whoever is served sooner or later does."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from config.queues import FILE
from config.rules import SHIPPED
from models.events import CallAnswered, CallRinging, CallStateChanged
from models.vocabulary import AgentState, CallState, ContactOutcome
from tests.support.asterisk import RunningAsterisk
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.line import caller, opened, said
from tests.telephony.sounds import hears

pytestmark = pytest.mark.asterisk


def asked_for_a_message(floor: CallFloor) -> bool:
    return any(one.state is CallState.MESSAGE for one in floor.all(CallStateChanged))


async def test_agents_who_can_never_serve_the_caller_are_not_waited_for(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """Only the desk for dialect is there; callers of 12345 never come to it by waiting."""
    async with (
        opened(short_asterisk, tmp_path, nobody_seconds=1) as floor,
        floor.agent("王芳", "1901", dialect=1) as (_, phone),
    ):
        async with caller(floor) as (citizen, voice, _):
            await hears(voice, said(floor, "all_busy"))
            assert asked_for_a_message(floor) and not phone.rings
            await citizen.hang_up()
        _, contact = await floor.ended()
        assert contact is not None
        assert contact.outcome is ContactOutcome.ABANDONED_QUEUE


async def test_the_last_who_serves_signs_out_while_the_caller_waits(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        opened(short_asterisk, tmp_path, nobody_seconds=2) as floor,
        floor.agent("王芳", "1901", dialect=1),
        floor.agent("李娜", "1902", general=1) as (second, _),
    ):
        await floor.calls.set_state(second, AgentState.MEAL)
        async with caller(floor) as (citizen, voice, _):
            assert await voice.hears(3.0)
            assert not asked_for_a_message(floor), "who is at a meal comes back"
            await floor.calls.sign_out(second)
            await hears(voice, said(floor, "all_busy"))
            await citizen.hang_up()
        await floor.ended()


async def test_a_group_that_opens_by_waiting_is_waited_for(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """The agents of the fund serve 12345 too, once somebody has waited or nobody else is there."""
    async with (
        opened(short_asterisk, tmp_path, nobody_seconds=0.5) as floor,
        floor.agent("王芳", "1901", fund=1) as (agent, phone),
    ):
        await floor.calls.set_state(agent, AgentState.BUSY)
        async with caller(floor) as (citizen, voice, _):
            assert await voice.hears(2.0)
            assert not asked_for_a_message(floor)
            await floor.calls.set_state(agent, AgentState.READY)
            phone.answer(await phone.rung())
            await floor.happened(CallAnswered)
            await citizen.hang_up()
        await floor.ended()


async def test_where_another_queue_takes_over_the_caller_goes_there_early(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    queues = yaml.safe_load((SHIPPED / FILE).read_text("utf-8"))
    queues["queues"][0]["waiting"] = {"overflow": "dialect", "max_wait": 600}
    (rules / FILE).write_text(yaml.safe_dump(queues, allow_unicode=True), "utf-8")
    waiting = yaml.safe_load((SHIPPED / "waiting.yaml").read_text("utf-8"))
    waiting["message"]["nobody_seconds"] = 1
    (rules / "waiting.yaml").write_text(yaml.safe_dump(waiting, allow_unicode=True), "utf-8")
    async with (
        call_floor(short_asterisk, tmp_path, rules=rules) as floor,
        floor.agent("王芳", "1901", dialect=1) as (agent, phone),
        calling(short_asterisk, gives_up_after=60) as citizen,
    ):
        phone.answer(await phone.rung())
        assert (await floor.happened(CallRinging)).agent_id == agent
        await floor.happened(CallAnswered)
        await citizen.hang_up()
        call, _ = await floor.ended()
        assert call.queue == "dialect" and not asked_for_a_message(floor)
