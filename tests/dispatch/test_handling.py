"""Units, auditors and the follow-up desk: what each act changes, and what it may not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.commands import (
    Amend,
    ApproveResult,
    Dispatch,
    Note,
    SignFor,
    SubmitResult,
    Urge,
)
from models.clock import ManualClock
from models.errors import InvalidInput, NotFound, TransitionRefused
from models.store import Store
from models.tables import AuditReview, ClosureScore, FollowUp, OrderEvent, Task, WorkOrder
from models.vocabulary import CloseReason, OrderState, TaskState, Urgency
from tests.dispatch.desk import (
    FRIDAY,
    HAPPY,
    PROCESS,
    QUALITY,
    RESULT,
    UNHAPPY,
    ZONE,
    Desk,
    back,
    called,
)

pytestmark = pytest.mark.store


async def order_of(store: Store, order_id: str) -> WorkOrder:
    async with store.read() as session:
        return await session.get_one(WorkOrder, order_id)


async def tasks_of(store: Store, order_id: str) -> list[Task]:
    async with store.read() as session:
        query = select(Task).where(Task.order_id == order_id)
        return list(await session.scalars(query.order_by(Task.redo_of.is_not(None))))


async def last_event(store: Store, order_id: str) -> OrderEvent:
    async with store.read() as session:
        query = select(OrderEvent).where(OrderEvent.order_id == order_id)
        return (await session.scalars(query.order_by(OrderEvent.seq.desc()).limit(1))).one()


def local(moment: datetime | None) -> str:
    assert moment is not None
    return f"{moment.astimezone(ZONE):%m-%d %H:%M}"


async def test_dispatch_promises_and_pins_every_time(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched()
    order, (task,) = await order_of(store, order_id), await tasks_of(store, order_id)
    assert local(order.dispatch_due) == "11-21 10:00"
    assert local(task.sign_due) == "11-20 15:30"
    assert local(task.first_contact_due) == "11-23 23:59"
    assert local(task.due_at) == local(order.due_at) == "11-27 23:59"
    assert (order.sla_version, order.sla_policy) == ("2026-12.3", "help")
    assert set(task.clocks) == {"sign", "sign_twice", "first_contact", "handle"}
    assert "11月21日至22日休息不计" in task.clocks["handle"]["explanation"]
    assert order.light_red_at == task.due_at


async def test_raised_urgency_shortens_the_dispatch_clock(desk: Desk, store: Store) -> None:
    order_id = (await desk.open()).order_id
    await desk.act("paidan", order_id, Amend(urgency=Urgency.CRITICAL, reason="灯杆漏电"))
    order = await order_of(store, order_id)
    assert local(order.dispatch_due) == "11-20 10:10"
    assert order.sla_policy == "critical"
    event = await last_event(store, order_id)
    assert event.changes["urgency"] == ["NORMAL", "CRITICAL"]
    assert event.reason == "灯杆漏电"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"category": "C01"}, "category"),
        ({"caller_phone": ""}, "callback_phone"),
        ({}, "reason"),
        ({"title": "蒸湘北路路灯不亮"}, "reason"),
    ],
)
async def test_amendment_is_checked_like_an_opening(
    desk: Desk, wanted: dict[str, Any], field: str
) -> None:
    order_id = (await desk.open()).order_id
    with pytest.raises(InvalidInput) as error:
        await desk.act("huawu1", order_id, Amend(reason="更正", **wanted))
    assert [item["field"] for item in error.value.details["errors"]] == [field]


async def test_dispatch_needs_a_unit(desk: Desk) -> None:
    order_id = (await desk.open()).order_id
    with pytest.raises(InvalidInput, match="没有编码为 D-NO 的承办单位"):
        await desk.act("paidan", order_id, Dispatch(department="D-NO"))


async def test_only_the_first_contact_that_reached_the_citizen_counts(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.contact(order_id, reached=False)
    (task,) = await tasks_of(store, order_id)
    assert task.first_contacted_at is None
    assert task.first_contact is not None
    assert task.first_contact["reached"] is False
    desk.later(hours=1)
    await desk.contact(order_id)
    desk.later(hours=1)
    await desk.contact(order_id)
    (task,) = await tasks_of(store, order_id)
    assert local(task.first_contacted_at) == "11-20 11:00"
    event = await last_event(store, order_id)
    assert event.changes["first_contact.phone"] == [None, "13800001234"]


async def test_contact_with_a_nonsense_number_is_refused(desk: Desk) -> None:
    order_id = await desk.signed()
    with pytest.raises(InvalidInput, match="联系号码：电话号码应由"):
        wrong = called(phone="微信")
        await desk.act("chengguan", order_id, wrong)


async def test_unmet_demand_must_say_why(desk: Desk) -> None:
    order_id = await desk.signed()
    with pytest.raises(InvalidInput, match="办理结果为“列入计划”的，请说明原因"):
        await desk.submit(order_id, outcome="PLANNED")
    await desk.submit(order_id, outcome="PLANNED", unresolved_reason="列入明年改造计划")


async def test_sent_back_result_keeps_its_first_due_date(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.submitted()
    due = (await tasks_of(store, order_id))[0].due_at
    await desk.act("shenhe", order_id, back("没有回应诉求人提出的修复时间"))
    order, (task,) = await order_of(store, order_id), await tasks_of(store, order_id)
    assert (order.state, task.state) == (OrderState.DISPATCHED, TaskState.SENT_BACK)
    assert task.sent_back_count == 1
    assert task.due_at == due == order.light_red_at
    await desk.submit(order_id)
    assert (await order_of(store, order_id)).state is OrderState.TO_AUDIT


@pytest.mark.parametrize(
    ("quality", "process", "field"),
    [
        ({**QUALITY, "tone": 16}, PROCESS, "quality_items.tone"),
        ({**QUALITY, "tone": -1}, PROCESS, "quality_items.tone"),
        ({**QUALITY, "smile": 5}, PROCESS, "quality_items.smile"),
        ({k: v for k, v in QUALITY.items() if k != "tone"}, PROCESS, "quality_items.tone"),
        (QUALITY, dict.fromkeys(PROCESS), "process_items"),
    ],
)
async def test_audit_sheets_are_checked_item_by_item(
    desk: Desk, quality: dict[str, Any], process: dict[str, Any], field: str
) -> None:
    order_id = await desk.submitted()
    command = ApproveResult(quality_items=quality, process_items=process)
    with pytest.raises(InvalidInput) as error:
        await desk.act("shenhe", order_id, command)
    assert field in {item["field"] for item in error.value.details["errors"]}


async def test_items_that_do_not_apply_are_left_out_of_the_mark(desk: Desk, store: Store) -> None:
    order_id = await desk.approved()
    async with store.read() as session:
        review = (await session.scalars(select(AuditReview))).one()
    assert review.quality == pytest.approx(80 / 85 * 100, abs=0.01)
    assert review.process == 8
    assert review.order_id == order_id


async def test_no_reply_wanted_closes_at_the_audit(desk: Desk, store: Store) -> None:
    order_id = await desk.submitted(want_reply=False, caller_phone="")
    closed = await desk.approve(order_id)
    order = await order_of(store, order_id)
    assert order.state is OrderState.CLOSED
    assert order.close_reason is CloseReason.NO_REPLY_WANTED
    assert closed.score is not None
    assert order.light_red_at is None


async def test_unreachable_citizen_is_tried_three_times_in_two_parts_of_the_day(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.approved()
    clock.set(FRIDAY)
    for hour in (8, 9, 10):  # all in the morning: not enough
        clock.set(FRIDAY.replace(hour=hour))
        assert (await desk.follow_up(order_id, reached=False)).state is OrderState.TO_FOLLOW_UP
    clock.set(FRIDAY.replace(hour=15))
    closed = await desk.follow_up(order_id, reached=False)
    assert closed.state is OrderState.CLOSED
    assert (await order_of(store, order_id)).close_reason is CloseReason.UNREACHABLE
    # Without the citizen's words only the unit's own work counts.
    async with store.read() as session:
        score = (await session.scalars(select(ClosureScore))).one()
    left_out = [part["code"] for part in score.explanation["parts"] if part["points"] is None]
    assert left_out == ["solved", "satisfaction"]


async def test_two_tries_in_two_parts_of_the_day_are_not_enough(
    desk: Desk, clock: ManualClock
) -> None:
    order_id = await desk.approved()
    clock.set(FRIDAY)
    await desk.follow_up(order_id, reached=False)
    clock.set(FRIDAY.replace(hour=19))
    assert (await desk.follow_up(order_id, reached=False)).state is OrderState.TO_FOLLOW_UP


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"reached": True}, "solved"),
        ({"reached": True, "contacted": True, "solved": "SOLVED"}, "satisfaction"),
        ({"reached": False, "satisfaction": "SATISFIED"}, "satisfaction"),
        ({**HAPPY, "redo": True, "redo_reason": "再办一次"}, "redo"),
        ({**UNHAPPY, "redo": True}, "redo_reason"),
        ({"reached": False, "redo": True, "redo_reason": "再办一次"}, "redo"),
        ({**HAPPY, "call_id": "no-such-call"}, "call_id"),
    ],
)
async def test_follow_up_that_does_not_add_up_is_refused(
    desk: Desk, store: Store, answers: dict[str, Any], field: str
) -> None:
    order_id = await desk.approved()
    with pytest.raises(InvalidInput) as error:
        await desk.follow_up(order_id, **answers)
    assert field in {item["field"] for item in error.value.details["errors"]}
    async with store.read() as session:
        assert (await session.scalars(select(FollowUp))).all() == []
    assert (await order_of(store, order_id)).state is OrderState.TO_FOLLOW_UP


async def test_dissatisfied_citizen_closes_the_order_unless_a_redo_is_asked_for(
    desk: Desk, store: Store
) -> None:
    closed = await desk.follow_up(await desk.approved(), **UNHAPPY)
    assert closed.state is OrderState.CLOSED
    assert closed.score is not None
    assert closed.score < 70


async def test_redo_is_a_new_task_with_half_the_time(desk: Desk, store: Store) -> None:
    order_id = await desk.approved()
    redo = await desk.redo(order_id)
    assert redo.state is OrderState.REDO
    first, again = await tasks_of(store, order_id)
    assert (first.state, again.state) == (TaskState.DONE, TaskState.TO_SIGN)
    assert again.redo_of == first.id
    assert first.public_answer == RESULT["public_answer"]
    assert local(again.due_at) == "11-25 23:59"  # 3 of 5 working days
    order = await order_of(store, order_id)
    assert order.redo_count == 1
    assert order.light_red_at == again.due_at

    await desk.act("chengguan", order_id, SignFor())
    await desk.submit(order_id)
    await desk.approve(order_id)
    closed = await desk.follow_up(order_id, **HAPPY)
    async with store.read() as session:
        score = (await session.scalars(select(ClosureScore))).one()
    assert closed.score == score.score
    assert [item["code"] for item in score.explanation["deductions"]] == ["redo"]
    said = next(p for p in score.explanation["parts"] if p["code"] == "solved")
    assert said["points"] == 20  # the last round's words count


async def test_late_result_is_counted_in_working_days(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    desk.later(days=10)  # Monday the 30th: due was Friday the 27th
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)
    async with store.read() as session:
        score = (await session.scalars(select(ClosureScore))).one()
    assert score.explanation["facts"]["late_units"] == 1
    parts = {part["code"]: part["points"] for part in score.explanation["parts"]}
    assert parts["on_time"] == 20
    assert parts["first_contact"] == 0


async def test_urgent_result_is_late_by_the_hour(desk: Desk, store: Store) -> None:
    order_id = await desk.signed(urgency="URGENT")
    desk.later(hours=25, minutes=1)
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)
    async with store.read() as session:
        score = (await session.scalars(select(ClosureScore))).one()
    assert score.explanation["facts"]["late_units"] == 2


async def test_unit_need_not_contact_whom_it_may_not_know(desk: Desk, store: Store) -> None:
    order_id = await desk.signed(request_type="REPORT")
    await desk.submit(order_id)
    await desk.approve(order_id)  # and is not rung afterwards either
    async with store.read() as session:
        score = (await session.scalars(select(ClosureScore))).one()
    parts = {part["code"]: part["points"] for part in score.explanation["parts"]}
    assert parts["first_contact"] is None


async def test_urges_and_notes_leave_the_state_alone(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.act("huawu2", order_id, Urge(reason="诉求人来电询问进度", by_caller=True))
    await desk.act("chengguan", order_id, Note(text="配件已订购"))
    order = await order_of(store, order_id)
    assert order.state is OrderState.DISPATCHED
    assert order.version == 5
    event = await last_event(store, order_id)
    assert (event.action, event.reason) == ("note", "配件已订购")


async def test_withdrawing_takes_the_unit_off_the_work(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.withdrawn(order_id)
    order, (task,) = await order_of(store, order_id), await tasks_of(store, order_id)
    assert order.state is OrderState.WITHDRAWN
    assert task.state is TaskState.CANCELLED
    assert order.light_red_at is None
    with pytest.raises(TransitionRefused, match="工单现在是“已撤单”"):
        await desk.submit(order_id)


async def test_order_of_another_unit_does_not_exist_for_a_clerk(desk: Desk) -> None:
    order_id = await desk.dispatched()
    with pytest.raises(NotFound):
        await desk.act("renshe", order_id, SignFor())
    with pytest.raises(NotFound):
        await desk.act("chengguan", "no-such-order", SignFor())


async def test_upper_unit_sees_but_does_not_do_the_lower_units_work(desk: Desk) -> None:
    order_id = await desk.dispatched(department="D-C-ZB")
    with pytest.raises(TransitionRefused, match="不属于您所在的单位"):
        await desk.act("zhengxiang", order_id, SignFor())


async def test_second_submission_cannot_slip_in(desk: Desk) -> None:
    order_id = await desk.submitted()
    with pytest.raises(TransitionRefused) as refusal:
        await desk.act("chengguan", order_id, SubmitResult.model_validate(RESULT))
    assert refusal.value.details["state"] == "TO_AUDIT"


async def test_time_set_back_does_not_lose_the_thread(desk: Desk, store: Store) -> None:
    order_id = await desk.approved()
    desk.clock.advance(timedelta(days=-2))
    await desk.redo(order_id)
    await desk.act("chengguan", order_id, SignFor())
    await desk.submit(order_id)
    await desk.approve(order_id)
    assert (await desk.follow_up(order_id, **HAPPY)).state is OrderState.CLOSED
