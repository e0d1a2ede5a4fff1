"""What each person sees: lists, queues, badges, one order and its timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dispatch.commands import (
    Amend,
    AskSupplement,
    Dispatch,
    Note,
    SignFor,
    SubmitResult,
    Urge,
    Watch,
)
from dispatch.rules import Rules
from dispatch.views.detail import OrderDetails
from dispatch.views.lists import OrderLists
from dispatch.views.privacy import Visibility, mask_name, mask_phone
from dispatch.views.queues import Queues
from dispatch.views.shapes import OrderDetail, OrderFilter
from models.clock import ManualClock
from models.errors import Forbidden, InvalidInput, NotFound
from models.guards import Actor
from models.store import Store
from models.vocabulary import Action, Light
from tests.dispatch.desk import FRIDAY, HAPPY, RESULT, Desk, back

pytestmark = pytest.mark.store

People = dict[str, Actor]


@pytest.fixture
def details(store: Store, clock: ManualClock, rules: Rules) -> OrderDetails:
    return OrderDetails(store, clock, rules)


@pytest.fixture
def lists(store: Store, clock: ManualClock, rules: Rules) -> OrderLists:
    return OrderLists(store, clock, rules)


@pytest.fixture
def queues(store: Store, clock: ManualClock, rules: Rules) -> Queues:
    return Queues(store, clock, rules)


@pytest.fixture
def titles(lists: OrderLists, people: People) -> Callable[..., Any]:
    """Titles of a list."""

    async def find(who: str = "zhuren", **wanted: Any) -> list[str]:
        page = await lists.orders(people[who], OrderFilter.model_validate(wanted))
        return [row.title for row in page.items]

    return find


# --- lists -------------------------------------------------------------------------------------


async def test_pages_follow_each_other_without_gap_or_repeat(
    desk: Desk, lists: OrderLists, people: People
) -> None:
    for number in range(7):
        await desk.open(title=f"第{number}件")
        desk.later(seconds=number % 2)  # some at the very same moment
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await lists.orders(people["zhuren"], OrderFilter(limit=3, cursor=cursor))
        seen += [row.title for row in page.items]
        cursor = page.next_cursor
    assert sorted(seen) == [f"第{number}件" for number in range(7)]
    assert seen[-1] == "第0件"


@pytest.mark.parametrize("narrowed", [{}, {"departments": ["D-CG"]}])
async def test_pages_of_a_search_reach_back_over_years(
    desk: Desk, lists: OrderLists, people: People, narrowed: dict[str, Any]
) -> None:
    """It looks at the newest first, and further back when they do not fill the page."""
    wanted: list[str] = []
    for number, days in enumerate((0, 400, 300, 90, 30, 20, 9, 3, 2, 0)):
        desk.later(days=days)
        order_id = (await desk.open(title=f"路灯{number}")).order_id
        await desk.act("paidan", order_id, Dispatch(department="D-CG"))
        wanted.insert(0, f"路灯{number}")
        await desk.dispatched(title=f"噪声{number}", content="夜里施工很吵，请来看看。")
    desk.later(days=12)
    for limit in (1, 2, 4, 9, 10):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = OrderFilter(q="路灯", limit=limit, cursor=cursor, **narrowed)
            page = await lists.orders(people["zhuren"], asked)
            seen += [row.title for row in page.items]
            cursor = page.next_cursor
        assert seen == wanted, limit


async def test_pages_of_units_hold_each_order_once(
    desk: Desk, lists: OrderLists, people: People
) -> None:
    """Found by two units' tasks, by two tasks of one unit, or by the unit that is only proposed."""

    async def pages(who: str, **wanted: Any) -> list[str]:
        seen, cursor = [], ""
        while cursor is not None:
            asked = OrderFilter(limit=2, cursor=cursor, **wanted)
            page = await lists.orders(people[who], asked)
            seen += [row.title for row in page.items]
            cursor = page.next_cursor
        return seen

    for number in range(5):
        order_id = (await desk.open(title=f"城管{number}")).order_id
        joint = ["D-HB"] if number % 2 else []
        await desk.act("paidan", order_id, Dispatch(department="D-CG", joint=joint))
        desk.later(seconds=number % 2)  # some at the very same moment
    redone = await desk.approved(title="重办")
    await desk.redo(redone)
    desk.later(seconds=1)
    await desk.dispatched(department="D-HB", title="环保")
    await desk.open(title="拟派", department="D-CG")

    assert sorted(await pages("chengguan")) == ["城管0", "城管1", "城管2", "城管3", "城管4", "重办"]
    assert await pages("chengguan", states=["DISPATCHED"], q="城管") == [
        title for title in await pages("zhuren", q="城管") if title.startswith("城管")
    ]
    both = await pages("zhuren", departments=["D-CG", "D-HB"])
    assert both == await pages("zhuren"), "all of them, in the same order"
    assert sorted(await pages("zhuren", departments=["D-HB"])) == ["城管1", "城管3", "环保"]


@pytest.mark.parametrize("cursor", ["x", "!!", "W10", "WyIyMDI2Il0", "IjEi", "eyJhIjoxfQ"])
async def test_foreign_cursor_is_named(lists: OrderLists, people: People, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="不是有效的翻页位置"):
        await lists.orders(people["zhuren"], OrderFilter(cursor=cursor))


async def test_filters_narrow_the_list(desk: Desk, titles: Callable[..., Any]) -> None:
    await desk.dispatched()
    await desk.dispatched(
        department="D-HB",
        title="夜间施工噪声扰民",
        request_type="COMPLAINT",
        category="C020101",
        urgency="URGENT",
        place="红湘路",
    )
    await desk.open(title="咨询社保卡", answered=True, public_answer="可到社区便民服务中心办理。")
    assert await titles(states=["CLOSED"]) == ["咨询社保卡"]
    assert await titles(departments=["D-HB"]) == ["夜间施工噪声扰民"]
    assert await titles(request_types=["COMPLAINT"]) == ["夜间施工噪声扰民"]
    assert await titles(urgencies=["URGENT"]) == ["夜间施工噪声扰民"]
    assert await titles(category="C02") == ["夜间施工噪声扰民"]
    assert await titles(category="C020102") == []
    assert await titles(q="红湘路") == ["夜间施工噪声扰民"]
    assert await titles(q="100%") == []
    assert len(await titles(accepted_from=FRIDAY.date(), accepted_to=FRIDAY.date())) == 3
    assert await titles(accepted_to="2026-11-19") == []
    with pytest.raises(InvalidInput, match="诉求分类"):
        await titles(category="C99")


async def test_most_pressing_comes_first_and_closed_ones_not_at_all(
    desk: Desk, titles: Callable[..., Any]
) -> None:
    await desk.dispatched(title="五天的")
    await desk.dispatched(title="一天的", urgency="URGENT")
    await desk.open(title="办完的", answered=True, public_answer="可到社区便民服务中心办理。")
    assert await titles(sort="due") == ["一天的", "五天的"]


async def test_lights_are_what_the_clock_says_now(
    desk: Desk, titles: Callable[..., Any], lists: OrderLists, people: People
) -> None:
    await desk.dispatched(title="急件", urgency="URGENT")
    desk.later(hours=1)
    seen = []
    for hours in (0, 18, 4, 2):
        desk.later(hours=hours)
        (row,) = (await lists.orders(people["zhuren"], OrderFilter())).items
        seen.append(row.light)
        for light in Light:
            assert bool(await titles(lights=[light.value])) == (light is row.light)
    assert seen == [Light.GREEN, Light.YELLOW, Light.ORANGE, Light.RED]


async def test_mine_are_those_i_did_something_on(desk: Desk, titles: Callable[..., Any]) -> None:
    order_id = (await desk.open(title="我催过的")).order_id
    await desk.open(title="别人的", who="huawu2")
    await desk.act("banzhang", order_id, Urge(reason="请尽快派单"))
    assert await titles("banzhang", mine=True) == ["我催过的"]
    assert await titles("huawu2", mine=True) == ["别人的"]


async def test_search_by_number_and_phone(desk: Desk, titles: Callable[..., Any]) -> None:
    opened = await desk.open(title="甲", caller_phone="13900005678")
    await desk.open(title="乙", caller_phone="13900009999")
    assert await titles(q=opened.order_no) == ["甲"]
    spoken = f"{opened.order_no[:6]} {opened.order_no[6:12]} {opened.order_no[12:]}"
    assert await titles(q=spoken) == ["甲"]
    assert await titles("huawu1", q="5678") == ["甲"]
    assert await titles("zhuren", q="5678") == []  # may not read numbers, needs the whole one
    assert await titles("zhuren", q="139-0000-5678") == ["甲"]


async def test_search_does_not_give_away_who_reported(
    desk: Desk, titles: Callable[..., Any]
) -> None:
    await desk.open(title="举报无证餐馆", request_type="REPORT", caller_phone="13900005678")
    assert await titles("huawu1", q="13900005678") == []
    assert await titles("huifang", q="13900005678") == ["举报无证餐馆"]
    assert await titles("huawu1", q="无证餐馆") == ["举报无证餐馆"]


async def test_unit_sees_its_own_and_lower_units_only(
    desk: Desk, titles: Callable[..., Any], people: People
) -> None:
    await desk.dispatched(title="城管的")
    await desk.dispatched(title="社区的", department="D-C-ZB")
    await desk.open(title="还没派的")
    assert await titles("chengguan") == ["城管的"]
    assert await titles("zhengxiang") == ["社区的"]
    assert await titles("renshe") == []
    assert set(await titles("paidan")) == {"城管的", "社区的", "还没派的"}
    with pytest.raises(Forbidden, match="不能查看工单"):
        await titles("admin")


async def test_lists_never_show_names_or_numbers(
    desk: Desk, lists: OrderLists, people: People
) -> None:
    await desk.open(title="张晓明反映路灯不亮", place="张晓明家门口")
    await desk.open(title="举报", request_type="REPORT")
    report, lamp = (await lists.orders(people["huifang"], OrderFilter())).items
    assert (lamp.caller_name, lamp.caller_phone) == ("张*", "138****1234")
    assert (lamp.title, lamp.place) == ("张*反映路灯不亮", "张*家门口")
    assert (report.caller_name, report.caller_phone) == ("保密", "保密")


# --- queues ------------------------------------------------------------------------------------


async def test_badges_count_each_persons_desk(desk: Desk, queues: Queues, people: People) -> None:
    await desk.open()
    await desk.dispatched()
    await desk.signed()
    sent_back = await desk.submitted()
    await desk.act("shenhe", sent_back, back("没有回应诉求"))
    await desk.submitted()
    await desk.approved()

    async def counts(who: str) -> dict[str, int]:
        badges = await queues.badges(people[who])
        return badges.model_dump(exclude_none=True)

    incomplete = (await desk.open()).order_id
    await desk.act("paidan", incomplete, AskSupplement(missing="请核实具体路段"))
    waits = {"to_supplement": 1}
    assert await counts("paidan") == {**waits, "to_dispatch": 1, "overdue": 0}
    boxes = {"to_sign": 1, "in_hand": 1, "sent_back": 1, "below": 0}
    assert await counts("chengguan") == {**boxes, "overdue": 0}
    assert await counts("renshe") == {**dict.fromkeys(boxes, 0), "overdue": 0}
    assert await counts("shenhe") == {"to_audit": 1, "overdue": 0}
    assert await counts("huifang") == {"to_follow_up": 1, "overdue": 0}
    assert await counts("huawu1") == {**waits, "drafts": 0, "overdue": 0}
    assert await counts("admin") == {}
    desk.later(days=30)
    assert (await counts("chengguan"))["overdue"] == 3
    assert (await counts("zhuren"))["overdue"] == 7


async def test_who_the_caller_was_taken_for_is_no_more_shown_than_who_it_is(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    said = "王小梅（13900005678）说路灯坏了。"
    opened = await desk.open(content=said, caller_name="王小梅", caller_phone="13900005678")
    right = {"caller_name": "汪小美", "caller_phone": "13900005679", "reason": "听错了"}
    await desk.act("huawu1", opened.order_id, Amend.model_validate(right))
    await desk.act("paidan", opened.order_id, Dispatch(department="D-CG"))
    shown = await details.order(people["zhuren"], opened.order_id)
    assert shown.content == "王*（139****5678）说路灯坏了。"
    assert not any(said in shown.model_dump_json() for said in ("王小梅", "13900005678"))


async def test_inbox_shows_the_worst_light_and_pages(
    desk: Desk, queues: Queues, people: People
) -> None:
    first = await desk.signed(title="先到的")
    desk.later(hours=6)  # the second is dispatched at 16:00, to be signed by Monday 11:30
    await desk.dispatched(title="没签的")
    desk.clock.set(FRIDAY.replace(day=23, hour=11, minute=10))
    page = await queues.unit_inbox(people["chengguan"], limit=1)
    (row,) = page.items
    assert row.order.id == first
    # Not yet contacted, and Monday is the last day for it.
    assert row.light is Light.YELLOW
    assert page.next_cursor is not None
    (other,) = (await queues.unit_inbox(people["chengguan"], cursor=page.next_cursor)).items
    assert other.order.title == "没签的"
    assert other.light is Light.ORANGE
    boxes = await queues.unit_inbox(people["chengguan"], box="to_sign")
    assert [item.order.title for item in boxes.items] == ["没签的"]
    with pytest.raises(InvalidInput, match="to_sign"):
        await queues.unit_inbox(people["chengguan"], box="nowhere")


async def test_queues_are_for_their_desks(queues: Queues, people: People) -> None:
    for queue in (queues.dispatch_queue, queues.audit_queue, queues.follow_up_queue):
        with pytest.raises(Forbidden, match="只对"):
            await queue(people["chengguan"])
    with pytest.raises(Forbidden, match="“本单位收件箱”只对承办单位经办人、承办单位负责人开放"):
        await queues.unit_inbox(people["paidan"])


async def test_dispatcher_sees_the_most_urgent_first(
    desk: Desk, queues: Queues, people: People
) -> None:
    await desk.open(title="一般")
    desk.later(hours=1)
    await desk.open(title="特急", urgency="CRITICAL")
    page = await queues.dispatch_queue(people["paidan"])
    assert [row.title for row in page.items] == ["特急", "一般"]


async def test_auditor_sees_which_results_are_their_own(
    desk: Desk, queues: Queues, people: People
) -> None:
    await desk.submitted()
    (row,) = (await queues.audit_queue(people["shenhe"])).items
    assert (row.department, row.own, row.sent_back_count) == ("D-CG", False, 0)


async def test_follow_up_desk_is_told_when_to_try_again(
    desk: Desk, queues: Queues, people: People
) -> None:
    order_id = await desk.approved()

    async def advice() -> str:
        (row,) = (await queues.follow_up_queue(people["huifang"])).items
        return row.advice

    assert await advice() == "尚未回访"
    await desk.follow_up(order_id, reached=False)
    assert await advice() == "已有1次未接通，请换一个时段再试"
    desk.clock.set(FRIDAY.replace(hour=15))
    assert await advice() == "已有1次未接通，现在可以再试"
    await desk.follow_up(order_id, reached=False)
    assert await advice() == "已有2次未接通，请换一个时段再试"
    desk.later(hours=1)
    assert await advice() == "已有2次未接通，本次仍未接通即可办结"
    (row,) = (await queues.follow_up_queue(people["huifang"])).items
    assert (row.attempts, row.tried) == (2, ["上午", "下午"])


async def test_attempts_of_an_earlier_round_do_not_count(
    desk: Desk, queues: Queues, people: People
) -> None:
    order_id = await desk.approved()
    await desk.follow_up(order_id, reached=False)
    await desk.redo(order_id)
    await desk.act("chengguan", order_id, SignFor())
    await desk.submit(order_id)
    await desk.approve(order_id)
    (row,) = (await queues.follow_up_queue(people["huifang"])).items
    assert (row.attempts, row.advice) == (0, "尚未回访")


# --- one order ---------------------------------------------------------------------------------


async def test_timeline_tells_the_whole_story(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = (await desk.open()).order_id
    await desk.act("paidan", order_id, Amend(place="蒸湘北路18号", reason="补充门牌"))
    await desk.act("paidan", order_id, Dispatch(department="D-CG", note="请当日查看"))
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id, reached=False)
    await desk.act("huawu2", order_id, Urge(reason="已三天未修", by_caller=True))
    await desk.submit(order_id)
    await desk.act("shenhe", order_id, back("未说明修复时间。"))
    await desk.submit(order_id, public_answer="您好，路灯已于11月20日修复，可正常照明。")
    await desk.approve(order_id)
    await desk.follow_up(order_id, reached=False, note="关机")
    await desk.redo(order_id, "又灭了")
    await desk.act("chengguan", order_id, SignFor())
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)

    shown = await details.order(people["banzhang"], order_id)
    assert [entry.sentence for entry in shown.timeline] == [
        "李晓梅（话务员）受理诉求，转派单，建议由区城管局承办。",
        "周敏（派单员）更正发生地点：补充门牌。",
        "周敏（派单员）派单给区城管局，办结时限2026年11月27日24:00：请当日查看。",
        "彭海波（承办单位经办人）代表区城管局签收。",
        "彭海波（承办单位经办人）先行联系诉求人，未联系上。",
        "王志强（话务员）应诉求人要求催办：已三天未修，请在2026年11月23日24:00前答复。",
        "彭海波（承办单位经办人）提交办理结果：实际解决。",
        "黄丽娟（办结审核员）审核退回（第1次，未回应诉求）：未说明修复时间。",
        "彭海波（承办单位经办人）提交办理结果。",
        "黄丽娟（办结审核员）审核通过，答复质量94.12分，办理过程8分。",
        "唐雅琴（回访员）第1次回访，未接通（关机）。",
        "唐雅琴（回访员）第2次回访，诉求人表示未解决、不满意，提请重办：又灭了。",
        "陈建国（班长）同意重办，转区城管局，发出三级督办，黄牌，请在2026年11月23日24:00前答复：同意重办。",
        "彭海波（承办单位经办人）代表区城管局签收。",
        "彭海波（承办单位经办人）提交办理结果：实际解决。",
        "黄丽娟（办结审核员）审核通过，答复质量94.12分，办理过程8分。",
        "唐雅琴（回访员）第1次回访，诉求人表示已解决、满意，工单以“已回访”办结，办结评估74.1分。",
    ]
    assert shown.score is not None
    assert shown.score.score == 74.1
    place = next(c for c in shown.timeline[1].changes if c.field == "place")
    assert (place.label, place.before, place.after) == (
        "发生地点",
        "蒸湘北路与解放大道交叉口",
        "蒸湘北路18号",
    )
    assert [audit.passed for audit in shown.audits].count(False) == 1
    assert len(shown.follow_ups) == 3
    assert len(shown.tasks) == 2


async def test_allowed_actions_differ_by_person_and_moment(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.dispatched()

    async def may(who: str) -> set[str]:
        shown = await details.order(people[who], order_id)
        return {item.action.value for item in shown.allowed_actions}

    assert {"sign_for", "request_return", "note"} <= await may("chengguan")
    assert {"urge", "reassign", "add_joint", "ask_withdrawal"} <= await may("paidan")
    assert not {"submit_result", "delegate"} & await may("chengguan")
    await desk.act("chengguan", order_id, SignFor())
    assert {"first_contact", "submit_result", "delegate"} <= await may("chengguan")
    assert not {"first_contact", "submit_result", "delegate"} & await may("paidan")
    await desk.submit(order_id)
    assert not {"submit_result", "request_return"} & await may("chengguan")
    assert {"approve_result", "send_back", "urge", "note"} <= await may("shenhe")


async def test_clocks_show_promise_reason_and_whether_kept(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.signed()
    shown = await details.order(people["paidan"], order_id)
    (dispatch,) = shown.clocks
    assert (dispatch.label, dispatch.kept) == ("派单时限", True)
    sign, contact, handle = shown.tasks[0].clocks
    assert (sign.kept, sign.light) == (True, Light.NONE)
    assert (contact.kept, contact.light, contact.done_at) == (None, Light.GREEN, None)
    assert handle.explanation == (
        "按“一般求助件”从2026年11月20日起算5个工作日，当日不计，"
        "11月21日至22日休息不计，至11月27日24时止。"
    )
    desk.later(days=30)
    late = (await details.order(people["paidan"], order_id)).tasks[0].clocks[2]
    assert (late.kept, late.light) == (None, Light.RED)
    await desk.submit(order_id)
    shown = await details.order(people["paidan"], order_id)
    assert shown.tasks[0].clocks[2].kept is False
    assert [clock.name for clock in shown.clocks] == ["dispatch", "audit"]


async def test_order_opens_by_its_spoken_number(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    opened = await desk.open()
    shown = await details.order(people["huawu1"], opened.order_id)
    assert await details.order_by_no(people["huawu1"], shown.order_no_spoken) == shown


async def test_unit_cannot_open_what_is_not_its_own(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.dispatched()
    for who in ("renshe", "admin"):
        with pytest.raises(NotFound):
            await details.order(people[who], order_id)


async def test_watched_orders_stand_out_and_are_listed_by_themselves(
    desk: Desk, lists: OrderLists, people: People
) -> None:
    await desk.dispatched(title="平常的")
    order_id = await desk.dispatched(title="媒体关注的")
    await desk.act("banzhang", order_id, Watch(reason="媒体关注"))
    page = await lists.orders(people["zhuren"], OrderFilter(watched=True))
    assert [(row.title, row.watched) for row in page.items] == [("媒体关注的", True)]
    every = await lists.orders(people["zhuren"], OrderFilter())
    assert sorted(row.watched for row in every.items) == [False, True]


async def test_withdrawn_order_says_why_it_has_no_score(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.dispatched()
    assert (await details.order(people["zhuren"], order_id)).score_note == "工单办结后作办结评估。"
    await desk.withdrawn(order_id)
    shown = await details.order(people["zhuren"], order_id)
    assert shown.score_note == "工单已撤回，不作办结评估。"


async def test_internal_notes_stay_in_the_hotline(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, Note(text="该单位上月两次超期", internal=True))
    await desk.act("paidan", order_id, Note(text="请注意安全"))

    async def reasons(who: str) -> list[str]:
        shown = await details.order(people[who], order_id)
        return [e.reason for e in shown.timeline if e.action is Action.NOTE]

    assert await reasons("huawu1") == ["该单位上月两次超期", "请注意安全"]
    assert await reasons("chengguan") == ["请注意安全"]


async def test_inner_note_of_a_unit_is_for_it_and_the_hotline(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.dispatched(department="D-C-ZB")
    clerk = Actor(
        id="staff-zhengxiang",
        name="文静",
        roles=people["zhengxiang"].roles,
        department="D-C-ZB",
    )
    await desk.service.act(clerk, order_id, SignFor())
    await desk.service.act(clerk, order_id, SubmitResult.model_validate(RESULT))

    def told(shown: OrderDetail) -> set[str]:
        return {change.field for entry in shown.timeline for change in entry.changes}

    upper = await details.order(people["zhengxiang"], order_id)
    assert upper.tasks[0].internal_note is None
    assert "task.internal_note" not in told(upper)
    for who in (clerk, people["shenhe"]):
        shown = await details.order(who, order_id)
        assert shown.tasks[0].internal_note == RESULT["internal_note"]
        assert "task.internal_note" in told(shown)


# --- who called --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "visibility", "name", "phone"),
    [
        ("huawu1", Visibility.CLEAR, "张晓明", "13800001234"),
        ("huifang", Visibility.CLEAR, "张晓明", "13800001234"),
        ("chengguan", Visibility.CLEAR, "张晓明", "13800001234"),
        ("zhuren", Visibility.MASKED, "张*", "138****1234"),
        ("shenhe", Visibility.MASKED, "张*", "138****1234"),
    ],
)
async def test_who_needs_the_caller_sees_the_caller(
    desk: Desk,
    details: OrderDetails,
    people: People,
    who: str,
    visibility: Visibility,
    name: str,
    phone: str,
) -> None:
    caller = (await details.order(people[who], await desk.dispatched())).caller
    assert (caller.visibility, caller.name, caller.phone) == (visibility, name, phone)


async def test_reporter_is_nowhere_in_what_the_unit_receives(
    desk: Desk, details: OrderDetails, queues: Queues, people: People
) -> None:
    opened = await desk.open(
        request_type="REPORT",
        content="张晓明（13800001234）举报餐馆无证经营，回电请打0734-8812345。",
        callback_phone="0734-8812345",
    )
    order_id = opened.order_id
    note = "可回电张晓明 138 0000 1234 核实"
    await desk.act("paidan", order_id, Dispatch(department="D-CG", note=note))
    await desk.act("huawu1", order_id, Note(text="张晓明补充：晚上营业"))
    await desk.act("chengguan", order_id, SignFor())
    shown = await details.order(people["chengguan"], order_id)
    inbox = await queues.unit_inbox(people["chengguan"])
    text = shown.model_dump_json() + inbox.model_dump_json()
    for secret in ("张晓明", "13800001234", "0000 1234", "8812345", "张*", "138****"):
        assert secret not in text, secret
    assert shown.caller.visibility is Visibility.HIDDEN
    assert shown.content.startswith("保密（保密）举报餐馆")


async def test_only_follow_up_and_for_a_day_the_taker_know_a_reporter(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.dispatched(request_type="REPORT")

    async def sees(who: str) -> Visibility:
        return (await details.order(people[who], order_id)).caller.visibility

    assert await sees("huawu1") is Visibility.CLEAR
    assert await sees("huifang") is Visibility.CLEAR
    for who in ("huawu2", "banzhang", "paidan", "shenhe", "zhuren"):
        assert await sees(who) is Visibility.HIDDEN
    desk.later(hours=25)
    assert await sees("huawu1") is Visibility.HIDDEN
    assert await sees("huifang") is Visibility.CLEAR


async def test_number_from_abroad_is_covered_too(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    opened = await desk.open(caller_phone="+8613800001234", content="回电 +86 138-0000-1234 联系。")
    shown = await details.order(people["zhuren"], opened.order_id)
    assert shown.content == "回电 +86****1234 联系。"


@pytest.mark.parametrize(
    ("number", "masked"),
    [("13800001234", "138****1234"), ("07348812345", "073****2345"), ("12345", "****"), ("", "")],
)
def test_masks(number: str, masked: str) -> None:
    assert mask_phone(number) == masked
    assert (mask_name("张晓明"), mask_name("")) == ("张*", "")
