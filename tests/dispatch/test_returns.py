"""Whose is it? Returns, their decision, disputes, and moving an order to another unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dispatch.commands import (
    DecideReturn,
    Delegate,
    Dispatch,
    OpenDispute,
    Reassign,
    RequestReturn,
    SettleDispute,
    SignFor,
    WithdrawRequest,
)
from dispatch.order_timers import OrderTimers
from dispatch.timers import Timekeeper
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.vocabulary import OrderState, RequestState, Role, TaskRole, TaskState
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import Desk
from tests.dispatch.reading import events_of, local, order_of, requests_of, task_at

pytestmark = pytest.mark.store

NOT_OURS = {
    "reason_code": "NOT_OUR_DUTY",
    "reason": "该路段路灯由住建部门管护",
    "clause": "三定方案第三条",
    "suggested_department": "D-ZJ",
    "head": "严建新",
}
SECTION = DEEP[1]


async def give_back(desk: Desk, order_id: str, who: str = "chengguan", **changes: Any) -> None:
    """The unit says that it is not its own."""
    await desk.act(who, order_id, RequestReturn.model_validate({**NOT_OURS, **changes}))


async def returned(desk: Desk) -> str:
    """区城管局 has asked for a return."""
    order_id = await desk.dispatched()
    await give_back(desk, order_id)
    return order_id


def yes(department: str = "D-ZJ") -> DecideReturn:
    return DecideReturn(granted=True, reason="住建局管护", department=department)


NO = DecideReturn(granted=False, reason="该路段已移交城管部门")


async def test_granted_the_order_goes_to_another_unit_with_time_of_its_own(
    desk: Desk, store: Store
) -> None:
    order_id = await returned(desk)
    old = await task_at(store, order_id, "D-CG")
    assert old.state is TaskState.RETURN_REQUESTED
    assert (await order_of(store, order_id)).light_red_at == old.due_at, "the clock goes on"
    (request,) = await requests_of(store, order_id)
    assert request.evidence == {"clause": "三定方案第三条", "new_facts": "", "head": "严建新"}
    assert request.wanted == {"department": "D-ZJ"}
    assert local(request.due_at) == "11-20 15:30"  # four working hours
    desk.later(hours=1)
    await desk.act("paidan", order_id, yes())
    order, new = await order_of(store, order_id), await task_at(store, order_id, "D-ZJ")
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.CANCELLED
    assert (order.lead_department, order.due_at) == ("D-ZJ", new.due_at)
    assert (new.state, new.role, new.dispatched_at) == (
        TaskState.TO_SIGN,
        TaskRole.LEAD,
        desk.clock.now(),
    )
    assert (await requests_of(store, order_id))[0].state is RequestState.GRANTED
    await desk.act("zhujian", order_id, SignFor())


async def test_refused_the_unit_goes_on_as_signed_when_it_asked(desk: Desk, store: Store) -> None:
    order_id = await returned(desk)
    asked_at = desk.clock.now()
    desk.later(hours=2)
    await desk.act("paidan", order_id, NO)
    task = await task_at(store, order_id, "D-CG")
    assert (task.state, task.signed_at) == (TaskState.SIGNED, asked_at)
    with pytest.raises(TransitionRefused, match="已申请过退单"):
        await give_back(desk, order_id)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"head": ""}, "head"),
        ({"head": "彭 海波"}, "head"),  # who asks
        ({"suggested_department": ""}, "suggested_department"),
        ({"suggested_department": "D-CG"}, "suggested_department"),
        ({"suggested_department": "D-NO"}, "suggested_department"),
    ],
)
async def test_a_return_says_whose_it_is_and_who_stands_for_it(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    order_id = await desk.dispatched()
    with pytest.raises(InvalidInput) as error:
        await give_back(desk, order_id, **changes)
    assert field in {item["field"] for item in error.value.details["errors"]}


async def test_the_units_head_stands_for_it_by_asking(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched()
    await give_back(desk, order_id, who="juzhang", head="")
    (request,) = await requests_of(store, order_id)
    assert request.evidence["head"] == desk.people["juzhang"].name


async def test_later_than_allowed_only_with_new_facts(desk: Desk) -> None:
    order_id = await desk.signed()
    desk.later(days=5)
    with pytest.raises(InvalidInput, match="申请退单的时限（11月23日23:59）已过"):
        await give_back(desk, order_id)
    await give_back(desk, order_id, new_facts="现场查明灯杆属于小区物业")


async def test_taken_back_it_can_be_asked_again(desk: Desk, store: Store) -> None:
    order_id = await returned(desk)
    (request,) = await requests_of(store, order_id)
    with pytest.raises(TransitionRefused, match="只能由承办单位经办人"):
        await desk.act("paidan", order_id, WithdrawRequest(request_id=request.id))
    await desk.act("chengguan", order_id, WithdrawRequest(request_id=request.id))
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.SIGNED
    await give_back(desk, order_id)


async def test_a_granted_return_needs_another_unit(desk: Desk) -> None:
    order_id = await returned(desk)
    for unit, message in [("", "请选择新的承办单位"), ("D-CG", "不能再派给申请退单的单位")]:
        with pytest.raises(InvalidInput, match=message):
            await desk.act("paidan", order_id, yes(unit))


async def test_nobody_decides_their_own_return(
    desk: Desk, people: dict[str, Actor], store: Store
) -> None:
    order_id = await desk.dispatched()
    clerk = people["chengguan"]
    both = replace(clerk, roles=frozenset({Role.UNIT_CLERK, Role.DISPATCHER}))
    await give_back(desk, order_id)
    with pytest.raises(TransitionRefused, match="不能审定本人提出的申请") as refusal:
        await desk.service.act(both, order_id, yes())
    assert refusal.value.details["because"] == "not_own_request"
    assert (await requests_of(store, order_id))[0].state is RequestState.OPEN


async def test_there_must_be_a_return_to_decide(desk: Desk) -> None:
    order_id = await desk.dispatched()
    with pytest.raises(TransitionRefused, match="须有待审定的退单申请"):
        await desk.act("paidan", order_id, NO)
    with pytest.raises(InvalidInput, match="该工单没有这个申请"):
        await desk.act("paidan", order_id, NO.model_copy(update={"request_id": "no-such"}))


async def test_undecided_returns_wait_and_do_not_go_against_the_unit(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await returned(desk)
    timers = OrderTimers(desk.service)
    desk.later(days=3)
    assert await Timekeeper(store, clock, timers.handlers, timers.lock).fire_due() == 0
    assert (await requests_of(store, order_id))[0].state is RequestState.OPEN


async def test_a_unit_below_gives_back_to_the_unit_above(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=SECTION))
    await give_back(desk, order_id, who=SECTION, suggested_department=DEEP[2])
    (request,) = await requests_of(store, order_id)
    assert request.decider == "D-CG"
    child = await task_at(store, order_id, SECTION)
    answer = DecideReturn(granted=True, reason="由维护队办理", department=DEEP[2], task_id=child.id)
    with pytest.raises(TransitionRefused, match="只能由承办单位经办人"):
        await desk.act("paidan", order_id, answer)
    await desk.act("chengguan", order_id, answer)
    assert (await task_at(store, order_id, SECTION)).state is TaskState.CANCELLED
    new = await task_at(store, order_id, DEEP[2])
    parent = await task_at(store, order_id, "D-CG")
    assert (new.parent_id, parent.state) == (parent.id, TaskState.DELEGATED)
    assert new.due_at < parent.due_at
    await give_back(desk, order_id, who=DEEP[2], suggested_department=SECTION)
    kept = DecideReturn(granted=True, reason="由本局直接处理", task_id=new.id)
    await desk.act("chengguan", order_id, kept)
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.SIGNED


async def test_with_a_lead_below_that_is_let_go_go_those_that_help_it(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=SECTION, joint=[DEEP[2]]))
    await give_back(desk, order_id, who=SECTION, suggested_department="D-CG")
    child = await task_at(store, order_id, SECTION)
    kept = DecideReturn(granted=True, reason="由本局直接处理", task_id=child.id)
    await desk.act("chengguan", order_id, kept)
    assert (await task_at(store, order_id, DEEP[2])).state is TaskState.CANCELLED
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.SIGNED
    await desk.submit(order_id)


async def test_a_joint_unit_is_let_go(desk: Desk, store: Store) -> None:
    order_id = (await desk.open()).order_id
    await desk.act("paidan", order_id, Dispatch(department="D-CG", joint=["D-JJ"]))
    await give_back(desk, order_id, who="jiaojing")
    task = await task_at(store, order_id, "D-JJ")
    gone = DecideReturn(granted=True, reason="不涉及交通", task_id=task.id)
    await desk.act("paidan", order_id, gone)
    assert (await task_at(store, order_id, "D-JJ")).state is TaskState.CANCELLED
    assert (await order_of(store, order_id)).lead_department == "D-CG"


# --- disputes -------------------------------------------------------------------------------------

OBJECTION = OpenDispute(reason="该路段确未移交", clause="移交清单第12项", head="严建新")


async def disputed(desk: Desk) -> str:
    """The unit does not agree with the refusal."""
    order_id = await returned(desk)
    await desk.act("paidan", order_id, NO)
    await desk.act("chengguan", order_id, OBJECTION)
    return order_id


async def test_a_dispute_needs_a_refusal_first(desk: Desk) -> None:
    order_id = await desk.signed()
    with pytest.raises(TransitionRefused, match="退单申请被退回之后才能提出争议"):
        await desk.act("chengguan", order_id, OBJECTION)


async def test_who_had_it_first_works_on_until_the_office_rules(desk: Desk, store: Store) -> None:
    order_id = await disputed(desk)
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert order.disputed_at == desk.clock.now()
    assert (task.state, order.light_red_at) == (TaskState.SIGNED, task.due_at)
    await desk.contact(order_id)  # the citizen does not wait for it
    ruling = SettleDispute(
        department="D-ZJ", reason="编办认定由住建局承办", opinion="编办〔2026〕8号"
    )
    with pytest.raises(TransitionRefused, match="只能由班长、热线办负责人操作"):
        await desk.act("paidan", order_id, ruling)
    await desk.act("zhuren", order_id, ruling)
    order = await order_of(store, order_id)
    assert (order.lead_department, order.disputed_at) == ("D-ZJ", None)
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.CANCELLED
    await desk.act("zhujian", order_id, SignFor())
    with pytest.raises(TransitionRefused, match="承办单位已经裁定，不能再退单"):
        await give_back(desk, order_id, who="zhujian", suggested_department="D-CG")


async def test_ruled_to_stay_with_help_from_others(desk: Desk, store: Store) -> None:
    order_id = await disputed(desk)
    await desk.act(
        "banzhang", order_id, SettleDispute(department="D-CG", joint=["D-ZJ"], reason="城管局牵头")
    )
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.SIGNED
    assert (await task_at(store, order_id, "D-ZJ")).role is TaskRole.JOINT
    assert [one.state for one in await requests_of(store, order_id)] == [RequestState.REFUSED] * 2
    with pytest.raises(TransitionRefused):
        await desk.act("chengguan", order_id, OBJECTION)


async def test_after_a_ruling_units_below_may_still_give_work_back(
    desk: Desk, store: Store
) -> None:
    order_id = await disputed(desk)
    stays = SettleDispute(department="D-CG", reason="城管局承办")
    await desk.act("banzhang", order_id, stays)
    await desk.act("chengguan", order_id, Delegate(department=SECTION))
    await give_back(desk, order_id, who=SECTION, suggested_department="D-CG")
    assert (await task_at(store, order_id, SECTION)).state is TaskState.RETURN_REQUESTED


async def test_the_second_unit_that_gives_an_order_back_makes_it_a_dispute(
    desk: Desk, store: Store
) -> None:
    order_id = await returned(desk)
    await desk.act("paidan", order_id, yes())
    await give_back(desk, order_id, who="zhujian", suggested_department="D-CG")
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-ZJ")
    assert order.disputed_at is not None
    assert task.state is TaskState.SIGNED
    assert task.signed_at is not None
    with pytest.raises(TransitionRefused, match="承办单位争议正在裁定"):
        await desk.act("paidan", order_id, Reassign(department="D-JT", reason="改派交通局"))


# --- moved without asking -------------------------------------------------------------------------


async def test_the_dispatcher_moves_an_order_with_all_that_is_under_it(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=SECTION))
    with pytest.raises(InvalidInput, match="工单已由该单位承办"):
        await desk.act("paidan", order_id, Reassign(department="D-CG", reason="改派城管局"))
    await desk.act("paidan", order_id, Reassign(department="D-ZJ", reason="属住建局管护"))
    states = [(await task_at(store, order_id, unit)).state for unit in ("D-CG", SECTION, "D-ZJ")]
    assert states == [TaskState.CANCELLED, TaskState.CANCELLED, TaskState.TO_SIGN]
    order = await order_of(store, order_id)
    assert (order.state, order.lead_department) == (OrderState.DISPATCHED, "D-ZJ")
    last = (await events_of(store, order_id))[-1]
    assert last.changes["lead_department"] == ["D-CG", "D-ZJ"]


BUILT_ON_A_ROOF = {
    "title": "楼顶违法建设",
    "content": "市民反映楼顶违法搭建阳光房。",
    "category": "C010401",
}


async def test_nobody_sends_to_a_street_what_the_catalogue_keeps_above(desk: Desk) -> None:
    """区城管局 must do it itself: no dispatch, return or move pushes it down."""
    kept = "派单目录规定由区城管局自行办理.*不能派给蒸湘街道.*列为协办单位"
    order_id = (await desk.open(**BUILT_ON_A_ROOF)).order_id
    with pytest.raises(InvalidInput, match=kept):
        await desk.act("paidan", order_id, Dispatch(department="D-J-ZX"))
    await desk.act("paidan", order_id, Dispatch(department="D-CG", joint=["D-J-ZX"]))
    with pytest.raises(InvalidInput, match="不能派给红湘街道"):
        await desk.act("paidan", order_id, Reassign(department="D-J-HX", reason="属地先行处理"))
    with pytest.raises(InvalidInput, match=r"建议的承办单位.*不能派给红湘街道"):
        await give_back(desk, order_id, suggested_department="D-J-HX")
    await give_back(desk, order_id)
    with pytest.raises(InvalidInput, match="不能派给红湘街道"):
        await desk.act("paidan", order_id, yes("D-J-HX"))
    await desk.act("paidan", order_id, yes())


async def test_only_those_who_decide_on_duties_go_before_the_catalogue(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.dispatched(**BUILT_ON_A_ROOF)
    await give_back(desk, order_id)
    await desk.act("paidan", order_id, NO)
    await desk.act("chengguan", order_id, OBJECTION)
    ruling = {"department": "D-J-HX", "reason": "经会商由属地街道办理"}
    with pytest.raises(InvalidInput, match="编办、司法部门另有意见的，请写明意见"):
        await desk.act("banzhang", order_id, SettleDispute(**ruling))
    opinion = "编办意见：该事项已下放街道，见赋权目录第9项"
    await desk.act("banzhang", order_id, SettleDispute(**ruling, opinion=opinion))
    assert (await task_at(store, order_id, "D-J-HX")).state is TaskState.TO_SIGN
