"""More time, and time that stands still: never for nothing, never behind the citizen's back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatch.commands import (
    AddJoint,
    AskShelf,
    DecideExtension,
    DecideSuspension,
    Delegate,
    RaiseUrgency,
    RequestExtension,
    RequestSuspension,
    Resume,
    SignFor,
    SubmitResult,
)
from dispatch.order_timers import OrderTimers
from dispatch.promises import Promise
from dispatch.timers import Timekeeper
from dispatch.views.detail import OrderDetails
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.store import Store
from models.vocabulary import OrderState, RequestState, Role, TaskState, Urgency
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import FRIDAY, RESULT, Desk, called
from tests.dispatch.reading import events_of, local, order_of, requests_of, task_at

pytestmark = pytest.mark.store

MORE = {
    "reason_code": "WORKS",
    "reason": "灯具需向厂家订购",
    "amount": 3,
    "evidence": "采购合同编号2026-118",
    "caller_informed": True,
    "head": "严建新",
}
PAUSE = {
    "reason_code": "SEASON",
    "reason": "冰冻天气不能登高作业",
    "days": 10,
    "evidence": "11月20日气象预警",
    "caller_informed": True,
    "head": "严建新",
}
YES = DecideExtension(granted=True, reason="情况属实")
SECTION = DEEP[1]


async def ask_more(desk: Desk, order_id: str, who: str = "chengguan", **changes: Any) -> None:
    """The unit asks for more time."""
    await desk.act(who, order_id, RequestExtension.model_validate({**MORE, **changes}))


async def suspended(desk: Desk, **changes: Any) -> str:
    """An order whose clocks stand still since Friday noon."""
    order_id = await desk.signed(**changes)
    desk.later(hours=2)
    await desk.act("chengguan", order_id, RequestSuspension.model_validate(PAUSE))
    await desk.act("banzhang", order_id, DecideSuspension(granted=True, reason="同意挂起"))
    return order_id


async def ask_pause(desk: Desk, order_id: str, **changes: Any) -> None:
    """The unit asks for its clocks to rest."""
    command = RequestSuspension.model_validate({**PAUSE, **changes})
    await desk.act("chengguan", order_id, command)


def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


async def test_granted_the_end_moves_and_the_old_promise_is_kept(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    before = await task_at(store, order_id, "D-CG")
    assert local(before.due_at) == "11-27 23:59"
    await ask_more(desk, order_id)
    assert local((await requests_of(store, order_id))[0].due_at) == "11-23 23:59"
    assert (await task_at(store, order_id, "D-CG")).due_at == before.due_at
    await desk.act("banzhang", order_id, YES)
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert local(task.due_at) == "12-02 23:59"  # three working days more
    assert order.due_at == order.light_red_at == task.due_at
    assert task.clocks["handle.1"] == before.clocks["handle"]
    assert "经批准延长3个工作日" in task.clocks["handle"]["explanation"]
    (change,) = [e.changes for e in await events_of(store, order_id) if "task.due_at" in e.changes][
        1:
    ]
    assert change["task.due_at"] == [before.due_at.isoformat(), task.due_at.isoformat()]


async def test_less_may_be_granted_than_asked_but_not_more(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await ask_more(desk, order_id)
    with pytest.raises(InvalidInput, match="不能多于申请的3"):
        await desk.act("banzhang", order_id, YES.model_copy(update={"amount": 4}))
    await desk.act("banzhang", order_id, YES.model_copy(update={"amount": 1}))
    assert local((await task_at(store, order_id, "D-CG")).due_at) == "11-30 23:59"


async def test_refused_or_never_decided_the_end_stays(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    refused, forgotten = await desk.signed(), await desk.signed()
    for order_id in (refused, forgotten):
        await ask_more(desk, order_id)
    await desk.act("banzhang", refused, DecideExtension(granted=False, reason="理由不充分"))
    desk.later(days=4)
    assert await keeper(desk, store, clock).fire_due() == 1
    for order_id, state in [(refused, RequestState.REFUSED), (forgotten, RequestState.LAPSED)]:
        assert (await requests_of(store, order_id))[0].state is state
        assert local((await order_of(store, order_id)).due_at) == "11-27 23:59"
    assert "视为不同意" in (await events_of(store, forgotten))[-1].reason


async def test_twice_and_no_more(desk: Desk) -> None:
    order_id = await desk.signed()
    for _ in range(2):
        await ask_more(desk, order_id, amount=5)
        await desk.act("banzhang", order_id, YES)
    with pytest.raises(TransitionRefused, match="最多延期2次"):
        await ask_more(desk, order_id, amount=1)


@pytest.mark.parametrize(
    ("demand", "changes", "message"),
    [
        ({}, {"amount": 6}, "一次延期不能超过原办结时限（5个工作日）"),
        ({"request_type": "SUGGESTION"}, {"amount": 16}, "一次延期不能超过原办结时限"),
        ({"urgency": "URGENT"}, {"amount": 1}, "请按“小时”申请"),
        ({"urgency": "URGENT"}, {"amount": 25, "unit": "NH"}, "一次延期不能超过"),
        ({}, {"caller_informed": False}, "请先把延长的原因和时间告知诉求人"),
        ({}, {"head": ""}, "请选择负责人"),
    ],
)
async def test_extensions_have_bounds(
    desk: Desk, demand: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    order_id = await desk.signed(**demand)
    with pytest.raises(InvalidInput, match=message):
        await ask_more(desk, order_id, **changes)


async def test_all_extensions_together_have_a_bound(desk: Desk) -> None:
    order_id = await desk.signed(request_type="SUGGESTION")  # ten working days
    await ask_more(desk, order_id, amount=10)
    await desk.act("banzhang", order_id, YES)
    with pytest.raises(InvalidInput, match="累计延期不能超过15个工作日"):
        await ask_more(desk, order_id, amount=6)
    await ask_more(desk, order_id, amount=5)


async def test_what_has_become_urgent_is_extended_by_hours(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    desk.later(hours=1)
    urgent = RaiseUrgency(urgency=Urgency.URGENT, reason="夜间行车已有险情")
    await desk.act("banzhang", order_id, urgent)
    assert local((await task_at(store, order_id, "D-CG")).due_at) == "11-21 11:00"
    with pytest.raises(InvalidInput, match="请按“小时”申请"):  # a working day would be 61 of them
        await ask_more(desk, order_id, amount=1)
    await ask_more(desk, order_id, amount=24, unit="NH")
    await desk.act("banzhang", order_id, YES)
    assert local((await task_at(store, order_id, "D-CG")).due_at) == "11-22 11:00"


async def test_too_late_to_ask(desk: Desk) -> None:
    order_id = await desk.signed()
    desk.later(days=8)
    with pytest.raises(TransitionRefused, match="办结时限已过，不能再申请延期"):
        await ask_more(desk, order_id)


async def test_what_is_late_is_not_paused(desk: Desk) -> None:
    order_id = await desk.signed()
    desk.later(days=8)
    with pytest.raises(TransitionRefused, match="办结时限已过，不能再申请挂起"):
        await ask_pause(desk, order_id)


async def test_what_cannot_wait_is_paused_once_and_not_for_long(desk: Desk) -> None:
    order_id = await desk.signed(urgency="CRITICAL")
    with pytest.raises(InvalidInput, match="最长可挂起1个工作日"):
        await ask_pause(desk, order_id, days=2)
    await ask_pause(desk, order_id, days=1)
    await desk.act("banzhang", order_id, DecideSuspension(granted=True, reason="情况属实"))
    await desk.act("chengguan", order_id, Resume(reason="材料已补齐"))
    with pytest.raises(TransitionRefused, match="特急件只能挂起一次"):
        await ask_pause(desk, order_id, days=1)


async def test_nobody_grants_their_own_time(desk: Desk) -> None:
    order_id = await desk.signed()
    await ask_more(desk, order_id)
    clerk = desk.people["chengguan"]
    both = replace(clerk, roles=frozenset({Role.UNIT_CLERK, Role.SHIFT_LEADER}))
    with pytest.raises(TransitionRefused, match="不能审定本人提出的申请"):
        await desk.service.act(both, order_id, YES)


async def test_the_unit_above_decides_within_its_own_time(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    soon = FRIDAY + timedelta(days=3)
    await desk.act("chengguan", order_id, Delegate(department=SECTION, due_at=soon))
    await desk.act(SECTION, order_id, SignFor())
    await ask_more(desk, order_id, who=SECTION, amount=4)
    child, parent = await task_at(store, order_id, SECTION), await task_at(store, order_id, "D-CG")
    grant = YES.model_copy(update={"task_id": child.id})
    with pytest.raises(TransitionRefused, match="只能由承办单位经办人"):
        await desk.act("banzhang", order_id, grant)
    await desk.act("chengguan", order_id, grant)
    child = await task_at(store, order_id, SECTION)
    assert soon < child.due_at < parent.due_at
    await ask_more(desk, order_id, who=SECTION, amount=4)
    with pytest.raises(InvalidInput, match="上级单位的时限内没有余地"):
        await desk.act("chengguan", order_id, grant)


async def test_nobody_grants_their_own_unit_s_request_by_naming_a_task_below(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=SECTION))
    await ask_more(desk, order_id, task_id=(await task_at(store, order_id, "D-CG")).id)
    (request,) = await requests_of(store, order_id)
    below = await task_at(store, order_id, SECTION)
    named = YES.model_copy(update={"task_id": below.id, "request_id": request.id})
    colleague = replace(desk.people["chengguan"], id="staff-colleague")
    for who in (colleague, desk.people["banzhang"]):
        with pytest.raises(InvalidInput, match="该申请不是这个承办任务提出的"):
            await desk.service.act(who, order_id, named)
    assert (await requests_of(store, order_id))[0].state is RequestState.OPEN
    right = YES.model_copy(update={"request_id": request.id})
    await desk.act("banzhang", order_id, right)


async def test_who_helps_gets_no_more_time_than_the_one_who_is_helped(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, AddJoint(department="D-ZJ", note="请配合"))
    await desk.act("zhujian", order_id, SignFor())
    desk.later(hours=30)
    await ask_more(desk, order_id, who="zhujian", amount=4)
    helper, lead = await task_at(store, order_id, "D-ZJ"), await task_at(store, order_id, "D-CG")
    grant = YES.model_copy(update={"task_id": helper.id})
    await desk.act("banzhang", order_id, grant)
    later = await task_at(store, order_id, "D-ZJ")
    assert helper.due_at < later.due_at < lead.due_at
    await ask_more(desk, order_id, who="zhujian", amount=1)
    with pytest.raises(InvalidInput, match="主办单位的时限内没有余地"):
        await desk.act("banzhang", order_id, grant)


async def test_a_result_makes_the_request_needless(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await ask_more(desk, order_id)
    await desk.submit(order_id)
    (request,) = await requests_of(store, order_id)
    assert (request.state, request.decision_reason) == (
        RequestState.WITHDRAWN,
        "办理结果已提交，申请自动撤回",
    )


# --- suspension -----------------------------------------------------------------------------------


async def test_while_suspended_no_clock_runs_and_nothing_is_submitted(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await suspended(desk)
    order = await order_of(store, order_id)
    assert order.light_red_at is None
    assert local(order.suspended_until) == "12-04 23:59"
    with pytest.raises(TransitionRefused, match="工单已挂起，请先解除挂起"):
        await desk.submit(order_id)
    details = await OrderDetails(store, clock, desk.service.rules).order(
        desk.people["chengguan"], order_id
    )
    why = {one.action: one.reason for one in details.refused_actions}
    assert why["submit_result"] == "工单已挂起，请先解除挂起"
    assert "resume" in {one.action for one in details.allowed_actions}


async def test_resumed_what_was_left_is_counted_anew(desk: Desk, store: Store) -> None:
    order_id = await suspended(desk)
    desk.later(days=5)  # Wednesday
    await desk.act("chengguan", order_id, Resume(reason="天气转晴"))
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert local(task.due_at) == "12-02 23:59"  # five working days from the 25th
    assert order.due_at == order.light_red_at == task.due_at
    assert order.suspended_at is order.suspended_until is None
    assert "暂停" in task.clocks["handle"]["explanation"]
    assert set(task.clocks) >= {"handle.1", "first_contact.1"}
    await desk.submit(order_id)


async def test_nobody_else_resumes_or_shelves_what_the_lead_has(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, AddJoint(department="D-ZJ", note="请配合"))
    await desk.act("zhujian", order_id, SignFor())
    lead = (await task_at(store, order_id, "D-CG")).id
    shelf = AskShelf(
        task_id=lead,
        reason="权属不清，无法办理",
        plan="待确权后列入改造计划",
        leader="王副区长",
        caller_informed="今天上午电话告知",
    )
    with pytest.raises(TransitionRefused, match="不属于您所在的单位"):
        await desk.act("zhujian", order_id, shelf)
    await desk.act("chengguan", order_id, RequestSuspension.model_validate(PAUSE))
    await desk.act("banzhang", order_id, DecideSuspension(granted=True, reason="同意挂起"))
    with pytest.raises(TransitionRefused, match="不属于您所在的单位"):
        await desk.act("zhujian", order_id, Resume(reason="可以办理了", task_id=lead))
    details = OrderDetails(store, clock, desk.service.rules)
    for who, may in (("zhujian", False), ("chengguan", True), ("banzhang", True)):
        shown = await details.order(desk.people[who], order_id)
        assert ("resume" in {one.action for one in shown.allowed_actions}) is may, who
    await desk.act("banzhang", order_id, Resume(reason="可以办理了"))


async def test_at_its_end_the_system_resumes(desk: Desk, store: Store, clock: ManualClock) -> None:
    order_id = await suspended(desk)
    desk.later(days=14)
    assert await keeper(desk, store, clock).fire_due() == 0
    desk.later(days=1)
    assert await keeper(desk, store, clock).fire_due() == 1
    last = (await events_of(store, order_id))[-1]
    assert (last.action, last.actor_name) == ("resume", "系统")
    assert (await order_of(store, order_id)).light_red_at is not None


async def test_units_below_rest_as_well_and_stay_before_those_above(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=SECTION))
    await desk.act("chengguan", order_id, RequestSuspension.model_validate(PAUSE))
    await desk.act("zhuren", order_id, DecideSuspension(granted=True, reason="同意挂起"))
    desk.later(days=3)
    assert await keeper(desk, store, clock).fire_due() == 0, "nobody signs for the section now"
    await desk.act("zhuren", order_id, Resume(reason="恢复办理"))
    child, parent = await task_at(store, order_id, SECTION), await task_at(store, order_id, "D-CG")
    assert child.sign_due > desk.clock.now()
    assert Promise.from_json(child.clocks["sign_twice"]).due > child.sign_due, "that rests as well"
    assert desk.clock.now() < child.due_at <= parent.due_at


async def test_not_longer_than_the_rules_allow(desk: Desk) -> None:
    order_id = await desk.signed()
    with pytest.raises(InvalidInput, match="最长可挂起30个工作日"):
        await desk.act("chengguan", order_id, RequestSuspension(**{**PAUSE, "days": 31}))


async def test_a_citizen_may_withdraw_what_is_suspended(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await suspended(desk)
    await desk.withdrawn(order_id)
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.CANCELLED
    desk.later(days=30)
    assert await keeper(desk, store, clock).fire_due() == 0


# --- the citizen cannot be reached ----------------------------------------------------------------


async def test_three_tries_at_different_times_are_enough(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    missed = called(False)
    for hours in (0, 1, 2, 2):  # the second one comes too soon after the first
        desk.later(hours=hours)
        assert (await task_at(store, order_id, "D-CG")).contact_excused_at is None
        await desk.act("chengguan", order_id, missed)
    assert (await task_at(store, order_id, "D-CG")).contact_excused_at == desk.clock.now()
    await desk.act("chengguan", order_id, SubmitResult.model_validate(RESULT))
    assert (await order_of(store, order_id)).state is OrderState.TO_AUDIT
