"""Units hear of their orders: at once in the console, by message once an hour."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import (
    AcceptResult,
    AskSupplement,
    DecideExtension,
    Delegate,
    Dispatch,
    RequestExtension,
    SignFor,
    SubmitResult,
    Supplement,
    Urge,
)
from dispatch.directory.duty import DutyList
from dispatch.notices.board import NoticeBoard
from dispatch.notices.file_gateway import FileGateway
from dispatch.notices.post_office import PostOffice
from dispatch.notices.recipients import units_for
from dispatch.rules import Rules
from dispatch.views.lists import OrderLists
from dispatch.views.shapes import OrderFilter
from models.clock import ManualClock
from models.gateway import GatewayMessage
from models.states import IN_HAND, OPEN_STATES
from models.store import Store
from models.tables import Notice, OrderEvent, OrderNews, OutgoingMessage, WorkOrder
from models.vocabulary import MessageChannel, NoticeKind, OrderState
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import RESULT, Desk, back
from tests.dispatch.notices import MAIL, SMS, Telling, telling, with_contacts
from tests.dispatch.reading import task_at
from tests.dispatch.test_out_of_hand import NOT_OURS

pytestmark = pytest.mark.store


@pytest.fixture
def tells(store: Store, clock: ManualClock, rules: Rules) -> Telling:
    return telling(store, clock, with_contacts(rules))


_IN_ORDER = select(OutgoingMessage).order_by(
    OutgoingMessage.created_at, OutgoingMessage.channel.desc()
)


async def messages(store: Store) -> list[OutgoingMessage]:
    async with store.read() as session:
        found = await session.scalars(_IN_ORDER)
        return list(found)


async def kinds(tells: Telling, desk: Desk, who: str) -> list[NoticeKind]:
    page = await tells.book.page(desk.people[who], unread=True)
    return [item.kind for item in page.items]


async def test_a_unit_hears_of_its_order_and_each_of_its_people_reads_for_themselves(
    desk: Desk, tells: Telling
) -> None:
    order_id = await desk.dispatched()
    assert await tells.news.tell() == 2
    clerk = desk.people["chengguan"]
    page = await tells.book.page(clerk)
    [notice] = page.items
    assert (notice.kind, notice.order_id, notice.read) == (NoticeKind.NEW_TASK, order_id, False)
    assert notice.due_at is not None and page.unread == 1
    assert await kinds(tells, desk, "zhujian") == []

    assert await tells.book.mark_read(clerk) == 0
    assert await tells.book.mark_read(clerk) == 0
    assert (await tells.book.page(clerk)).items[0].read
    colleague = type(clerk)(id="staff-huawu1", name="同事", roles=clerk.roles, department="D-CG")
    assert await tells.book.unread(colleague) == 1


async def test_a_unit_is_told_of_what_others_do_and_not_of_what_it_does_itself(
    desk: Desk, tells: Telling
) -> None:
    order_id = await desk.dispatched()
    await desk.act("huawu1", order_id, Urge(reason="市民再次来电"))
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.act("shenhe", order_id, back("没有附上现场照片"))
    await tells.news.tell()
    assert await kinds(tells, desk, "chengguan") == [
        NoticeKind.SENT_BACK,
        NoticeKind.URGED,
        NoticeKind.NEW_TASK,
    ]
    page = await tells.book.page(desk.people["chengguan"])
    assert page.items[0].reason == "没有附上现场照片"


async def test_an_urge_reaches_whoever_has_the_order(desk: Desk, tells: Telling) -> None:
    order_id = (await desk.open()).order_id

    async def urged(*people: str) -> None:
        """Those are told of a new urge, and nobody else is."""
        everybody = ("huawu1", "paidan", "chengguan", "shenhe", "huifang")
        for who in everybody:
            await tells.book.mark_read(desk.people[who])
        await desk.act("zhuren", order_id, Urge(reason="市民再次来电"))
        await tells.news.tell()
        found = {who for who in everybody if NoticeKind.URGED in await kinds(tells, desk, who)}
        assert found == set(people)
        assert NoticeKind.URGED in await kinds(tells, desk, "banzhang") or "chengguan" in people

    await urged("paidan")
    await desk.act("paidan", order_id, AskSupplement(missing="请核实具体路段"))
    await urged("huawu1")
    await desk.act("huawu1", order_id, Supplement(text="在解放路口东侧"))
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    await desk.act("chengguan", order_id, SignFor())
    await urged("chengguan")
    await desk.contact(order_id)
    await desk.submit(order_id)
    await urged("shenhe")
    await desk.approve(order_id)
    await urged("huifang")


def test_wherever_an_order_lies_somebody_has_it(rules: Rules) -> None:
    for state in (one for one in OPEN_STATES if one not in IN_HAND):
        event = OrderEvent(to_state=state.value, actor_department="D-CG")
        assert units_for("holder", event, [], rules) == {"D-HL"}, state


async def test_who_must_decide_on_a_return_hears_that_the_citizen_presses(
    desk: Desk, tells: Telling
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, NOT_OURS)
    await desk.act("huawu1", order_id, Urge(reason="市民再次来电"))
    await tells.news.tell()
    for who in ("chengguan", "paidan"):
        assert (await kinds(tells, desk, who))[0] is NoticeKind.URGED


async def test_whoever_asks_citizens_hears_what_is_missing(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules
) -> None:
    order_id = (await desk.open()).order_id
    await desk.act("paidan", order_id, AskSupplement(missing="请核实具体路段"))
    await tells.news.tell()
    page = await tells.book.page(desk.people["huawu1"])
    assert [(one.kind, one.reason) for one in page.items] == [
        (NoticeKind.SUPPLEMENT, "请核实具体路段")
    ]
    assert await kinds(tells, desk, "shenhe") == []
    waiting = await OrderLists(store, clock, rules).orders(
        desk.people["huawu1"], OrderFilter(states=[OrderState.TO_SUPPLEMENT], sort="due")
    )
    assert [one.id for one in waiting.items] == [order_id]


async def test_over_several_levels_each_hears_what_is_asked_of_it(
    desk: Desk, tells: Telling
) -> None:
    section = DEEP[1]
    order_id = await desk.signed()
    desk.later(minutes=5)
    await desk.act("chengguan", order_id, Delegate(department=section))
    await tells.news.tell()
    assert await kinds(tells, desk, section) == [NoticeKind.NEW_TASK]
    await desk.act(section, order_id, SignFor())
    await desk.act(section, order_id, SubmitResult.model_validate(RESULT))
    await tells.news.tell()
    assert (await kinds(tells, desk, "chengguan"))[0] is NoticeKind.REPORTED
    child = await task_at(tells.store, order_id, section)
    await desk.act("chengguan", order_id, AcceptResult(task_id=child.id))
    asked = RequestExtension.model_validate(
        {
            "reason_code": "WORKS",
            "reason": "灯杆须整体更换",
            "amount": 1,
            "evidence": "采购合同编号2026-118",
            "caller_informed": True,
            "head": "严建新",
        }
    )
    await desk.act("chengguan", order_id, asked)
    await tells.news.tell()
    assert (await kinds(tells, desk, "paidan"))[0] is NoticeKind.ASKED
    await desk.act("banzhang", order_id, DecideExtension(granted=True, reason="情况属实"))
    await tells.news.tell()
    assert (await kinds(tells, desk, "chengguan"))[0] is NoticeKind.DECIDED


async def test_telling_that_dies_half_way_tells_everything_once_the_next_time(
    desk: Desk,
    tells: Telling,
    store: Store,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await desk.dispatched()
    put_up = NoticeBoard.post

    async def fails_afterwards(
        board: NoticeBoard, session: AsyncSession, notice: Notice, order: WorkOrder
    ) -> None:
        await put_up(board, session, notice, order)
        raise RuntimeError("injected: the database is away")

    monkeypatch.setattr(NoticeBoard, "post", fails_afterwards)
    assert await tells.news.tell() == 1  # the opening, which no unit hears of
    async with store.read() as session:
        assert await session.scalar(select(func.count()).select_from(Notice)) == 0
        [waiting] = (await session.scalars(select(OrderNews))).all()
    assert waiting.attempts == 1 and "injected" in waiting.last_error

    monkeypatch.setattr(NoticeBoard, "post", put_up)
    assert await tells.news.tell() == 0  # not yet again
    clock.advance(timedelta(seconds=10))
    assert await tells.news.tell() == 1
    assert await tells.news.tell() == 0
    assert await kinds(tells, desk, "chengguan") == [NoticeKind.NEW_TASK]


async def test_two_processes_at_once_tell_each_thing_once(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules
) -> None:
    for _ in range(4):
        await desk.dispatched()
    other = telling(store, clock, rules)
    told = await asyncio.gather(tells.news.tell(), other.news.tell())
    assert sum(told) == 8
    assert await kinds(tells, desk, "chengguan") == [NoticeKind.NEW_TASK] * 4
    desk.later(days=60)
    await asyncio.gather(tells.lights.look(), other.lights.look(), return_exceptions=True)
    await tells.lights.look()  # what one of the two left to the other
    found = await kinds(tells, desk, "chengguan")
    assert sorted(found) == [NoticeKind.LIGHT_RED] * 4  # those of two months ago are history


async def test_an_hour_brings_one_message_however_many_orders(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    for _ in range(7):
        await desk.dispatched()
    await tells.news.tell()
    assert await tells.digests.look() == 0  # the hour is not over
    desk.later(hours=1)
    await desk.dispatched()  # belongs to the next hour
    await tells.news.tell()

    assert await tells.digests.look() == 1
    assert await tells.digests.look() == 0
    sent = await messages(store)
    assert [(one.channel, one.address) for one in sent] == [
        (MessageChannel.SMS, SMS),
        (MessageChannel.EMAIL, MAIL),
    ]
    assert "新派单7件" in sent[0].text and "等7件" in sent[0].text
    desk.later(hours=1)
    assert await tells.digests.look() == 1
    assert "新派单1件" in (await messages(store))[2].text


async def test_whoever_is_on_duty_with_a_mobile_phone_gets_the_message(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules
) -> None:
    duty = DutyList(store, clock, rules)
    hours = {"starts_at": clock.now(), "ends_at": clock.now() + timedelta(hours=12)}
    clerk = desk.people["chengguan"]
    for name, phone in (("彭海波", "13911112222"), ("值班室", "07348880000"), ("同号", SMS)):
        await duty.put(clerk, "D-CG", name=name, phone=phone, **hours)
    early = {"starts_at": clock.now() + timedelta(hours=13), "ends_at": hours["ends_at"]}
    early["ends_at"] = early["starts_at"] + timedelta(hours=1)
    await duty.put(clerk, "D-CG", name="明天", phone="13933334444", **early)
    await urgent_order(desk, tells)
    sent = await messages_of(store, MessageChannel.SMS)
    assert sorted(one.address for one in sent) == [SMS, "13911112222"]


@pytest.mark.parametrize(("urgency", "word"), [("CRITICAL", "特急"), ("URGENT", "紧急")])
async def test_nobody_is_woken_at_night_except_for_what_cannot_wait(
    urgency: str, word: str, desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    desk.later(hours=13)  # 23:00
    await desk.dispatched()
    await desk.dispatched(urgency=urgency)
    await tells.news.tell()
    urgent = await messages(store)
    assert len(urgent) == 2 and word in urgent[0].text

    desk.later(hours=2)
    assert await tells.digests.look() == 0
    desk.later(hours=7)  # 8:00
    assert await tells.digests.look() == 1
    morning = (await messages(store))[2:]
    assert "新派单1件" in morning[0].text  # the urgent one is not said twice


class _Moody:
    """A gateway that refuses so many times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.taken: list[str] = []

    async def send(self, message: GatewayMessage) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("injected: the gateway is away")
        self.taken.append(message.id)


async def urgent_order(desk: Desk, tells: Telling) -> None:
    """Two messages wait: an SMS and an e-mail."""
    await desk.dispatched(urgency="CRITICAL")
    await tells.news.tell()


async def test_a_gateway_that_is_away_gets_every_message_later_under_the_same_id(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules
) -> None:
    await urgent_order(desk, tells)
    gateway = _Moody(refusals=3)
    office = PostOffice(store, clock, rules, gateway)
    assert await office.send_due() == 0
    assert await office.send_due() == 0  # not yet again
    clock.advance(timedelta(seconds=6))
    assert await office.send_due() == 1
    clock.advance(timedelta(minutes=6))
    assert await office.send_due() == 1
    sent = await messages(store)
    assert sorted(gateway.taken) == sorted(one.id for one in sent)
    assert all(one.done_at and one.next_at is None for one in sent)


async def test_after_days_of_refusals_a_message_is_given_up_and_says_why(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules
) -> None:
    await urgent_order(desk, tells)
    office, begun = PostOffice(store, clock, rules, _Moody(refusals=1000)), clock.now()
    tries = 0
    while any(one.next_at for one in await messages(store)):
        clock.set(min(one.next_at for one in await messages(store) if one.next_at))
        await office.send_due()
        tries += 1
    assert clock.now() - begun > timedelta(days=3)
    assert all(one.given_up_at and "injected" in one.last_error for one in await messages(store))
    assert tries == len(rules.notices.sending.retry_seconds) + 1


async def test_without_a_gateway_each_message_is_a_file(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules, tmp_path: Path
) -> None:
    await urgent_order(desk, tells)
    assert await PostOffice(store, clock, rules, FileGateway(tmp_path)).send_due() == 2
    [sms] = await messages_of(store, MessageChannel.SMS)
    [file] = (tmp_path / "sms").iterdir()
    assert file.name == f"{sms.id}.json"
    assert json.loads(file.read_text(encoding="utf-8"))["text"] == sms.text
    [mail] = (tmp_path / "email").iterdir()
    assert json.loads(mail.read_text(encoding="utf-8"))["address"] == MAIL


async def messages_of(store: Store, channel: MessageChannel) -> list[OutgoingMessage]:
    return [one for one in await messages(store) if one.channel is channel]
