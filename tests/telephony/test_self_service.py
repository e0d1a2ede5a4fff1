"""Citizens help themselves by key: how an order stands, and urging it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from config.rules import SHIPPED
from config.self_service import load_self_service
from dispatch.commands import CommandResult, Dispatch, OpenOrder
from dispatch.floor.progress import PhoneProgress
from dispatch.rules import load_rules
from dispatch.service import OrderService
from models.clock import SystemClock
from models.events import CallAnswered, CallQueued, CallStateChanged
from models.guards import Actor
from models.progress import ProgressDesk
from models.store import Store
from models.tables import CallEventRow, OrderEvent, WorkOrder
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome, Role
from tests.dispatch.desk import LAMP
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import Phone, calling
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.sounds import hears, likeness, sound_of

pytestmark = pytest.mark.asterisk

CALLER = "13800001234"


@dataclass(kw_only=True)
class Hotline:
    """A call floor with orders behind it."""

    floor: CallFloor
    orders: OrderService
    #: Changed by a story to inject a fault.
    desk: PhoneProgress

    async def order(self, **changes: object) -> CommandResult:
        """An order of the citizen that a unit works on."""
        agent = await self.floor.hire("王芳")
        actor = Actor(
            id=agent, name="王芳", roles=frozenset({Role.AGENT, Role.DISPATCHER}), department="D-HL"
        )
        command = OpenOrder.model_validate({**LAMP, "caller_phone": CALLER, **changes})
        opened = await self.orders.open_order(actor, command)
        await self.orders.act(actor, opened.order_id, Dispatch(department="D-CG"))
        return opened

    async def urges(self) -> list[OrderEvent]:
        """All urges there are."""
        async with self.floor.store.read() as session:
            query = select(OrderEvent).where(OrderEvent.action == "urge").order_by(OrderEvent.at)
            return list(await session.scalars(query))

    async def steps(self) -> list[str]:
        """What was noted of self-service, in order."""
        query = select(CallEventRow).where(CallEventRow.kind == CallEventKind.SELF_SERVICE)
        async with self.floor.store.read() as session:
            rows = await session.scalars(query.order_by(CallEventRow.at, CallEventRow.id))
            return [row.reason for row in rows]

    async def told(self) -> list[str]:
        """Numbers of the orders that were read out."""
        query = select(CallEventRow).where(CallEventRow.reason == "播报工单进度")
        async with self.floor.store.read() as session:
            rows = await session.scalars(query.order_by(CallEventRow.at, CallEventRow.id))
            return [row.detail["order_no"] for row in rows]

    async def spoken(self, order: CommandResult) -> str:
        """The sound of how an order stands."""
        told = await self.desk.of_code(order.order_no, order.query_code or "")
        assert told is not None
        return await self.floor.asterisk.prompts.spoken(told.spoken)

    def prompt(self, name: str) -> str:
        """A prompt's sound."""
        return self.floor.asterisk.prompts.uri(name)


@pytest.fixture
async def hotline(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[Hotline]:
    rules = tmp_path / "rules"
    rules.mkdir()
    quick = yaml.safe_load((SHIPPED / "self_service.yaml").read_text("utf-8"))
    quick |= {"wait_seconds": 3, "digit_seconds": 2}
    (rules / "self_service.yaml").write_text(yaml.safe_dump(quick, allow_unicode=True), "utf-8")
    book, clock = load_rules(short_asterisk.settings), SystemClock()
    desks: list[PhoneProgress] = []

    def desk(store: Store) -> ProgressDesk:
        desks.append(PhoneProgress(store, clock, book, load_self_service(rules)))
        return desks[0]

    async with call_floor(short_asterisk, tmp_path, rules=rules, progress=desk) as floor:
        yield Hotline(floor=floor, orders=OrderService(floor.store, clock, book), desk=desks[0])
        assert await short_asterisk.is_empty()


@asynccontextmanager
async def citizen(
    hotline: Hotline, number: str = CALLER, dials: str = "12345"
) -> AsyncIterator[tuple[Voice, Phone]]:
    """A citizen whose ears and fingers we have."""
    async with (
        await Voice.open() as voice,
        calling(
            hotline.floor.asterisk,
            number=number,
            dials=dials,
            media_port=voice.port,
            talks_for=120,
            gives_up_after=60,
        ) as phone,
    ):
        yield voice, phone


async def in_self_service(floor: CallFloor) -> None:
    """Wait until a caller is there."""
    entered = CallState.SELF_SERVICE
    await floor.until(lambda: any(one.state is entered for one in floor.all(CallStateChanged)))


async def test_by_key_from_the_line_a_caller_hears_the_own_order_and_urges_it(
    hotline: Hotline,
) -> None:
    floor, order = hotline.floor, await hotline.order()
    async with citizen(hotline) as (voice, phone):
        queued = await floor.happened(CallQueued)
        await voice.press("8")
        await hears(voice, await hotline.spoken(order))
        # The place in the line is kept meanwhile.
        assert [view.call_id for view in floor.calls.floor().waiting] == [queued.call_id]
        await voice.press("1")
        await hears(
            voice, await floor.asterisk.prompts.spoken("已为您催办，承办单位会看到您的催促。")
        )
        await voice.press("1")
        (urge,) = await hotline.urges()
        day = urge.at.astimezone(hotline.orders.rules.zone)
        before = f"您已于{day.month}月{day.day}日催办过，承办单位正在处理，请您耐心等待。"
        await hears(voice, await floor.asterisk.prompts.spoken(before))
        await phone.hang_up()
    _, contact = await floor.ended()
    assert contact is not None
    assert (contact.outcome, contact.reason) == (ContactOutcome.SELF_SERVED, "市民自助查询后挂断")
    (urge,) = await hotline.urges()
    assert (urge.changes["by_caller"], urge.actor_name) == ([None, True], "诉求人（电话自助）")
    async with floor.store.read() as session:
        assert len(list(await session.scalars(select(WorkOrder)))) == 1  # no new order
    await floor.calls.flush()
    steps = await hotline.steps()
    assert steps == [
        "进入工单进度自助查询", "按来电号码查询", "播报工单进度", "催办", "已催办过",
    ]  # fmt: skip


async def test_the_hash_key_leads_to_the_next_older_order(hotline: Hotline) -> None:
    older = await hotline.order(title="蒸湘北路路灯不亮")
    newer = await hotline.order(title="小区门口垃圾无人清运")
    async with citizen(hotline) as (voice, phone):
        await hotline.floor.happened(CallQueued)
        await voice.press("8")
        await hears(voice, await hotline.spoken(newer))
        voice.forget()
        await voice.press("#")
        await hears(voice, hotline.prompt("progress_key_next"), within=40)
        await phone.hang_up()
    await hotline.floor.ended()
    await hotline.floor.calls.flush()
    assert await hotline.told() == [newer.order_no, older.order_no]


async def test_by_order_number_and_query_code_from_another_phone(hotline: Hotline) -> None:
    order = await hotline.order(confidential=True)
    async with citizen(hotline, number="13911110000", dials="123458") as (voice, phone):
        await hears(voice, hotline.prompt("progress_none_found"))
        await voice.press(order.order_no)
        await hears(voice, hotline.prompt("progress_ask_code"))
        await voice.press(order.query_code or "")
        await hears(voice, await hotline.spoken(order))
        await phone.hang_up()
    call, contact = await hotline.floor.ended()
    assert contact is not None and contact.outcome is ContactOutcome.SELF_SERVED
    assert call.queued_at is None and hotline.floor.all(CallQueued) == []


async def test_three_wrong_entries_lead_to_people(hotline: Hotline) -> None:
    floor, order = hotline.floor, await hotline.order()
    wrong = "111111" if order.query_code != "111111" else "222222"
    async with citizen(hotline, number="13911110000", dials="123458") as (voice, phone):
        await hears(voice, hotline.prompt("progress_none_found"))
        await voice.press("123#")
        await hears(voice, hotline.prompt("progress_wrong_number"))
        await voice.press(order.order_no + wrong)
        await hears(voice, hotline.prompt("progress_wrong_code"))
        await voice.press(order.order_no + wrong)
        await hears(voice, hotline.prompt("progress_too_many"))
        await floor.happened(CallQueued)
        await phone.hang_up()
    _, contact = await floor.ended()
    assert contact is not None and contact.outcome is ContactOutcome.ABANDONED_QUEUE
    assert "多次输入有误" in await hotline.steps()
    assert "播报工单进度" not in await hotline.steps()


async def test_an_agent_who_is_free_gets_the_caller_out_of_self_service(hotline: Hotline) -> None:
    floor = hotline.floor
    await hotline.order()
    async with floor.agent("李娜", "1901") as (agent, desk_phone):
        await floor.calls.set_state(agent, AgentState.BUSY)
        async with citizen(hotline) as (voice, phone):
            await floor.happened(CallQueued)
            await voice.press("8")
            await in_self_service(floor)
            await floor.calls.set_state(agent, AgentState.READY)
            ring = await desk_phone.rung()
            await hears(voice, hotline.prompt("progress_agent_free"))
            desk_phone.answer(ring)
            await floor.happened(CallAnswered)
            await phone.hang_up()
        _, contact = await floor.ended()
    assert contact is not None and contact.outcome is ContactOutcome.SERVED


async def test_zero_leads_back_to_the_same_place_in_the_line(hotline: Hotline) -> None:
    floor, opened = hotline.floor, await hotline.order()
    async with citizen(hotline) as (voice, first), calling(floor.asterisk) as second:
        a, b = await floor.happened(CallQueued), await floor.happened(CallQueued, 2)
        mine = a if a.caller_number == CALLER else b
        await voice.press("8")
        await in_self_service(floor)
        await hears(voice, await hotline.spoken(opened))
        await voice.press("0")
        await floor.until(
            lambda: any(one.state is CallState.QUEUED for one in floor.all(CallStateChanged)), 30
        )
        order = [view.call_id for view in floor.calls.floor().waiting]
        assert order == [a.call_id, b.call_id] and mine.call_id in order
        await first.hang_up()
        await second.hang_up()
    await floor.ended(2)


async def test_a_desk_that_does_not_answer_leads_to_people(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_self: PhoneProgress, _number: str) -> list[object]:
        raise OSError("the database is away")

    monkeypatch.setattr(PhoneProgress, "of_number", away)
    async with citizen(hotline, dials="0734123458") as (voice, phone):
        await hears(voice, hotline.prompt("progress_unavailable"))
        await hotline.floor.happened(CallQueued)
        await phone.hang_up()
    await hotline.floor.ended()


async def test_whoever_presses_nothing_comes_to_people(hotline: Hotline) -> None:
    async with citizen(hotline, dials="123458") as (voice, phone):
        await hears(voice, hotline.prompt("progress_none_found"))
        await hears(voice, hotline.prompt("progress_to_people"), within=40)
        await hotline.floor.happened(CallQueued, within=20)
        await phone.hang_up()
    await asyncio.gather(hotline.floor.ended())


async def test_the_waiting_announcement_names_the_key_once(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    queues = yaml.safe_load((SHIPPED / "queues.yaml").read_text("utf-8"))
    queues["waiting"]["announce_every"] = 1
    (rules / "queues.yaml").write_text(yaml.safe_dump(queues, allow_unicode=True), "utf-8")
    offer = await short_asterisk.prompts.say("progress_offer", key="八")
    async with (
        call_floor(short_asterisk, tmp_path, rules=rules) as floor,
        await Voice.open() as voice,
        calling(short_asterisk, media_port=voice.port) as phone,
    ):
        await hears(voice, offer)
        voice.forget()
        await hears(voice, short_asterisk.prompts.uri("queue_next"))  # the next one, without it
        assert likeness(sound_of(offer), voice.heard()) < 0.5
        await phone.hang_up()
        await floor.ended()


@pytest.mark.parametrize("dials", ["12345", "123458"], ids=["from the line", "by its own number"])
async def test_a_restart_in_the_middle_leads_to_people(
    short_asterisk: RunningAsterisk, tmp_path: Path, dials: str
) -> None:
    async with AsyncExitStack() as stack:
        async with call_floor(short_asterisk, tmp_path) as floor:
            voice = await stack.enter_async_context(await Voice.open())
            call = calling(short_asterisk, dials=dials, media_port=voice.port, talks_for=90)
            phone = await stack.enter_async_context(call)
            if dials == "12345":
                await floor.happened(CallQueued)
                await voice.press("8")
            # Nobody can look orders up here: the caller is being led back to people.
            await in_self_service(floor)
        async with call_floor(short_asterisk, tmp_path) as floor:
            await floor.until(lambda: len(floor.calls.floor().waiting) == 1)
            voice.forget()
            assert await voice.hears(1.0)  # music
            await phone.hang_up()
            _, contact = await floor.ended()
            assert contact is not None and contact.outcome is ContactOutcome.ABANDONED_QUEUE
