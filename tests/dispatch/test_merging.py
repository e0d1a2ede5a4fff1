"""Several callers, one matter: nobody is lost, nobody waits longer, each has an answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from dispatch import merged_answers
from dispatch.chain import ChainVerifier
from dispatch.commands import (
    AddJoint,
    AskShelf,
    AskWithdrawal,
    DecideMerge,
    DecideShelf,
    Delegate,
    Dispatch,
    Merge,
    SignFor,
    SuggestMerge,
    Unmerge,
    Urge,
)
from dispatch.order_timers import OrderTimers
from dispatch.rules import Rules
from dispatch.timers import Timekeeper
from dispatch.views.detail import OrderDetails
from models.clock import ManualClock
from models.errors import Conflict, InvalidInput, TransitionRefused
from models.store import Store
from models.tables import FollowUp, TimerRow, WorkOrder
from models.vocabulary import CloseReason, OrderState, TaskState, Urgency
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import HAPPY, Desk
from tests.dispatch.reading import events_of, order_of, task_at
from tests.dispatch.test_pauses import suspended
from tests.dispatch.test_returns import disputed

pytestmark = pytest.mark.store


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that hands the answers round."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


async def merge(desk: Desk, order_id: str, lead: str) -> None:
    await desk.act("paidan", order_id, Merge(into=lead, reason="同一路灯故障"))


async def test_a_caller_who_waits_for_a_shelved_order_may_call_it_off(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    lead, calls_off, forgets = await desk.signed(), await desk.dispatched(), await desk.dispatched()
    for other in (calls_off, forgets):
        await merge(desk, other, lead)
    shelf = AskShelf(
        reason="道路改造尚未立项",
        plan="列入明年市政改造计划",
        leader="彭局长",
        caller_informed="11月20日电话告知",
    )
    await desk.act("chengguan", lead, shelf)
    await desk.act("zhuren", lead, DecideShelf(granted=True, reason="同意挂账"))
    asked = AskWithdrawal(reason="诉求人已搬走", consent="张晓明，11月20日来电同意")
    await desk.act("huawu1", forgets, asked)
    await desk.withdrawn(calls_off, by="zhuren")
    assert (await order_of(store, calls_off)).state is OrderState.WITHDRAWN
    order = await order_of(store, lead)
    assert (order.state, order.merged_count) == (OrderState.SHELVED, 1)
    assert (await events_of(store, lead))[-1].action == "unmerge"
    desk.later(days=4)
    await keeper.fire_due()  # nobody has decided: it stays where it is
    assert (await order_of(store, forgets)).state is OrderState.MERGED


async def answered(desk: Desk, lead: str) -> None:
    """The lead order's unit does its work and the auditor passes it."""
    await desk.act("chengguan", lead, SignFor())
    await desk.contact(lead)
    await desk.submit(lead)
    await desk.approve(lead)


async def test_each_caller_has_number_answer_and_follow_up(
    desk: Desk, store: Store, keeper: Timekeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged_answers, "AT_ONCE", 2)  # the rest comes with the next ring
    lead = await desk.dispatched()
    callers = [
        (await desk.open(caller_phone=f"1390000000{n}", want_reply=n != 3)).order_id
        for n in range(4)
    ]
    for order_id in callers:
        await merge(desk, order_id, lead)
    assert (await order_of(store, lead)).merged_count == 4
    assert await keeper.fire_due() == 0, "nothing is answered before the lead is"
    await answered(desk, lead)
    desk.later(seconds=1)
    await keeper.fire_due()
    assert (await order_of(store, lead)).merged_count == 0
    answer = (await order_of(store, lead)).public_answer
    for order_id in callers:
        order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
        assert (order.public_answer, order.lead_department) == (answer, "D-CG")
        assert (task.state, task.outcome) == (TaskState.DONE, "SOLVED")
    assert (await order_of(store, callers[3])).close_reason is CloseReason.NO_REPLY_WANTED
    await desk.follow_up(callers[0], **HAPPY)
    assert (await desk.redo(callers[1])).state is OrderState.REDO
    assert (await order_of(store, lead)).state is OrderState.TO_FOLLOW_UP
    async with store.read() as session:
        asked = select(FollowUp.order_id).distinct()
        assert set(await session.scalars(asked)) == set(callers[:2])
    assert await ChainVerifier(store).verify_all() == []


async def test_nobody_waits_longer_for_having_been_merged(desk: Desk, store: Store) -> None:
    early = await desk.signed()
    desk.later(days=3)
    lead = await desk.dispatched()
    promised = (await task_at(store, early, "D-CG")).due_at
    assert (await order_of(store, lead)).due_at != promised
    await merge(desk, early, lead)
    order, task = await order_of(store, lead), await task_at(store, lead, "D-CG")
    assert order.due_at == task.due_at == order.light_red_at == promised
    number = (await order_of(store, early)).order_no
    assert f"并入的工单 {number} 时限在先" in task.clocks["handle"]["explanation"]
    assert (await task_at(store, early, "D-CG")).state is TaskState.CANCELLED
    assert (await order_of(store, early)).light_red_at is None


async def test_with_the_lead_all_below_and_beside_it_are_brought_forward(
    desk: Desk, store: Store
) -> None:
    early = await desk.signed()
    desk.later(days=3)
    lead = await desk.dispatched()
    await desk.act("chengguan", lead, SignFor())
    await desk.act("chengguan", lead, Delegate(department=DEEP[1]))
    await desk.act("paidan", lead, AddJoint(department="D-ZJ", note="请配合"))
    await merge(desk, early, lead)
    promised = (await task_at(store, early, "D-CG")).due_at
    assert (await task_at(store, lead, "D-CG")).due_at == promised
    for unit in (DEEP[1], "D-ZJ"):
        task = await task_at(store, lead, unit)
        assert desk.clock.now() < task.due_at < promised
        assert "因并单，上级任务的时限提前" in task.clocks["handle"]["explanation"]


async def test_what_was_promised_waits_for_the_unit_of_an_order_not_yet_dispatched(
    desk: Desk, store: Store
) -> None:
    early, other = await desk.signed(), await desk.signed()
    desk.later(days=3)
    lead, alone = (await desk.open()).order_id, (await desk.open()).order_id
    await merge(desk, early, lead)
    await merge(desk, other, alone)
    promised = (await task_at(store, early, "D-CG")).due_at
    await desk.act("paidan", other, Unmerge(reason="核实后不是同一路灯"))
    for order_id in (lead, alone):
        await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    task = await task_at(store, lead, "D-CG")
    assert task.due_at == (await order_of(store, lead)).due_at == promised
    assert "时限在先" in task.clocks["handle"]["explanation"]
    assert (await task_at(store, alone, "D-CG")).due_at > promised


async def test_a_result_that_lies_with_the_auditor_is_not_made_late(
    desk: Desk, store: Store
) -> None:
    early = await desk.dispatched(urgency="URGENT")
    await desk.act("chengguan", early, SignFor())
    lead = await desk.signed()
    await desk.contact(lead)
    desk.later(hours=30)
    await desk.submit(lead)
    await merge(desk, early, lead)
    order, task = await order_of(store, lead), await task_at(store, lead, "D-CG")
    assert order.urgency is Urgency.URGENT
    assert order.due_at == task.due_at == task.submitted_at


@pytest.mark.parametrize("department", ["", "D-CG"])
async def test_urgency_and_another_system_s_deadline_pass_to_the_lead(
    desk: Desk, store: Store, department: str
) -> None:
    lead = await desk.dispatched() if department else (await desk.open()).order_id
    desk.later(minutes=5)
    deadline = desk.clock.now() + timedelta(hours=20)
    child = (await desk.open(urgency="CRITICAL", external_due=deadline)).order_id
    owed = (await order_of(store, child)).dispatch_due
    await merge(desk, child, lead)
    order = await order_of(store, lead)
    assert (order.urgency, order.external_due) == (Urgency.CRITICAL, deadline)
    if not department:
        assert order.dispatch_due == order.light_red_at == owed
        await desk.act("paidan", lead, Dispatch(department="D-CG"))
    assert (await task_at(store, lead, "D-CG")).due_at <= deadline
    alone = await desk.dispatched(urgency="CRITICAL", external_due=deadline)
    usual = (await task_at(store, alone, "D-CG")).due_at
    assert (await task_at(store, lead, "D-CG")).due_at == usual


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("itself", "不能并入本工单自己"),
        ("unknown", "没有这个编号的工单"),
        ("merged", "请并入它的主单"),
        ("closed", "不能再并入其他工单"),
        ("suspended", "已挂起，请先解除挂起"),
        ("disputed", "争议正在裁定"),
        ("confidential", "保密件和非保密件不能并单"),
    ],
)
async def test_what_cannot_be_merged_says_why(
    desk: Desk, store: Store, case: str, words: str
) -> None:
    order_id, lead = (await desk.open()).order_id, await desk.dispatched()
    match case:
        case "itself":
            lead = order_id
        case "unknown":
            lead = "430408261120000999X"
        case "merged":
            other = await desk.dispatched()
            await merge(desk, lead, other)
        case "closed":
            lead = (
                await desk.open(answered=True, public_answer="可到社区便民服务中心办理。")
            ).order_id
        case "suspended":
            lead = await suspended(desk)
        case "disputed":
            lead = await disputed(desk)
        case "confidential":
            lead = await desk.dispatched(confidential=True)
    with pytest.raises(InvalidInput, match=words):
        await merge(desk, order_id, lead)
    assert (await order_of(store, order_id)).state is OrderState.TO_DISPATCH


async def test_an_order_that_others_were_merged_into_stays_where_it_is(
    desk: Desk, store: Store
) -> None:
    lead, other = await desk.dispatched(), await desk.dispatched()
    child = (await desk.open()).order_id
    await merge(desk, child, lead)
    with pytest.raises(TransitionRefused, match="有其他工单并入本工单"):
        await merge(desk, lead, other)
    with pytest.raises(TransitionRefused, match="有其他工单并入本工单"):
        await desk.withdrawn(lead)
    await desk.act("paidan", child, Unmerge(reason="核实后不是同一路灯"))
    order = await order_of(store, child)
    assert (order.state, order.merged_into) == (OrderState.TO_DISPATCH, None)
    assert order.light_red_at == order.dispatch_due
    await desk.act("paidan", child, Dispatch(department="D-CG"))
    assert (await order_of(store, lead)).merged_count == 0
    await desk.withdrawn(lead)


async def test_who_takes_the_call_suggests_and_the_dispatcher_confirms(
    desk: Desk, store: Store, clock: ManualClock, rules: Rules
) -> None:
    lead, child = await desk.dispatched(), (await desk.open()).order_id
    number = (await order_of(store, lead)).order_no
    spoken = f"{number[:6]} {number[6:]}"
    await desk.act("huawu1", child, SuggestMerge(into=spoken, reason="同一地点路灯"))
    with pytest.raises(TransitionRefused, match="并单申请正在等待审定"):
        await desk.act("huawu2", child, SuggestMerge(into=number, reason="同一地点路灯"))
    await desk.act("paidan", child, DecideMerge(granted=True, reason="核实为同一故障"))
    assert (await order_of(store, child)).merged_into == lead
    shown = await OrderDetails(store, clock, rules).order(desk.people["paidan"], lead)
    mine = (await order_of(store, child)).order_no
    assert shown.timeline[-1].sentence == f"周敏（派单员）工单{mine}并入本工单：核实为同一故障。"


async def test_the_caller_of_a_merged_order_urges_the_one_who_works(
    desk: Desk, store: Store
) -> None:
    lead, child = await desk.dispatched(), (await desk.open()).order_id
    await merge(desk, child, lead)
    await desk.act("huawu1", child, Urge(reason="灯还没修好", by_caller=True))
    assert (await task_at(store, lead, "D-CG")).open_urges == 1
    newest = (await events_of(store, lead))[-1]
    assert newest.changes["order"][1] == (await order_of(store, child)).order_no


async def test_two_orders_merged_into_each_other_at_the_same_moment(
    desk: Desk, store: Store
) -> None:
    one, other = await desk.dispatched(), await desk.dispatched()
    done = await asyncio.gather(
        merge(desk, one, other), merge(desk, other, one), return_exceptions=True
    )
    refused = [result for result in done if result is not None]
    assert all(isinstance(r, Conflict | InvalidInput | TransitionRefused) for r in refused)
    states = [(await order_of(store, order_id)).state for order_id in (one, other)]
    assert states.count(OrderState.MERGED) <= 1
    assert states.count(OrderState.MERGED) == 2 - len(refused)
    assert await ChainVerifier(store).verify_all() == []


async def test_killed_between_the_answers_nobody_is_forgotten(
    desk: Desk, store: Store, keeper: Timekeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = await desk.dispatched()
    callers = [(await desk.open()).order_id for _ in range(3)]
    for order_id in callers:
        await merge(desk, order_id, lead)
    await answered(desk, lead)
    desk.later(seconds=1)
    share = merged_answers._share
    calls = 0

    def dies_at_the_second(*steps: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError("the process dies here")
        return share(*steps)  # type: ignore[arg-type]  # handed through as it came

    monkeypatch.setattr(merged_answers, "_share", dies_at_the_second)
    await keeper.fire_due()
    states = {(await order_of(store, order_id)).state for order_id in callers}
    assert states == {OrderState.MERGED}, "all or nothing"
    desk.later(minutes=1)
    await keeper.fire_due()
    states = {(await order_of(store, order_id)).state for order_id in callers}
    assert states == {OrderState.TO_FOLLOW_UP}
    async with store.read() as session:
        left = select(func.count()).select_from(TimerRow).where(TimerRow.kind == "merged")
        assert await session.scalar(left) == 0
        lost = select(func.count()).where(WorkOrder.state == OrderState.MERGED)
        assert await session.scalar(lost) == 0
