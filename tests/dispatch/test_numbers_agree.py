"""Lists, badges, report and score of one and the same order say the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agent_console.order_layout import badges
from dispatch.commands import (
    AddJoint,
    AskRedo,
    AskReopening,
    AskShelf,
    DecidePanel,
    DecideRedo,
    DecideReopening,
    DecideShelf,
    Delegate,
    Dispatch,
    Merge,
    Reassign,
    Resume,
    SignFor,
    TakeOffShelf,
    TransferOut,
)
from dispatch.reports.report import Reports, UnitLine
from dispatch.rules import Rules
from dispatch.views.detail import OrderDetails
from dispatch.views.queues import Queues
from dispatch.views.shapes import ClockView, DeskFilter
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import FollowUp, FollowUpLink
from models.vocabulary import Action, Light, OrderState, PanelFinding
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import FRIDAY, HAPPY, UNHAPPY, Desk, back
from tests.dispatch.reading import task_at
from tests.dispatch.test_pauses import keeper, suspended
from tests.dispatch.test_refusals import redone_twice
from tests.dispatch.test_transfer import ANSWER, ELSEWHERE

pytestmark = pytest.mark.store

People = dict[str, Actor]
NOVEMBER = (date(2026, 11, 16), date(2026, 11, 30))
ON_THE_SHELF = AskShelf(
    reason="产权纠纷未决",
    plan="协调产权单位",
    leader="王局长",
    caller_informed="11月20日电话告知",
)


@pytest.fixture
def queues(store: Store, clock: ManualClock, rules: Rules) -> Queues:
    return Queues(store, clock, rules)


@pytest.fixture
def details(store: Store, clock: ManualClock, rules: Rules) -> OrderDetails:
    return OrderDetails(store, clock, rules)


class Book:
    """The report, one unit's line of it."""

    def __init__(self, reports: Reports, reader: Actor) -> None:
        self._reports = reports
        self._reader = reader

    async def line(self, unit: str = "D-CG", until: date = NOVEMBER[1]) -> UnitLine:
        report = await self._reports.report(self._reader, NOVEMBER[0], until)
        return next(line for line in report.units if line.department == unit)


@pytest.fixture
def book(store: Store, clock: ManualClock, rules: Rules, people: People) -> Book:
    return Book(Reports(store, clock, rules), people["zhuren"])


async def shelved(desk: Desk) -> str:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, ON_THE_SHELF)
    await desk.act("zhuren", order_id, DecideShelf(granted=True, reason="同意挂账"))
    return order_id


# --- clocks that stand still -------------------------------------------------------------------


async def test_what_is_suspended_is_late_nowhere(
    desk: Desk, queues: Queues, details: OrderDetails, book: Book, people: People
) -> None:
    order_id = await suspended(desk)
    desk.later(days=9)  # the old due has passed
    clerk = people["chengguan"]
    (row,) = (await queues.unit_inbox(clerk)).items
    page = await details.order(clerk, order_id)
    assert (row.light, row.order.light, page.light) == (Light.NONE,) * 3
    assert page.light_due_at is None
    assert row.order.suspended
    assert (await queues.badges(clerk)).overdue == 0
    assert (await book.line()).on_time.of == 0


async def test_resumed_it_is_due_again_everywhere(
    desk: Desk, queues: Queues, details: OrderDetails, book: Book, people: People
) -> None:
    order_id = await suspended(desk)
    desk.later(days=9)
    await desk.act("banzhang", order_id, Resume(reason="天气已经转晴"))
    desk.later(days=20)
    clerk = people["chengguan"]
    (row,) = (await queues.unit_inbox(clerk)).items
    assert (row.light, row.order.suspended) == (Light.RED, False)
    page = await details.order(clerk, order_id)
    assert (page.light, page.light_due_at) == (Light.RED, row.order.due_at)
    assert (await queues.badges(clerk)).overdue == 1
    assert (await book.line(until=date(2026, 12, 31))).on_time.of == 1


async def test_what_is_on_the_shelf_is_late_nowhere(
    desk: Desk, queues: Queues, book: Book, people: People
) -> None:
    await shelved(desk)
    desk.later(days=20)
    (row,) = (await queues.unit_inbox(people["chengguan"])).items
    assert (row.light, row.order.state) == (Light.NONE, OrderState.SHELVED)
    assert (await queues.badges(people["chengguan"])).overdue == 0
    assert (await book.line()).on_time.of == 0


async def test_what_was_late_when_it_was_shelved_stays_late(
    desk: Desk, store: Store, book: Book
) -> None:
    order_id = await desk.signed()
    desk.later(days=9)
    await desk.act("chengguan", order_id, ON_THE_SHELF)
    await desk.act("zhuren", order_id, DecideShelf(granted=True, reason="同意挂账"))
    assert (await task_at(store, order_id, "D-CG")).due_at < desk.clock.now()
    line = await book.line()
    assert (line.on_time.value, line.on_time.of) == (0.0, 1)


# --- opened again ------------------------------------------------------------------------------


async def reopened(desk: Desk, order_id: str, *, fault: bool = False) -> None:
    asked = AskReopening.model_validate(
        {
            "reason_code": "NEW_EVIDENCE",
            "reason": "有新的照片证据",
            "evidence": "现场记录〔2026〕6号",
        }
    )
    await desk.act("huifang", order_id, asked)
    desk.later(hours=1)
    granted = DecideReopening(granted=True, reason="同意恢复", unit_fault=fault)
    await desk.act("zhuren", order_id, granted)


async def opened_again(desk: Desk, unit: str, *, fault: bool = False) -> str:
    """Done by 区城管局 in time, closed, opened again, and dispatched to ``unit``."""
    order_id = await desk.approved()
    await desk.follow_up(order_id, **HAPPY)
    await reopened(desk, order_id, fault=fault)
    await desk.act("paidan", order_id, Dispatch(department=unit))
    return order_id


async def finished(desk: Desk, order_id: str, who: str, head: str) -> None:
    await desk.act(who, order_id, SignFor())
    await desk.contact(order_id, who)
    await desk.submit(order_id, who, head=head)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)


async def points(details: OrderDetails, reader: Actor, order_id: str) -> dict[str, float | None]:
    score = (await details.order(reader, order_id)).score
    assert score is not None
    parts = {part.code: part.points for part in score.parts}
    return parts | {item.code: -item.points for item in score.deductions}


async def test_opened_again_another_unit_is_assessed_by_its_own_dates(
    desk: Desk, details: OrderDetails, book: Book, people: People
) -> None:
    order_id = await opened_again(desk, "D-ZJ", fault=True)
    desk.later(days=30)  # it lets everything pass
    await finished(desk, order_id, "zhujian", "某负责人")
    got = await points(details, people["zhuren"], order_id)
    assert (got["sign"], got["first_contact"], got["on_time"]) == (0, 5, 0)
    assert "reopened" not in got  # the other one's fault
    line = await book.line("D-ZJ", date(2026, 12, 31))
    assert (line.received.value, line.redone.value) == (1, 0)
    assert (line.signed.value, line.contacted.value, line.on_time.value) == (0, 0, 0)
    first = await book.line("D-CG", date(2026, 12, 31))
    assert (first.received.value, first.redone.value, first.on_time.value) == (1, 0, 1)


async def test_opened_again_by_its_fault_the_same_unit_pays_once_and_begins_anew(
    desk: Desk, details: OrderDetails, book: Book, people: People
) -> None:
    order_id = await opened_again(desk, "D-CG", fault=True)
    await finished(desk, order_id, "chengguan", "严建新")
    got = await points(details, people["zhuren"], order_id)
    assert (got["sign"], got["on_time"], got["reopened"]) == (5, 25, -10)
    assert "redo" not in got
    line = await book.line()
    assert (line.received.value, line.redone.value) == (1, 1)


async def test_what_the_first_unit_did_wrong_is_not_the_second_ones(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.submitted()
    await desk.act("shenhe", order_id, back("没有回应诉求"))
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.redo(order_id)
    await finished(desk, order_id, "chengguan", "严建新")
    reader = people["zhuren"]
    before = await points(details, reader, order_id)
    assert (before["sent_back"], before["redo"]) == (-3, -10)
    await reopened(desk, order_id)
    await desk.act("paidan", order_id, Dispatch(department="D-ZJ"))
    await finished(desk, order_id, "zhujian", "某负责人")
    after = await points(details, reader, order_id)
    assert not {"sent_back", "redo", "supervised_3"} & set(after)


async def test_opened_again_and_merged_it_is_assessed_by_what_was_done_for_it_then(
    desk: Desk, store: Store, clock: ManualClock, details: OrderDetails, people: People
) -> None:
    order_id = await desk.approved()
    await desk.follow_up(order_id, **HAPPY)
    await reopened(desk, order_id)
    lead = await desk.dispatched("D-ZJ")
    await desk.act("paidan", order_id, Merge(into=lead, reason="同一路灯故障"))
    desk.later(days=30)  # its unit lets everything pass
    await finished(desk, lead, "zhujian", "某负责人")
    desk.later(seconds=1)
    await keeper(desk, store, clock).fire_due()
    first, given = await task_at(store, order_id, "D-CG"), await task_at(store, order_id, "D-ZJ")
    assert given.redo_of == first.id
    await desk.follow_up(order_id, **HAPPY)
    got = await points(details, people["zhuren"], order_id)
    assert (got["sign"], got["first_contact"], got["on_time"]) == (0, 5, 0)
    async with store.read() as session:
        asked = select(FollowUp.task_id).where(FollowUp.order_id == order_id)
        assert set(await session.scalars(asked)) == {first.id, given.id}


async def test_opened_again_and_answered_elsewhere_what_was_done_before_stays(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.approved()
    await desk.redo(order_id)
    await finished(desk, order_id, "chengguan", "严建新")
    before = await points(details, people["zhuren"], order_id)
    await reopened(desk, order_id)
    await desk.act("paidan", order_id, Dispatch(department="D-ZJ"))  # and brings nothing about
    await desk.act("banzhang", order_id, TransferOut.model_validate(ELSEWHERE))
    await desk.act("paidan", order_id, ANSWER)
    assert await points(details, people["zhuren"], order_id) == before
    assert before["redo"] == -10


async def test_off_a_panels_shelf_nothing_is_done_again(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await redone_twice(desk)
    planned = DecidePanel(
        finding=PanelFinding.SHELVE,
        reason="线路改造须立项",
        plan="明年线路改造时解决",
        leader="彭局长",
        caller_informed="11月20日电话告知会商意见",
    )
    await desk.act("zhuren", order_id, planned)
    await desk.act("banzhang", order_id, TakeOffShelf(reason="改造项目已经开工"))
    await finished(desk, order_id, "chengguan", "严建新")
    got = await points(details, people["zhuren"], order_id)
    assert got["redo"] == -25, "two redos, and no third one"


async def test_a_redo_that_another_unit_does_is_a_new_order_for_it(desk: Desk, book: Book) -> None:
    order_id = await desk.approved()
    await desk.redo(order_id)
    moved = Reassign(department="D-ZJ", reason="核实承办单位")
    await desk.act("banzhang", order_id, moved)
    line = await book.line("D-ZJ")
    assert (line.received.value, line.redone.value) == (1, 0)


# --- why nobody was contacted ------------------------------------------------------------------


async def sentence(details: OrderDetails, reader: Actor, order_id: str) -> str:
    score = (await details.order(reader, order_id)).score
    assert score is not None
    return next(part.sentence for part in score.parts if part.code == "first_contact")


async def test_the_score_says_that_the_unit_tried(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.signed()
    for _ in range(3):
        await desk.contact(order_id, reached=False)
        desk.later(hours=3)
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)
    said = await sentence(details, people["zhuren"], order_id)
    assert said.startswith("先行联系：单位已按规定多次拨打未联系上诉求人，不再要求先行联系，不计分")


async def test_tries_after_the_limit_are_a_late_contact(
    desk: Desk, details: OrderDetails, book: Book, people: People
) -> None:
    order_id = await desk.signed()
    desk.later(days=3)  # Monday, the last day
    for _ in range(3):  # the last two of them when the day is over
        await desk.contact(order_id, reached=False)
        desk.later(hours=20)
    shown = await contact_clock(details, people["chengguan"], order_id, "D-CG")
    assert shown is not None
    assert shown.note == "已有3次未联系上，不再要求先行联系，已超过时限，按超时联系计"
    assert (shown.light, shown.kept, shown.counts_from) == (Light.NONE, False, None)
    await desk.submit(order_id)
    await desk.approve(order_id)
    await desk.follow_up(order_id, **HAPPY)
    assert (await points(details, people["zhuren"], order_id))["first_contact"] == 5
    said = await sentence(details, people["zhuren"], order_id)
    assert "才拨满规定次数仍未联系上诉求人，时限为11月" in said
    line = await book.line()
    assert (line.contacted.value, line.contacted.of) == (0.0, 1)


async def test_the_score_says_that_there_was_nobody_to_contact(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    hidden = await desk.signed(request_type="COMPLAINT", confidential=True)
    await desk.submit(hidden)
    await desk.approve(hidden)
    said = await sentence(details, people["zhuren"], hidden)
    assert "保密工单，不向承办单位提供诉求人的联系方式" in said


# --- first contact on the unit's own page ------------------------------------------------------


async def contact_clock(
    details: OrderDetails, reader: Actor, order_id: str, unit: str
) -> ClockView | None:
    tasks = (await details.order(reader, order_id)).tasks
    clocks = next(task.clocks for task in tasks if task.department == unit)
    return next((clock for clock in clocks if clock.name == "first_contact"), None)


async def test_who_helps_has_no_clock_for_calling_the_citizen(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, AddJoint(department="D-ZJ", note="请配合"))
    assert await contact_clock(details, people["zhujian"], order_id, "D-ZJ") is None
    assert await contact_clock(details, people["zhujian"], order_id, "D-CG") is not None


async def test_tries_are_shown_and_are_no_contact(
    desk: Desk, details: OrderDetails, people: People
) -> None:
    order_id = await desk.signed()
    clerk = people["chengguan"]
    await desk.contact(order_id, reached=False)
    shown = await contact_clock(details, clerk, order_id, "D-CG")
    assert shown is not None
    assert (shown.done_at, shown.light) == (None, Light.GREEN)
    assert shown.note == "已有1次未联系上，11月20日12:00以后再拨才计次数"
    assert shown.counts_from == FRIDAY + timedelta(hours=2)
    for _ in range(2):
        desk.later(hours=3)
        shown = await contact_clock(details, clerk, order_id, "D-CG")
        assert shown is not None
        assert shown.note.endswith("次未联系上，现在再拨即可计次")
        await desk.contact(order_id, reached=False)
    shown = await contact_clock(details, clerk, order_id, "D-CG")
    assert shown is not None
    assert shown.note == "已有3次未联系上，不再要求先行联系"
    assert (shown.done_at, shown.kept, shown.light) == (None, None, Light.NONE)


# --- desks -------------------------------------------------------------------------------------


async def test_nobody_rings_a_citizen_whose_redo_is_being_decided(
    desk: Desk, queues: Queues, people: People
) -> None:
    reader = people["huifang"]
    order_id = await desk.approved()
    await desk.follow_up(order_id, **UNHAPPY, redo=True, redo_reason="灯还是不亮")
    assert (await queues.follow_up_queue(reader)).items == []
    assert (await queues.badges(reader)).to_follow_up == 0
    found = AskRedo(
        reason="现场查看灯未修复",
        verification="回访员到现场核实，路灯仍然不亮",
        evidence="现场记录〔2026〕6号",
    )
    other = await desk.approved()
    assert (await queues.badges(reader)).to_follow_up == 1
    await desk.act("huifang", other, found)
    await desk.act("banzhang", other, DecideRedo(granted=False, reason="已经修复"))
    (row,) = (await queues.follow_up_queue(reader)).items  # refused: the citizen is asked first
    assert (row.order.id, (await queues.badges(reader)).to_follow_up) == (other, 1)


async def test_a_sent_link_is_told_to_the_follow_up_desk(
    desk: Desk, store: Store, queues: Queues, people: People
) -> None:
    order_id = await desk.approved()
    task = await task_at(store, order_id, "D-CG")
    now = desk.clock.now()
    async with store.transaction() as work:
        sent = FollowUpLink(
            order_id=order_id,
            task_id=task.id,
            secret_hash="0" * 64,
            staff_id=people["huifang"].id,
            sent_at=now,
            expires_at=now + timedelta(days=2),
        )
        work.session.add(sent)

    async def advice() -> str:
        (row,) = (await queues.follow_up_queue(people["huifang"])).items
        return row.advice

    until = "诉求人尚未评价，11月22日10:00前有效"
    assert await advice() == f"已发送评价链接，{until}"
    await desk.follow_up(order_id, reached=False)
    assert await advice() == f"已有1次未接通，请换一个时段再试；已发送评价链接，{until}"
    desk.later(days=3)
    assert await advice() == "已有1次未接通，请换一个时段再试"


async def test_long_queues_are_read_page_by_page_and_searched_whole(
    desk: Desk, queues: Queues, people: People
) -> None:
    for number in range(3):
        await desk.approved(title=f"第{number}盏路灯不亮")
        await desk.submitted(title=f"第{number}处井盖破损")
        desk.later(minutes=1)
    for read, who, last in (
        (queues.follow_up_queue, people["huifang"], "第2盏路灯不亮"),
        (queues.audit_queue, people["shenhe"], "第2处井盖破损"),
    ):
        page = await read(who, 2)
        assert (len(page.items), page.next_cursor is None) == (2, False)
        rest = await read(who, 2, page.next_cursor or "")
        assert [row.order.title for row in rest.items] == [last]
        assert rest.next_cursor is None
        found = await read(who, 2, "", DeskFilter(q="第2"))
        assert [row.order.title for row in found.items] == [last]


async def test_a_desk_finds_what_it_looks_for_past_the_first_page(
    desk: Desk, queues: Queues, people: People
) -> None:
    """Of many that wait only the last ones are of the other unit, or not late."""
    for _ in range(3):
        await desk.submitted()
        await desk.approved()
        await desk.signed()
        desk.later(minutes=1)
    desk.later(days=9)
    other = await desk.dispatched("D-ZJ")
    await desk.act("zhujian", other, SignFor())
    await desk.contact(other, "zhujian")
    await desk.submit(other, "zhujian", head="某负责人")
    fresh = await desk.submitted()
    asked = await desk.approved()
    mine = await desk.signed()

    async def lines(read: Any, *place: Any, **wanted: Any) -> list[str]:
        """The first page, and that there is no other."""
        page = await read(*place, wanted=DeskFilter(**wanted))
        assert page.next_cursor is None
        return [row.order.id for row in page.items]

    audit, follow_up = (queues.audit_queue, people["shenhe"], 2), (queues.follow_up_queue,)
    assert await lines(*audit, department="D-ZJ") == [other]
    assert set(await lines(*audit, light=Light.YELLOW)) == {other, fresh}
    assert await lines(*audit, state=OrderState.TO_FOLLOW_UP) == []
    assert await lines(*follow_up, people["huifang"], 1, light=Light.YELLOW) == [asked]
    assert await lines(*follow_up, people["huifang"], 1, department="D-ZJ") == []
    inbox = (queues.unit_inbox, people["chengguan"], "open", 1)
    assert await lines(*inbox, light=Light.YELLOW) == [mine]


async def test_what_a_unit_has_to_do_is_listed_as_it_is_counted(
    desk: Desk, queues: Queues, people: People
) -> None:
    clerk = people["chengguan"]
    await desk.dispatched(title="待签收")
    handed_down = await desk.signed(title="下级已报结果")
    waits = await desk.signed(title="等下级办理")
    for order_id in (handed_down, waits):
        await desk.act("chengguan", order_id, Delegate(department=DEEP[1]))
    await desk.act(DEEP[1], handed_down, SignFor())
    await desk.contact(handed_down, DEEP[1])
    await desk.submit(handed_down, DEEP[1])
    listed = (await queues.unit_inbox(clerk, box="to_do")).items
    assert {row.order.title for row in listed} == {"待签收", "下级已报结果"}
    counted = badges(await queues.badges(clerk))
    assert (counted.inbox, counted.to_sign, counted.below) == (2, 1, 1)
    found = (await queues.unit_inbox(clerk, box="to_do", wanted=DeskFilter(q="下级"))).items
    assert [row.order.title for row in found] == ["下级已报结果"]


async def test_what_the_system_signs_names_the_unit(
    desk: Desk, store: Store, clock: ManualClock, details: OrderDetails, people: People
) -> None:
    order_id = await desk.dispatched()
    desk.later(days=2)
    await keeper(desk, store, clock).fire_due()
    (said,) = [
        entry.sentence
        for entry in (await details.order(people["paidan"], order_id)).timeline
        if entry.action is Action.SIGN_FOR
    ]
    assert said == "系统（系统）因签收时限已过，自动为区城管局签收。"
