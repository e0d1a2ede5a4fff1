"""Taking a demand in: what is checked, what is kept, and that nothing is opened twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from dispatch.commands import OpenOrder, SaveDraft, parse
from dispatch.drafts import Drafts
from dispatch.numbers import check_digit, order_no, spoken, valid_order_no
from dispatch.rules import Rules
from dispatch.views.detail import OrderDetails
from models.clock import ManualClock
from models.errors import Forbidden, InvalidInput, TransitionRefused
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Call, Contact, Draft, OutboxRow, Suggestion, WorkOrder
from models.vocabulary import (
    CallDirection,
    CallState,
    Channel,
    CloseReason,
    ContactOutcome,
    OrderState,
)
from tests.dispatch.desk import FRIDAY, LAMP, Desk

pytestmark = pytest.mark.store


ON_THE_SPOT = {"answered": True, "public_answer": "已向市民说明办理地点和所需材料。"}


def faults(error: InvalidInput) -> dict[str, str]:
    return {item["field"]: item["message"] for item in error.details["errors"]}


async def count(store: Store, table: Any) -> int:
    async with store.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def a_call(store: Store, call_id: str = "call-1") -> str:
    async with store.transaction() as work:
        work.session.add(
            Contact(
                id=f"contact-{call_id}",
                channel=Channel.PHONE,
                started_at=FRIDAY,
                outcome=ContactOutcome.IN_PROGRESS,
            )
        )
        await work.session.flush()
        work.session.add(
            Call(
                id=call_id,
                contact_id=f"contact-{call_id}",
                direction=CallDirection.INBOUND,
                state=CallState.TALKING,
                started_at=FRIDAY,
                outcome=ContactOutcome.IN_PROGRESS,
            )
        )
    return call_id


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"title": "长" * 51}, "title", "不能超过50个字"),
        ({"title": "  "}, "title", "不能为空"),
        ({"request_type": "WISH"}, "request_type", "应为"),
        ({"unknown": 1}, "unknown", "不认识的字段"),
        ({"content": 7}, "content", "应是文字"),
    ],
)
def test_malformed_demand_names_the_field(
    changes: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        parse(OpenOrder, {**LAMP, **changes})
    assert message in faults(error.value)[field]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"category": "C0101"}, "category", "“市政设施”下面还有细类"),
        ({"category": "X9"}, "category", "没有编码为 X9 的诉求分类"),
        ({"department": "D-XX"}, "department", "没有编码为 D-XX 的承办单位"),
        ({"department": "D-HL"}, "department", "热线中心不承办诉求"),
        ({"caller_phone": "138-0000-ABCD"}, "caller_phone", "电话号码应由3至20位数字组成"),
        ({"caller_phone": ""}, "callback_phone", "需要回访的请填写联系电话"),
        ({"answered": True}, "public_answer", "直接答复的请填写答复内容"),
        ({"answered": True, "public_answer": "好。。。。。。。。。"}, "public_answer", "至少10字"),
        ({**ON_THE_SPOT, "request_type": "REPORT"}, "request_type", "举报件不能直接答复办结"),
        ({**ON_THE_SPOT, "urgency": "CRITICAL"}, "urgency", "特急件不能直接答复办结"),
        ({"public_answer": "请拨打供电公司电话"}, "answered", "请选“直接答复”"),
        ({"call_id": "no-such-call"}, "call_id", "没有这通电话的记录"),
        ({"contact_id": "no-such-contact"}, "contact_id", "没有这个来件的记录"),
    ],
)
async def test_wrong_demand_names_the_field_and_opens_nothing(
    desk: Desk, store: Store, changes: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        await desk.open(**changes)
    assert message in faults(error.value)[field]
    assert await count(store, WorkOrder) == 0


async def test_all_faults_are_told_at_once(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as error:
        await desk.open(category="X9", department="D-XX", caller_phone="电话")
    assert {"category", "department", "caller_phone"} <= faults(error.value).keys()
    assert "诉求分类：没有编码为 X9 的诉求分类" in str(error.value)


async def test_unit_clerk_cannot_open(desk: Desk) -> None:
    with pytest.raises(TransitionRefused, match="只能由话务员、班长操作"):
        await desk.open(who="chengguan")


async def test_answer_on_the_spot_closes_without_a_score(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    answer = "社保卡可在任一社区便民服务站办理。"
    done = await desk.open(answered=True, public_answer=answer, caller_phone="")
    assert done.state is OrderState.CLOSED
    shown = await OrderDetails(store, clock, desk.service.rules).order(
        desk.people["banzhang"], done.order_id
    )
    assert shown.close_reason is CloseReason.ANSWERED
    assert shown.public_answer == answer
    assert shown.score is None
    assert shown.score_note == "直接答复的工单没有承办单位，不作办结评估。"


async def test_reports_are_confidential_unless_said_otherwise(desk: Desk, store: Store) -> None:
    report = await desk.open(request_type="REPORT")
    public = await desk.open(request_type="REPORT", confidential=False)
    async with store.read() as session:
        assert (await session.get_one(WorkOrder, report.order_id)).confidential
        assert not (await session.get_one(WorkOrder, public.order_id)).confidential


async def test_numbers_run_by_local_day(desk: Desk, clock: ManualClock) -> None:
    first, second = await desk.open(), await desk.open()
    clock.set(FRIDAY.replace(hour=23, minute=59))
    last = await desk.open()
    desk.later(minutes=2)  # local midnight has passed, UTC's has not
    tomorrow = await desk.open()
    numbers = [opened.order_no for opened in (first, second, last, tomorrow)]
    assert [number[6:18] for number in numbers] == [
        "261120000001",
        "261120000002",
        "261120000003",
        "261121000001",
    ]
    assert all(valid_order_no(number) for number in numbers)
    assert len(first.query_code or "") == 6


def test_check_digit_finds_slips_of_the_tongue() -> None:
    number = order_no("430408", FRIDAY.date(), 137)
    assert spoken(number) == f"430408 261120 000137 {number[-1]}"
    assert check_digit("0794") == "5"  # the standard's own example
    for place, digit in enumerate(number):
        for other in "0123456789":
            wrong = number[:place] + other + number[place + 1 :]
            assert valid_order_no(wrong) == (other == digit)
    assert not valid_order_no("一二三")


async def test_call_gives_contact_and_draft_is_marked(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    call_id = await a_call(store)
    drafts = Drafts(store, clock)
    agent = desk.people["huawu1"]
    await drafts.save_draft(agent, SaveDraft(id=call_id, content={"title": "路灯"}))
    assert [draft.id for draft in await drafts.unopened(agent)] == [call_id]

    opened = await desk.open(call_id=call_id)

    async with store.read() as session:
        order = await session.get_one(WorkOrder, opened.order_id)
        draft = await session.get_one(Draft, call_id)
    assert order.contact_id == f"contact-{call_id}"
    assert draft.order_id == opened.order_id
    assert await drafts.unopened(agent) == []
    second = await desk.open(call_id=call_id, title="路面也有坑")
    assert second.order_id != opened.order_id


async def test_draft_keeps_the_latest_and_belongs_to_its_agent(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    drafts = Drafts(store, clock)
    mine, other = desk.people["huawu1"], desk.people["huawu2"]
    await drafts.save_draft(mine, SaveDraft(id="d1", content={"title": "路"}))
    await drafts.save_draft(mine, SaveDraft(id="d1", content={"title": "路灯"}))
    saved = await drafts.get_draft(mine, "d1")
    assert saved is not None
    assert saved.content == {"title": "路灯"}
    assert await drafts.get_draft(mine, "d2") is None
    with pytest.raises(Forbidden):
        await drafts.save_draft(other, SaveDraft(id="d1", content={}))
    with pytest.raises(Forbidden):
        await drafts.get_draft(other, "d1")
    leader = await drafts.get_draft(desk.people["banzhang"], "d1")
    assert leader == saved


async def test_same_key_opens_one_order_and_tells_one_event(desk: Desk, store: Store) -> None:
    first = await desk.open(idempotency_key="k1")
    again = await desk.open(idempotency_key="k1")
    assert again == first.model_copy(update={"replayed": True})
    assert await count(store, WorkOrder) == 1
    assert await count(store, OutboxRow) == 1


async def test_same_key_for_another_demand_is_refused(desk: Desk, store: Store) -> None:
    await desk.open(idempotency_key="k1")
    with pytest.raises(InvalidInput, match="幂等键已用于另一次内容不同的操作"):
        await desk.open(idempotency_key="k1", title="另一件事")
    other = await desk.open(who="huawu2", idempotency_key="k1")  # another person's key
    assert not other.replayed
    assert await count(store, WorkOrder) == 2


PROPOSAL = {
    "request_types": [{"code": "HELP", "name": "求助", "confidence": 0.9}],
    "categories": [{"code": "C010103", "name": "排水", "confidence": 0.6}],
    "departments": [{"code": "D-CG", "name": "区城管局", "confidence": 0.8}],
    "urgency": "NORMAL",
    "urgency_reason": "",
    "title": "路灯不亮",
    "facts": [
        {
            "kind": "place",
            "text": "蒸湘北路",
            "value": "蒸湘北路",
            "span": {"start": 0, "end": 4},
        },
        {"kind": "time", "text": "三天前", "value": "", "span": {"start": 5, "end": 8}},
    ],
    "model_version": "seed-1",
}


async def test_what_the_agent_made_of_each_suggestion_is_kept(desk: Desk, store: Store) -> None:
    await desk.open(proposal=PROPOSAL)
    async with store.read() as session:
        kept = (await session.scalars(select(Suggestion))).one()
    assert kept.model_version == "seed-1"
    assert kept.proposed == PROPOSAL
    assert kept.decisions == {
        "request_type": "accepted",
        "category": "edited",
        "department": "accepted",
        "urgency": "accepted",
        "title": "edited",
        "place": "edited",
        "occurred": "ignored",
    }


async def test_broken_suggestion_does_not_stop_the_citizen(desk: Desk, store: Store) -> None:
    opened = await desk.open(proposal={"nonsense": True})
    assert opened.state is OrderState.TO_DISPATCH
    async with store.read() as session:
        kept = (await session.scalars(select(Suggestion))).one()
    assert kept.proposed == {"nonsense": True}
    assert kept.decisions == {}


@pytest.mark.parametrize(("minutes", "kept"), [(9, True), (11, False)])
async def test_what_was_said_is_an_order_soon_after_the_call(
    desk: Desk,
    store: Store,
    clock: ManualClock,
    rules: Rules,
    people: dict[str, Actor],
    minutes: int,
    kept: bool,
) -> None:
    call = Call(
        id=new_id(),
        direction=CallDirection.INBOUND,
        state=CallState.ENDED,
        citizen_number="13800001234",
        started_at=clock.now() - timedelta(minutes=5),
        ended_at=clock.now(),
        outcome=ContactOutcome.SERVED,
        priority_reasons=[],
    )
    async with store.transaction() as work:
        work.session.add(call)
    desk.later(minutes=minutes)
    order_id = (await desk.open(call_id=call.id)).order_id
    shown = await OrderDetails(store, clock, rules).order(people["banzhang"], order_id)
    (registered,) = [one for one in shown.clocks if one.name == "register"]
    assert registered.kept is kept
    late = [change.label for change in shown.timeline[0].changes if "登记时限" in change.label]
    assert bool(late) is not kept
