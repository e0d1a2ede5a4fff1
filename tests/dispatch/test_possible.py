"""What is not possible is not offered; the page says why, and so is told who tries all the same."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest

from dispatch.commands import (
    AddJoint,
    AnswerSupervision,
    AskExclusion,
    AskReopening,
    AskShelf,
    AskWithdrawal,
    DecideExtension,
    DecideMerge,
    DecideShelf,
    DecideSuspension,
    DecideWithdrawal,
    Delegate,
    Dispatch,
    InviteFollowUp,
    Merge,
    OrderCommand,
    RequestExtension,
    RequestSuspension,
    Resume,
    ReviewShelf,
    SettleSupervision,
    SignFor,
    SubmitPart,
    SuggestMerge,
    Supervise,
    Unmerge,
)
from dispatch.rules import Rules
from dispatch.service import OrderService
from dispatch.views.detail import OrderDetails
from dispatch.views.forms import FormField
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.vocabulary import Action
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import HAPPY, Desk
from tests.dispatch.reading import order_of, task_at
from tests.dispatch.test_asked_of import LINK, asking
from tests.dispatch.test_pauses import MORE, PAUSE, suspended

pytestmark = pytest.mark.store

APPEAL = AskReopening.model_validate(
    {"reason_code": "APPEAL", "reason": "路灯又不亮了", "evidence": "诉求人11月20日来电"}
)
NOT_OURS = AskExclusion.model_validate(
    {"reason_code": "NOT_OURS", "reason": "供电线路故障所致", "evidence": "供电公司11月20日证明"}
)
STRICT = Supervise.model_validate({"level": "3", "reason_code": "MAJOR", "reason": "群众反映强烈"})
ANSWER = AnswerSupervision(answer="已安排抢修，明日完成")
SETTLED = SettleSupervision(granted=True, remark="整改到位，同意销号")


@dataclass
class Page:
    """What people see they may do, and what happens when they try."""

    desk: Desk
    details: OrderDetails

    async def offers(self, who: str, order_id: str, action: Action) -> bool:
        """Whether the action is offered."""
        shown = await self.details.order(self.desk.people[who], order_id)
        return any(one.action is action for one in shown.allowed_actions)

    async def refuses(self, who: str, order_id: str, command: OrderCommand, why: str) -> None:
        """It is not offered, the page says why, and whoever tries is told the same."""
        action = command.action
        assert not await self.offers(who, order_id, action)
        shown = await self.details.order(self.desk.people[who], order_id)
        reasons = [one.reason for one in shown.refused_actions if one.action is action]
        assert any(why in reason for reason in reasons), reasons
        with pytest.raises(TransitionRefused, match=why):
            await self.desk.act(who, order_id, command)

    async def choices(self, who: str, order_id: str, action: Action, name: str) -> FormField:
        """What there is to choose from in a field of the first offer."""
        shown = await self.details.order(self.desk.people[who], order_id)
        offer = next(one for one in shown.allowed_actions if one.action is action)
        return next(field for field in offer.fields if field.name == name)


def _values(field: FormField) -> list[str | bool]:
    return [option.value for option in field.options]


@pytest.fixture
def page(store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]) -> Page:
    own = asking(rules, link=LINK)
    desk = Desk(OrderService(store, clock, own), clock, people)
    return Page(desk, OrderDetails(store, clock, own))


async def test_more_time_where_there_is_none_to_be_had(page: Page) -> None:
    desk, more = page.desk, RequestExtension.model_validate({**MORE, "unit": "NH", "amount": 1})
    at_once = await desk.signed(urgency="CRITICAL")
    await page.refuses("chengguan", at_once, more, "该类工单不能延期")
    urgent = await desk.signed(urgency="URGENT")
    assert await page.offers("chengguan", urgent, Action.REQUEST_EXTENSION)
    await desk.act("chengguan", urgent, more)
    await desk.act("banzhang", urgent, DecideExtension(granted=True, reason="情况属实"))
    await page.refuses("chengguan", urgent, more, "该类工单最多延期1次")


async def test_work_that_cannot_go_further_down(page: Page) -> None:
    desk = page.desk
    order_id = await desk.signed()
    for above, below in pairwise(DEEP):
        assert await page.offers(_who(above), order_id, Action.DELEGATE)
        await desk.act(_who(above), order_id, Delegate(department=below))
        await desk.act(below, order_id, SignFor())
    await page.refuses(DEEP[-1], order_id, Delegate(department="D-ZJ"), "本单位没有下级单位")
    again = Delegate(department=DEEP[1])
    await page.refuses("chengguan", order_id, again, "须先收回才能另派")
    late = await desk.signed()
    desk.later(days=8)
    await page.refuses("chengguan", late, again, "本单位的办结时限已到或所剩无几")


def _who(unit: str) -> str:
    return "chengguan" if unit == DEEP[0] else unit


async def test_supervision_is_answered_once_and_settled_when_it_is(page: Page) -> None:
    desk = page.desk
    order_id = await desk.signed()
    await desk.act("banzhang", order_id, STRICT)
    await page.refuses("banzhang", order_id, SETTLED, "承办单位还没有答复督办")
    assert await page.offers("chengguan", order_id, Action.ANSWER_SUPERVISION)
    await desk.act("chengguan", order_id, ANSWER)
    await page.refuses("chengguan", order_id, ANSWER, "该督办已经答复，等待审核")
    assert await page.offers("banzhang", order_id, Action.SETTLE_SUPERVISION)
    await desk.act("banzhang", order_id, SETTLED)


async def test_what_is_asked_too_late_or_by_a_unit_that_only_helped(page: Page) -> None:
    desk = page.desk
    order_id = await desk.signed()
    await desk.act("paidan", order_id, AddJoint(department="D-ZJ", note="请核实灯杆权属"))
    await desk.act("zhujian", order_id, SignFor())
    await desk.act("zhujian", order_id, SubmitPart(opinion="灯杆属城管局管护"))
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)
    await page.refuses("zhujian", order_id, NOT_OURS, "不是由您所在的单位主办的")
    assert await page.offers("chengguan", order_id, Action.ASK_EXCLUSION)
    assert await page.offers("huifang", order_id, Action.ASK_REOPENING)
    desk.later(days=40)
    await page.refuses("chengguan", order_id, NOT_OURS, "办结已超过3个工作日")
    await page.refuses("huifang", order_id, APPEAL, "办结已超过30个自然日")


async def test_who_took_a_demand_in_has_no_say_in_striking_it_off(page: Page) -> None:
    order_id = (await page.desk.open("banzhang")).order_id
    wish = AskWithdrawal(reason="诉求人称已自行解决", consent="张晓明，11月20日来电同意")
    await page.desk.act("paidan", order_id, wish)
    for granted in (True, False):
        decision = DecideWithdrawal(granted=granted, reason="已核实情况")
        await page.refuses("banzhang", order_id, decision, "不能审定本人受理")
    assert await page.offers("zhuren", order_id, Action.DECIDE_WITHDRAWAL)


async def test_after_a_year_on_the_shelf_only_a_leader_leaves_it_there(page: Page) -> None:
    desk = page.desk
    order_id = await desk.signed()
    await desk.act(
        "chengguan",
        order_id,
        AskShelf(
            reason="线路改造须立项",
            plan="明年线路改造时解决",
            leader="彭局长",
            caller_informed="11月20日电话告知",
        ),
    )
    await desk.act("zhuren", order_id, DecideShelf(granted=True, reason="计划可行"))
    assert await page.offers("banzhang", order_id, Action.REVIEW_SHELF)
    desk.later(days=370)
    look = ReviewShelf(progress="仍在等待立项")
    await page.refuses("banzhang", order_id, look, "应由热线办负责人复核")
    assert await page.offers("zhuren", order_id, Action.REVIEW_SHELF)


async def test_a_link_goes_out_once_and_to_a_mobile(page: Page) -> None:
    desk, link = page.desk, InviteFollowUp()
    no_mobile = await desk.approved(caller_phone="07348812345")
    await page.refuses("huifang", no_mobile, link, "诉求人没有留手机号码")
    order_id = await desk.approved()
    assert await page.offers("huifang", order_id, Action.INVITE_FOLLOW_UP)
    await desk.act("huifang", order_id, link)
    await page.refuses("huifang", order_id, link, "已向诉求人发送评价链接")


async def test_supervision_is_offered_at_the_levels_one_may_choose(page: Page) -> None:
    desk, act = page.desk, Action.SUPERVISE
    order_id = await desk.signed()
    for who, levels in (("paidan", ["3"]), ("banzhang", ["3", "2"]), ("zhuren", ["3", "2", "1"])):
        assert set(_values(await page.choices(who, order_id, act, "level"))) == set(levels)
    await desk.act("banzhang", order_id, STRICT)
    assert not await page.offers("paidan", order_id, act)
    assert _values(await page.choices("banzhang", order_id, act, "level")) == ["2"]
    with pytest.raises(TransitionRefused, match="已在三级督办或更高级别"):
        await desk.act("banzhang", order_id, STRICT)


async def test_a_merge_that_has_become_impossible_can_only_be_refused(
    page: Page, store: Store
) -> None:
    desk, act = page.desk, Action.DECIDE_MERGE
    lead, child = await suspended(desk), await desk.signed()
    await desk.act("banzhang", lead, Resume(reason="天气已经转晴"))
    suggested = SuggestMerge(into=lead, reason="同一地点路灯")
    await desk.act("huawu1", child, suggested)
    field = await page.choices("paidan", child, act, "granted")
    assert (_values(field), field.hint) == ([True, False], "")
    await desk.contact(lead)
    await desk.submit(lead)
    await desk.approve(lead)
    field = await page.choices("paidan", child, act, "granted")
    number = (await order_of(store, lead)).order_no
    why = f"工单 {number} 现在是“待回访”，不能再并入其他工单"
    assert (_values(field), field.hint) == ([False], f"现在不能同意：{why}。")
    with pytest.raises(InvalidInput, match="不能再并入其他工单"):
        await desk.act("paidan", child, DecideMerge(granted=True, reason="同一故障"))
    await desk.act("paidan", child, DecideMerge(granted=False, reason="已经办完"))

    third = await desk.signed()
    await desk.act("huawu1", third, SuggestMerge(into=child, reason="同一地点路灯"))
    await desk.act("chengguan", third, RequestSuspension.model_validate(PAUSE))
    await desk.act("banzhang", third, DecideSuspension(granted=True, reason="同意挂起"))
    field = await page.choices("paidan", third, act, "granted")
    assert (_values(field), field.hint) == ([False], "现在不能同意：工单已挂起，请先解除挂起。")


async def test_only_units_that_can_take_part_are_there_to_choose(page: Page) -> None:
    desk, helper = page.desk, AddJoint(department="D-ZJ", note="请核实灯杆权属")
    order_id = await desk.signed()
    await desk.act("paidan", order_id, helper)
    field = await page.choices("paidan", order_id, Action.ADD_JOINT, "department")
    assert field.without == ["D-CG", "D-ZJ"]
    with pytest.raises(InvalidInput, match="已在办理该工单"):
        await desk.act("paidan", order_id, helper)
    field = await page.choices("chengguan", order_id, Action.DELEGATE, "department")
    assert DEEP[1] in _values(field)
    assert not {"D-CG", "D-ZJ"} & set(_values(field))
    await desk.act("chengguan", order_id, Delegate(department=DEEP[1]))
    field = await page.choices("chengguan", order_id, Action.ADD_JOINT, "department")
    assert DEEP[2] in _values(field)
    assert not {"D-ZJ", DEEP[1]} & set(_values(field))
    field = await page.choices("paidan", order_id, Action.REASSIGN, "department")
    assert field.without == ["D-CG", "D-ZJ"], "those below go with their unit"


async def test_who_has_nobody_left_below_is_not_asked_whom_to_add(page: Page, store: Store) -> None:
    desk = page.desk
    order_id = await desk.signed()
    for above, below in pairwise(DEEP):
        await desk.act(_who(above), order_id, Delegate(department=below))
        await desk.act(below, order_id, SignFor())
    # The last unit is the only one below the one before it.
    last = await task_at(store, order_id, DEEP[-1])
    helper = AddJoint(department=DEEP[-1], note="请一并核实", task_id=last.id)
    await page.refuses(DEEP[-2], order_id, helper, "的下级单位都已在办理本工单")


async def test_a_late_order_that_is_parted_again_goes_back_to_its_unit(page: Page) -> None:
    desk, act = page.desk, Action.DISPATCH
    order_id, lead = await desk.signed(), await desk.dispatched()
    desk.later(days=9)
    await desk.act("paidan", order_id, Merge(into=lead, reason="同一地点路灯"))
    await desk.act("paidan", order_id, Unmerge(reason="不是同一路灯"))
    field = await page.choices("paidan", order_id, act, "department")
    assert (_values(field), field.hint[:12]) == (["D-CG"], "该工单原由区城管局承办，")
    with pytest.raises(TransitionRefused, match="由班长派单"):
        await desk.act("paidan", order_id, Dispatch(department="D-ZJ"))
    assert _values(await page.choices("banzhang", order_id, act, "department")) == []
    await desk.act("banzhang", order_id, Dispatch(department="D-ZJ"))
