"""Lists, badges, report and score of one and the same order say the same."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from dispatch.commands import (
    AddJoint,
    AskReopening,
    AskShelf,
    DecidePanel,
    DecideReopening,
    DecideShelf,
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
from dispatch.views.shapes import ClockView
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import FollowUp
from models.vocabulary import Action, Light, OrderState, PanelFinding
from tests.dispatch.desk import FRIDAY, HAPPY, Desk, back
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


# --- what the system does ----------------------------------------------------------------------


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
