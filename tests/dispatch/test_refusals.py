"""Demands that are not accepted, results that are not, and orders that cannot be finished now."""

from __future__ import annotations

import pytest

from dispatch.commands import (
    AskReopening,
    AskShelf,
    AskSupplement,
    DecideObjection,
    DecidePanel,
    DecideRedo,
    DecideRefusal,
    DecideReopening,
    DecideShelf,
    Dispatch,
    ObjectRefusal,
    ReviewShelf,
    SignFor,
    Supplement,
    TakeOffShelf,
)
from dispatch.order_timers import OrderTimers
from dispatch.timers import Timekeeper
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.store import Store
from models.vocabulary import (
    CloseReason,
    OrderState,
    PanelFinding,
    RequestKind,
    RequestState,
    TaskState,
)
from tests.dispatch.desk import UNHAPPY, Desk
from tests.dispatch.reading import events_of, local, order_of, requests_of, task_at

pytestmark = pytest.mark.store

SHELF = AskShelf(
    reason="道路改造尚未立项",
    plan="列入2027年市政改造计划，立项后实施",
    leader="彭局长",
    caller_informed="已电话告知诉求人",
)


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that does what nobody does."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


async def test_a_refused_citizen_is_told_the_way_and_may_object(desk: Desk, store: Store) -> None:
    order_id = (await desk.open(refusal="R10")).order_id
    order = await order_of(store, order_id)
    assert (order.state, order.light_red_at) == (OrderState.REFUSED, None)
    assert "12348" in order.public_answer
    await desk.act("huawu2", order_id, ObjectRefusal(reason="对方是物业公司，应由住建部门管理"))
    with pytest.raises(TransitionRefused, match="正在等待审定"):
        await desk.act("huawu2", order_id, ObjectRefusal(reason="再次提出同样的异议"))
    await desk.act("banzhang", order_id, DecideObjection(granted=True, reason="确属监管职责"))
    order = await order_of(store, order_id)
    assert (order.state, order.public_answer) == (OrderState.TO_DISPATCH, "")
    assert order.dispatch_due == order.light_red_at


async def test_what_may_not_be_kept_is_not_kept_and_a_second_person_agrees(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    secret = {"refusal": "R05", "content": "某单位的秘密文件内容是……", "title": "反映秘密事项"}
    order_id = (await desk.open(who="banzhang", **secret)).order_id
    order = await order_of(store, order_id)
    assert "秘密文件" not in order.content + order.title + order.demand
    assert all("秘密文件" not in str(event.changes) for event in await events_of(store, order_id))
    with pytest.raises(TransitionRefused, match="不能审定本人提出"):
        await desk.act("banzhang", order_id, DecideRefusal(granted=True, reason="同意"))
    await desk.act("zhuren", order_id, DecideRefusal(granted=True, reason="同意"))
    assert (await order_of(store, order_id)).state is OrderState.REFUSED

    nuisance = (await desk.open(refusal="R08")).order_id
    desk.later(days=5)
    await keeper.fire_due()
    order = await order_of(store, nuisance)
    assert order.state is OrderState.TO_DISPATCH, "what nobody confirms is accepted"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"refusal": "R99"}, "没有编码为 R99 的不予受理原因"),
        ({"refusal": "R01", "answered": True, "public_answer": "已答复"}, "只能选一项"),
    ],
)
async def test_a_refusal_needs_a_reason_of_the_house(
    desk: Desk, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        await desk.open(**changes)


async def test_what_is_missing_is_asked_of_the_citizen(desk: Desk, store: Store) -> None:
    order_id = (await desk.open(urgency="URGENT")).order_id
    await desk.act("paidan", order_id, AskSupplement(missing="路灯杆编号和具体位置"))
    order = await order_of(store, order_id)
    assert (order.state, local(order.light_red_at)) == (OrderState.TO_SUPPLEMENT, "11-20 12:00")
    with pytest.raises(TransitionRefused):
        await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    desk.later(hours=1)
    added = Supplement(text="灯杆编号ZX-1024，在公交站旁", callback_phone="13911112222")
    await desk.act("huawu1", order_id, added)
    order = await order_of(store, order_id)
    assert order.content.endswith("补充（11月20日 11:00）：灯杆编号ZX-1024，在公交站旁")
    assert order.callback_phone == "13911112222"
    assert local(order.dispatch_due) == "11-20 13:00", "from now on"


async def test_nobody_grants_their_own_redo_and_silence_is_the_citizens(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.approved()
    asked = await desk.follow_up(order_id, **UNHAPPY, redo=True, redo_reason="灯还是不亮")
    assert asked.state is OrderState.TO_FOLLOW_UP
    with pytest.raises(TransitionRefused, match="重办、疑难会商申请正在等待审定"):
        await desk.follow_up(order_id, **UNHAPPY)
    with pytest.raises(TransitionRefused, match="只能由"):
        await desk.act("huifang", order_id, DecideRedo(granted=True, reason="同意"))
    desk.later(days=4)
    await keeper.fire_due()
    order = await order_of(store, order_id)
    assert (order.state, order.redo_count) == (OrderState.REDO, 1)
    assert order.supervised == 3, "the first redo is supervised"


async def test_a_redo_that_is_not_granted_closes_on_the_citizens_words(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.approved()
    await desk.follow_up(order_id, **UNHAPPY, redo=True, redo_reason="要求换新灯杆")
    closed = await desk.act("banzhang", order_id, DecideRedo(granted=False, reason="超出诉求范围"))
    assert closed.state is OrderState.CLOSED
    assert (await order_of(store, order_id)).close_reason is CloseReason.FOLLOWED_UP
    assert closed.score is not None
    assert closed.score < 75


async def redone_twice(desk: Desk) -> str:
    """An order whose citizen is not content for the third time."""
    order_id = await desk.approved()
    for _ in range(2):
        await desk.redo(order_id)
        await desk.act("chengguan", order_id, SignFor())
        await desk.submit(order_id)
        await desk.approve(order_id)
    await desk.follow_up(order_id, **UNHAPPY, redo=True, redo_reason="一直没修好")
    return order_id


async def test_after_two_redos_a_panel_has_the_word(desk: Desk, store: Store) -> None:
    order_id = await redone_twice(desk)
    assert (await requests_of(store, order_id))[-1].kind is RequestKind.PANEL
    finding = DecidePanel(finding=PanelFinding.UNREASONABLE, reason="诉求超出现行标准")
    with pytest.raises(TransitionRefused, match="只能由热线办负责人操作"):
        await desk.act("banzhang", order_id, finding)
    await desk.act("zhuren", order_id, finding)
    order = await order_of(store, order_id)
    assert (order.state, order.close_reason) == (OrderState.CLOSED, CloseReason.PANEL)

    again = await redone_twice(desk)
    await desk.act(
        "zhuren", again, DecidePanel(finding=PanelFinding.REDO_AGAIN, reason="责令三日内修复")
    )
    order = await order_of(store, again)
    assert (order.state, order.redo_count, order.supervised) == (OrderState.REDO, 3, 1)


async def test_a_panel_shelves_with_a_plan_and_it_is_taken_up_again(
    desk: Desk, store: Store
) -> None:
    order_id = await redone_twice(desk)
    bare = DecidePanel(finding=PanelFinding.SHELVE, reason="线路改造须立项")
    with pytest.raises(InvalidInput, match="解决计划：列入疑难挂账的必须填写"):
        await desk.act("zhuren", order_id, bare)
    planned = bare.model_copy(update={"plan": "明年线路改造时解决", "leader": "彭局长"})
    with pytest.raises(InvalidInput, match="告知诉求人情况：列入疑难挂账的必须填写"):
        await desk.act("zhuren", order_id, planned)
    planned = planned.model_copy(update={"caller_informed": "11月20日电话告知会商意见"})
    await desk.act("zhuren", order_id, planned)
    assert (await order_of(store, order_id)).state is OrderState.SHELVED
    await desk.act("banzhang", order_id, TakeOffShelf(reason="改造项目已经开工"))
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert order.state is OrderState.DISPATCHED
    assert (task.state, task.redo_of is not None) == (TaskState.TO_SIGN, True)
    assert order.redo_count == 2, "nobody has answered anything that could be wrong"
    assert local(task.due_at) == "11-27 23:59", "the five working days of handling, not of a redo"


async def test_opened_again_redos_count_anew(desk: Desk, store: Store) -> None:
    order_id = await redone_twice(desk)
    finding = DecidePanel(finding=PanelFinding.UNREASONABLE, reason="诉求超出现行标准")
    await desk.act("zhuren", order_id, finding)
    appeal = {"reason_code": "APPEAL", "reason": "灯杆已经倒伏", "evidence": "诉求人11月20日来电"}
    await desk.act("huawu1", order_id, AskReopening.model_validate(appeal))
    await desk.act("zhuren", order_id, DecideReopening(granted=True, reason="情况有新变化"))
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    for count in (3, 4):
        await desk.act("chengguan", order_id, SignFor())
        if count == 3:
            await desk.contact(order_id)
        await desk.submit(order_id)
        await desk.approve(order_id)
        await desk.redo(order_id)
        order = await order_of(store, order_id)
        # The first redo of this round is supervised, as the first one of all was.
        assert (order.state, order.redo_count, order.supervised) == (
            OrderState.REDO,
            count,
            3 if count == 3 else 0,
        )


async def test_a_shelved_order_keeps_its_time_and_is_looked_at(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, SHELF)
    with pytest.raises(TransitionRefused, match="只能由热线办负责人操作"):
        await desk.act("banzhang", order_id, DecideShelf(granted=True, reason="同意"))
    desk.later(days=1)
    await desk.act("zhuren", order_id, DecideShelf(granted=True, reason="计划可行，同意挂账"))
    order = await order_of(store, order_id)
    assert (order.state, local(order.light_red_at)) == (OrderState.SHELVED, "12-21 23:59")
    with pytest.raises(TransitionRefused):
        await desk.submit(order_id)
    desk.later(days=30)
    await desk.act("banzhang", order_id, ReviewShelf(progress="已完成勘察设计"))
    assert local((await order_of(store, order_id)).light_red_at) == "01-20 23:59"
    desk.later(days=340)
    with pytest.raises(TransitionRefused, match="应由热线办负责人复核"):
        await desk.act("banzhang", order_id, ReviewShelf(progress="仍在等待立项"))
    await desk.act("zhuren", order_id, ReviewShelf(progress="仍在等待立项"))
    await desk.act("banzhang", order_id, TakeOffShelf(reason="改造项目已经开工"))
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert (order.state, order.due_at) == (OrderState.DISPATCHED, task.due_at)
    assert "剩余5个工作日" in task.clocks["handle"]["explanation"]


async def test_what_is_not_shelved_goes_on(desk: Desk, store: Store, keeper: Timekeeper) -> None:
    order_id = await desk.signed()
    due = (await order_of(store, order_id)).due_at
    await desk.act("chengguan", order_id, SHELF)
    await desk.act("zhuren", order_id, DecideShelf(granted=False, reason="可以先行临时照明"))
    order = await order_of(store, order_id)
    assert (order.state, order.due_at) == (OrderState.DISPATCHED, due)
    await desk.act("chengguan", order_id, SHELF)
    desk.later(days=6)
    await keeper.fire_due()
    assert (await requests_of(store, order_id))[-1].state is RequestState.OPEN
    desk.later(days=3)
    await keeper.fire_due()
    assert (await requests_of(store, order_id))[1].state is RequestState.LAPSED
