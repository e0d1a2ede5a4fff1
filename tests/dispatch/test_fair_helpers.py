"""Units that help or work below get time of their own: whatever rests, and whoever is late."""

from __future__ import annotations

import pytest

from dispatch.commands import (
    AddJoint,
    DecideReturn,
    DecideSuspension,
    Delegate,
    Reassign,
    RequestReturn,
    RequestSuspension,
    Resume,
    SignFor,
    SubmitPart,
)
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.store import Store
from models.vocabulary import TaskState
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import Desk, back
from tests.dispatch.reading import local, order_of, task_at
from tests.dispatch.test_pauses import PAUSE, keeper

pytestmark = pytest.mark.store

SECTION, TEAM = DEEP[1], DEEP[2]
NOT_OURS = RequestReturn.model_validate(
    {
        "reason_code": "NOT_OUR_DUTY",
        "reason": "该路段灯杆由交通部门管护",
        "clause": "三定方案第三条",
        "suggested_department": "D-JT",
        "head": "负责人甲",
    }
)
HELP = AddJoint(department="D-ZJ", note="请核实灯杆权属")


async def pause(desk: Desk, order_id: str) -> None:
    """The clocks stand still."""
    await desk.act("chengguan", order_id, RequestSuspension.model_validate(PAUSE))
    await desk.act("banzhang", order_id, DecideSuspension(granted=True, reason="同意挂起"))


async def test_who_is_asked_while_all_clocks_rest_has_the_usual_time_after_the_pause(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, HELP)
    await desk.act("zhujian", order_id, NOT_OURS)
    await pause(desk, order_id)  # Friday 10:00
    desk.later(days=9)  # what the lead unit was promised is over by now
    returned = await task_at(store, order_id, "D-ZJ")
    moved = DecideReturn(granted=True, reason="另派", department="D-JT", task_id=returned.id)
    await desk.act("paidan", order_id, moved)
    desk.later(days=1, hours=-1)  # Monday 09:00
    await desk.act("banzhang", order_id, Resume(reason="天气转晴"))
    helper, lead = await task_at(store, order_id, "D-JT"), await task_at(store, order_id, "D-CG")
    assert local(helper.sign_due) == "11-30 14:30", "four office hours, none of the pause"
    assert local(lead.due_at) == "12-07 23:59"
    assert "11-30" < local(helper.due_at) < local(lead.due_at)


async def test_a_result_that_waits_above_keeps_its_time_through_a_pause(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, HELP)
    await desk.act("zhujian", order_id, SignFor())
    await desk.act("zhujian", order_id, SubmitPart(opinion="灯杆属城管局管护"))
    await desk.act("chengguan", order_id, Delegate(department=SECTION))
    await desk.act(SECTION, order_id, SignFor())
    await desk.submit(order_id, SECTION)
    await pause(desk, order_id)
    desk.later(days=14)
    await desk.act("banzhang", order_id, Resume(reason="天气转晴"))
    child = await task_at(store, order_id, SECTION)
    await desk.act("chengguan", order_id, back("缺少维修照片", task_id=child.id))
    helper = await task_at(store, order_id, "D-ZJ")
    again = back("请附权属证明", task_id=helper.id)
    await desk.act("chengguan", order_id, again)
    now = desk.clock.now()
    for unit in (SECTION, "D-ZJ"):
        task = await task_at(store, order_id, unit)
        assert (task.state, task.due_at > now) == (TaskState.SENT_BACK, True), unit


async def test_who_is_asked_to_help_with_what_is_late_is_not_late(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.signed()
    desk.later(days=10)
    await keeper(desk, store, clock).fire_due()
    await desk.act("paidan", order_id, HELP)
    helper, lead = await task_at(store, order_id, "D-ZJ"), await task_at(store, order_id, "D-CG")
    assert (local(lead.due_at), local(helper.due_at)) == ("11-27 23:59", "12-02 23:59")
    assert lead.due_at < helper.dispatched_at < helper.sign_due < helper.due_at
    assert helper.clocks["handle"]["explanation"].startswith("主办单位已超期，协办另计。")
    desk.later(minutes=1)
    await keeper(desk, store, clock).fire_due()
    assert (await task_at(store, order_id, "D-ZJ")).state is TaskState.TO_SIGN
    # Moved to a unit that has its time, the helper keeps what it was told.
    await desk.act("banzhang", order_id, Reassign(department="D-JT", reason="核实承办单位"))
    assert (await task_at(store, order_id, "D-ZJ")).due_at == helper.due_at
    assert (await order_of(store, order_id)).lead_department == "D-JT"


async def test_a_unit_names_who_helps_below_while_the_work_goes_on(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=SECTION))
    child = await task_at(store, order_id, SECTION)
    aside = HELP.model_copy(update={"task_id": child.id})
    with pytest.raises(InvalidInput, match="区住建局不是区城管局的下级单位"):
        await desk.act("chengguan", order_id, aside)
    below = aside.model_copy(update={"department": TEAM})
    with pytest.raises(TransitionRefused, match="不是您所在的单位下派的"):
        await desk.act(SECTION, order_id, below)
    await desk.act("chengguan", order_id, below)
    helper = await task_at(store, order_id, TEAM)
    assert (helper.parent_id, helper.role.value) == (child.parent_id, "JOINT")
    assert helper.due_at < child.due_at < (await task_at(store, order_id, "D-CG")).due_at
    desk.later(days=8)
    with pytest.raises(TransitionRefused, match="该下级任务的时限已到或所剩无几"):
        await desk.act("chengguan", order_id, below)
