"""Real calls find the right agent: by skill, by number dialled, by who called, by time waited."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from config.queues import FILE
from config.rules import SHIPPED
from models.clock import SystemClock
from models.events import CallAnswered, CallOffered, CallQueued, CallRinging
from models.ids import new_id
from models.tables import AgentStateLogRow, Call, CallerProfile, CallEventRow, Contact
from models.vocabulary import (
    AgentState,
    CallDirection,
    CallEventKind,
    CallState,
    Channel,
    ContactOutcome,
    PriorityReason,
)
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor, call_floor

pytestmark = pytest.mark.asterisk

#: A merged line that is greeted like the hotline's own: callers are in its queue at once.
MARKET_LINE = "073412358"
NUMBER = "13800138000"


def rules_with(asterisk: RunningAsterisk, folder: Path, **changes: Any) -> Path:
    """The rules of this Asterisk's floor with other rows in the file of queues."""
    assert asterisk.settings.rules
    rules = folder / "rules"
    shutil.copytree(asterisk.settings.rules, rules)
    book = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8")) | changes
    (rules / FILE).write_text(yaml.safe_dump(book, allow_unicode=True), encoding="utf-8")
    return rules


def market_queue(after: float) -> list[dict[str, Any]]:
    """The shipped queues, where market calls overflow so soon."""
    book = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8"))
    queues: list[dict[str, Any]] = book["queues"]
    for queue in queues:
        if queue["code"] == "market":
            queue["groups"] = [{"code": "market"}, {"code": "general", "after": after}]
    return queues


@pytest.fixture
async def quick(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[CallFloor]:
    """A floor where callers overflow after two seconds."""
    rules = rules_with(short_asterisk, tmp_path, queues=market_queue(2))
    async with call_floor(short_asterisk, tmp_path, rules=rules) as opened:
        yield opened
        assert await short_asterisk.is_empty()


async def earlier_contacts(floor: CallFloor, number: str, count: int) -> None:
    """The number has called before, today."""
    now = SystemClock().now()
    async with floor.store.transaction() as work:
        for hours in range(1, count + 1):
            work.session.add(
                Contact(
                    channel=Channel.PHONE,
                    citizen_number=number,
                    started_at=now - timedelta(hours=hours),
                    outcome=ContactOutcome.ABANDONED_QUEUE,
                )
            )


async def answered_today(floor: CallFloor, agent: str, count: int) -> None:
    """The agent has answered citizens already."""
    now = SystemClock().now()
    async with floor.store.transaction() as work:
        for _ in range(count):
            call_id = new_id()
            work.session.add(
                Call(
                    id=call_id,
                    direction=CallDirection.INBOUND,
                    state=CallState.ENDED,
                    agent_id=agent,
                    started_at=now,
                    answered_at=now,
                    ended_at=now,
                    outcome=ContactOutcome.SERVED,
                )
            )
            await work.session.flush()
            work.session.add(
                AgentStateLogRow(
                    agent_id=agent, state=AgentState.TALKING, since=now, until=now, call_id=call_id
                )
            )


@pytest.mark.parametrize(
    ("dialled", "greeting", "group"),
    [("+8673412315", "greeting_12315", "market"), ("073412355", "greeting_12355", "rights")],
)
async def test_a_merged_line_has_its_own_greeting_and_its_own_group(
    floor: CallFloor, dialled: str, greeting: str, group: str
) -> None:
    async with (
        floor.agent("王芳", "1901", general=1),
        floor.agent("李娜", "1902", **{group: 1}) as (expert, phone),
        calling(floor.asterisk, dials=dialled) as citizen,
    ):
        offered = await floor.happened(CallOffered)
        await citizen.reaches("answered")
        sound = await floor.asterisk.ari("GET", f"playbacks/announcement-{offered.call_id}-0-1")
        assert greeting in sound["media_uri"]
        queued = await floor.happened(CallQueued)
        assert queued.queue == group
        await phone.rung()
        assert (await floor.happened(CallRinging)).agent_id == expert
        await citizen.hang_up()
    call, _ = await floor.ended()
    assert (call.queue, call.access_number) == (group, dialled)


async def test_the_best_skill_is_rung_though_another_is_idle_for_longer(floor: CallFloor) -> None:
    async with (
        floor.agent("王芳", "1901", market=4),
        floor.agent("李娜", "1902", market=1) as (expert, phone),
        calling(floor.asterisk, dials=MARKET_LINE) as citizen,
    ):
        await phone.rung()
        assert (await floor.happened(CallRinging)).agent_id == expert
        await citizen.hang_up()
    await floor.ended()


async def test_an_elder_known_from_before_goes_to_the_desk_for_elders(floor: CallFloor) -> None:
    """There the agent with the fewest calls today is rung."""
    now = SystemClock().now()
    async with floor.store.transaction() as work:
        work.session.add(CallerProfile(number=NUMBER, elderly=True, updated_at=now))
    busy = await floor.hire("王芳", "1901", elderly=1)
    await answered_today(floor, busy, 3)
    async with (
        floor.agent("赵敏", "1903", general=1),
        floor.at_work(busy, "1901"),
        floor.agent("李娜", "1902", elderly=2) as (spared, phone),
        calling(floor.asterisk, number=NUMBER) as citizen,
    ):
        await phone.rung()
        assert (await floor.happened(CallRinging)).agent_id == spared
        assert floor.calls.presence(busy).calls_today == 3
        phone.answer(phone.rings[-1])
        await floor.happened(CallAnswered)
        assert floor.calls.presence(spared).calls_today == 1
        await citizen.hang_up()
        call, _ = await floor.ended()
    assert (call.queue, call.priority_reasons) == ("elderly", [PriorityReason.ELDERLY])


async def test_an_enterprise_known_from_before_has_a_desk_and_goes_first(floor: CallFloor) -> None:
    now = SystemClock().now()
    async with floor.store.transaction() as work:
        work.session.add(CallerProfile(number=NUMBER, enterprise=True, updated_at=now))
    async with (
        calling(floor.asterisk, number="13800000101", gives_up_after=60) as earlier,
        calling(floor.asterisk, number=NUMBER, gives_up_after=60) as firm,
    ):
        await floor.happened(CallQueued, 2)
        waiting = {one.caller_number: one for one in floor.calls.floor().waiting}
        assert list(waiting) == [NUMBER, "13800000101"]
        assert waiting[NUMBER].priority_reasons == (PriorityReason.ENTERPRISE,)
        async with floor.agent("王芳", "1901", general=1, enterprise=1) as (agent, phone):
            ring = await phone.rung()
            assert (await floor.happened(CallRinging)).caller_number == NUMBER
            phone.answer(ring)
            await floor.happened(CallAnswered)
            await earlier.hang_up()
            await firm.hang_up()
            await floor.ended(2)
    call, _ = await floor.rows(floor.all(CallRinging)[0].call_id)
    assert (call.queue, call.agent_id) == ("enterprise", agent)


async def test_one_who_calls_again_gets_the_agent_of_the_last_time(floor: CallFloor) -> None:
    async with (
        floor.agent("王芳", "1901") as (other, idle),
        floor.agent("李娜", "1902") as (known, phone),
    ):
        await floor.calls.set_state(other, AgentState.BUSY)
        async with calling(floor.asterisk, number=NUMBER) as citizen:
            phone.answer(await phone.rung())
            await floor.happened(CallAnswered)
            await citizen.hang_up()
        await floor.ended()
        await floor.calls.set_state(other, AgentState.READY)
        await floor.state(known, AgentState.READY)
        async with calling(floor.asterisk, number=f"0{NUMBER}") as citizen:
            await phone.rung()
            assert (await floor.happened(CallRinging, 2)).agent_id == known
            assert not idle.rings
            await citizen.hang_up()
        await floor.ended(2)


async def test_one_who_calls_for_the_third_time_goes_before_who_came_earlier(
    floor: CallFloor,
) -> None:
    await earlier_contacts(floor, "13800000102", 2)
    async with (
        calling(floor.asterisk, number="13800000101", gives_up_after=60) as new,
        calling(floor.asterisk, number="13800000102", gives_up_after=60) as again,
    ):
        await floor.happened(CallQueued, 2)
        waiting = floor.calls.floor().waiting
        assert [one.caller_number for one in waiting] == ["13800000102", "13800000101"]
        assert waiting[0].priority_reasons == (PriorityReason.REPEAT_CALLER,)
        assert [one.position for one in waiting] == [1, 2]
        await new.hang_up()
        await again.hang_up()
    await floor.ended(2)


async def test_a_caller_overflows_to_the_next_group_after_some_seconds(quick: CallFloor) -> None:
    expert = await quick.hire("李娜", "1902", market=1)
    async with (
        quick.at_work(expert, "1902"),
        quick.agent("王芳", "1901", general=1) as (general, phone),
    ):
        await quick.calls.set_state(expert, AgentState.MEAL)
        async with calling(quick.asterisk, dials=MARKET_LINE) as citizen:
            queued = await quick.happened(CallQueued)
            await phone.rung()
            ringing = await quick.happened(CallRinging)
            assert ringing.agent_id == general
            assert ringing.at - queued.at >= timedelta(seconds=2)
            await citizen.hang_up()
        await quick.ended()


async def test_a_caller_chooses_the_desk_for_elders_by_key(floor: CallFloor) -> None:
    async with (
        AsyncExitStack() as stack,
        floor.agent("赵敏", "1903", general=1) as (busy, _),
        floor.agent("王芳", "1901", elderly=1) as (elders, phone),
        await Voice.open() as voice,
    ):
        await floor.calls.set_state(busy, AgentState.BUSY)
        citizen = await stack.enter_async_context(calling(floor.asterisk, media_port=voice.port))
        first = await floor.happened(CallQueued)
        assert first.queue == "general"
        await voice.press("6")
        ring = await phone.rung()
        assert ring.invite.get("X-Call-Id") == first.call_id
        assert (await floor.happened(CallRinging)).agent_id == elders
        await citizen.hang_up()
        call, _ = await floor.ended()
    assert (call.queue, call.priority_reasons) == ("elderly", [PriorityReason.ELDERLY])


async def test_a_caller_who_speaks_dialect_chooses_that_desk_by_key(floor: CallFloor) -> None:
    async with (
        floor.agent("赵敏", "1903", general=1) as (busy, _),
        floor.agent("王芳", "1901", dialect=1) as (speaker, phone),
        await Voice.open() as voice,
    ):
        await floor.calls.set_state(busy, AgentState.BUSY)
        async with calling(floor.asterisk, media_port=voice.port) as citizen:
            assert (await floor.happened(CallQueued)).queue == "general"
            await voice.press("7")
            await phone.rung()
            assert (await floor.happened(CallRinging)).agent_id == speaker
            await citizen.hang_up()
        call, _ = await floor.ended()
    assert (call.queue, call.priority_reasons) == ("dialect", [])


async def test_a_calls_history_tells_who_was_rung_and_who_missed_it(floor: CallFloor) -> None:
    async with (
        floor.agent("王芳", "1901") as (first, sleeping),
        floor.agent("李娜", "1902") as (second, awake),
        calling(floor.asterisk) as citizen,
    ):
        await sleeping.rung()
        awake.answer(await awake.rung())
        await floor.happened(CallAnswered)
        await citizen.hang_up()
        call, _ = await floor.ended()
    await floor.calls.flush()
    async with floor.store.read() as session:
        query = select(CallEventRow).where(CallEventRow.call_id == call.id)
        lines = list(await session.scalars(query.order_by(CallEventRow.at, CallEventRow.id)))
    # That the shift leader is told of the missed ring stands among them, at a moment of its own.
    alerts = [line.actor for line in lines if line.kind is CallEventKind.ALERT]
    assert alerts in ([], ["system"])
    told = [(line.kind, line.actor) for line in lines if line.kind is not CallEventKind.ALERT]
    assert told == [
        (CallEventKind.OFFERED, "citizen"),
        (CallEventKind.QUEUED, "system"),
        (CallEventKind.RINGING, first),
        (CallEventKind.MISSED, first),
        (CallEventKind.RINGING, second),
        (CallEventKind.ANSWERED, second),
        (CallEventKind.ENDED, "system"),
    ]
    assert lines[1].detail["queue"] == "general"
    assert (lines[3].actor_name, lines[3].reason) == ("王芳", "未接来电")


async def test_who_has_waited_too_long_goes_to_the_queue_that_the_rules_name(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    queues = market_queue(600)
    (market,) = (queue for queue in queues if queue["code"] == "market")
    market["waiting"] = {"max_wait": 1, "overflow": "general"}
    rules = rules_with(short_asterisk, tmp_path, queues=queues)
    async with (
        call_floor(short_asterisk, tmp_path, rules=rules) as floor,
        floor.agent("李娜", "1902", market=1) as (expert, _),
        floor.agent("王芳", "1901", general=1) as (agent, phone),
    ):
        await floor.calls.set_state(expert, AgentState.BUSY)
        async with calling(floor.asterisk, dials=MARKET_LINE) as citizen:
            await phone.rung()
            assert (await floor.happened(CallRinging)).agent_id == agent
            assert [one.queue for one in floor.all(CallQueued)] == ["market", "general"]
            await citizen.hang_up()
        call, _ = await floor.ended()
        assert call.queue == "general"
