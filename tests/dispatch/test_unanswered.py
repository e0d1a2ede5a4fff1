"""Supervisions that nobody answers, requests that nobody decides: what follows, and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatch.commands import (
    AnswerSupervision,
    AskReopening,
    DecideReturn,
    DecideSupervision,
    ObjectRefusal,
    ProposeSupervision,
    RequestReturn,
    SettleSupervision,
    SuggestMerge,
)
from dispatch.order_timers import OrderTimers
from dispatch.rules import Rules
from dispatch.timers import Timekeeper
from dispatch.views.office_lists import OfficeLists
from models.clock import ManualClock
from models.store import Store
from models.vocabulary import (
    Light,
    NoticeKind,
    OversightState,
    RequestKind,
    ReturnReason,
    SupervisionLevel,
    SupervisionReason,
)
from tests.dispatch.desk import HAPPY, UNHAPPY, Desk
from tests.dispatch.notices import Telling, telling, with_contacts
from tests.dispatch.reading import local, order_of, requests_of
from tests.dispatch.test_oversight import ANSWER, oversights, supervise

pytestmark = pytest.mark.store

L3 = supervise(SupervisionLevel.THREE, SupervisionReason.OTHER)
NOT_OURS = RequestReturn(
    reason_code=ReturnReason.NOT_OUR_DUTY,
    reason="该路段照明由住建部门维护",
    clause="三定方案第三条",
    suggested_department="D-ZJ",
    head="严建新",
)


@pytest.fixture
def keeper(desk: Desk, store: Store, clock: ManualClock) -> Timekeeper:
    """The clock that does what nobody does."""
    timers = OrderTimers(desk.service)
    return Timekeeper(store, clock, timers.handlers, timers.lock)


@pytest.fixture
def tells(store: Store, clock: ManualClock, rules: Rules) -> Telling:
    """Puts up the notices."""
    return telling(store, clock, with_contacts(rules))


async def told(tells: Telling, desk: Desk, who: str) -> list[NoticeKind]:
    """What a person has been told, the newest first."""
    await tells.news.tell()
    await tells.waiting.look()
    return [one.kind for one in (await tells.book.page(desk.people[who])).items]


async def test_each_level_that_nobody_answers_brings_the_next(
    desk: Desk, store: Store, keeper: Timekeeper, tells: Telling
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, L3)
    desk.later(days=4)  # until Monday; now Tuesday
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 2
    desk.later(days=3)  # until Thursday; now Friday, and the result is not due yet
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 2, "a leader is asked first"
    (asked,) = await requests_of(store, order_id)
    assert (asked.kind, asked.reason) == (RequestKind.SUPERVISION, "二级督办逾期未答复")
    await desk.act("zhuren", order_id, DecideSupervision(granted=True, reason="同意"))
    desk.later(days=6)  # until Wednesday
    await keeper.fire_due()
    rows = await oversights(store, order_id)
    raised = OversightState.RAISED
    assert [row.state for row in rows] == [raised, raised, OversightState.OPEN]
    assert [row.reason_code for row in rows[1:]] == [SupervisionReason.UNANSWERED] * 2
    assert all(row.lapsed_at for row in rows)
    assert await keeper.fire_due() == 0, "nothing is harder than the leader's"
    assert (await told(tells, desk, "chengguan")).count(NoticeKind.ANSWER_OVERDUE) == 3
    leader, clerk = await told(tells, desk, "zhuren"), await told(tells, desk, "paidan")
    assert leader.count(NoticeKind.ANSWER_OVERDUE) == 3
    assert NoticeKind.ANSWER_OVERDUE not in clerk, "that is for the office's leader"


async def test_an_answer_in_time_is_enough_until_the_office_wants_another(
    desk: Desk, store: Store, keeper: Timekeeper
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, L3)
    await desk.act("chengguan", order_id, AnswerSupervision(answer=ANSWER))
    desk.later(days=4)
    assert await keeper.fire_due() == 0
    again = SettleSupervision(granted=False, remark="没有说明完成时间")
    await desk.act("banzhang", order_id, again)
    desk.later(days=2)  # Thursday; Wednesday was the last day
    await keeper.fire_due()
    assert (await order_of(store, order_id)).supervised == 2


async def test_whoever_must_decide_is_told_before_the_end_and_after_it(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, NOT_OURS)
    (asked,) = await requests_of(store, order_id)
    assert asked.due_at is not None
    assert (await told(tells, desk, "paidan"))[0] is NoticeKind.ASKED
    for at, kind in (
        (asked.due_at - timedelta(minutes=30), NoticeKind.DECISION_DUE),
        (asked.due_at + timedelta(seconds=1), NoticeKind.DECISION_OVERDUE),
    ):
        clock.set(at)
        assert (await told(tells, desk, "paidan"))[0] is kind
        assert await tells.waiting.look() == 0, "once"
    assert (await told(tells, desk, "chengguan"))[0] is NoticeKind.NEW_TASK
    refused = DecideReturn(granted=False, reason="道路照明属城管职责")
    await desk.act("paidan", order_id, refused)
    desk.later(days=9)
    assert await tells.waiting.look() == 0, "decided"


async def test_what_only_the_leader_decides_alarms_the_leader(
    desk: Desk, tells: Telling, store: Store
) -> None:
    order_id = await desk.signed()
    propose = ProposeSupervision(reason_code=SupervisionReason.UNWILLING, reason="多次推诿不办")
    await desk.act("banzhang", order_id, propose)
    assert await told(tells, desk, "zhuren") == [NoticeKind.ASKED]
    desk.later(days=4)
    assert (await told(tells, desk, "zhuren"))[0] is NoticeKind.DECISION_OVERDUE
    assert await told(tells, desk, "banzhang") == []
    assert len(await requests_of(store, order_id)) == 1


async def test_a_supervised_unit_is_reminded_before_its_time_is_over(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, L3)
    (row,) = await oversights(store, order_id)
    assert NoticeKind.ANSWER_DUE not in await told(tells, desk, "chengguan")
    clock.set(row.due_at - timedelta(hours=2))
    assert (await told(tells, desk, "chengguan"))[0] is NoticeKind.ANSWER_DUE
    assert await tells.waiting.look() == 0


async def test_the_office_is_called_to_look_at_an_answer(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules
) -> None:
    order_id = await desk.signed()
    await desk.act("paidan", order_id, L3)
    await desk.act("chengguan", order_id, AnswerSupervision(answer=ANSWER))
    (row,) = await oversights(store, order_id)
    assert local(row.due_at) == "11-23 23:59", "one working day to look at it"
    await tells.news.tell()
    for at, kind, light in (
        (row.due_at - timedelta(hours=2), NoticeKind.REVIEW_DUE, Light.YELLOW),
        (row.due_at + timedelta(seconds=1), NoticeKind.REVIEW_OVERDUE, Light.RED),
    ):
        clock.set(at)
        assert (await told(tells, desk, "paidan"))[0] is kind
        assert await tells.waiting.look() == 0, "once"
        (shown,) = await OfficeLists(store, clock, rules).oversights(desk.people["paidan"])
        assert shown.oversight.light is light
    assert (await told(tells, desk, "zhuren"))[0] is NoticeKind.REVIEW_OVERDUE
    await desk.act("banzhang", order_id, SettleSupervision(granted=True, remark="同意销号"))
    desk.later(days=9)
    assert await tells.waiting.look() == 0, "looked at"


async def test_a_leader_looks_at_the_answer_to_a_leader_s_supervision(
    desk: Desk, tells: Telling
) -> None:
    order_id = await desk.signed()
    await desk.act("zhuren", order_id, supervise(SupervisionLevel.ONE, SupervisionReason.MAJOR))
    await desk.act("chengguan", order_id, AnswerSupervision(answer=ANSWER))
    desk.later(days=4)
    assert (await told(tells, desk, "zhuren"))[0] is NoticeKind.REVIEW_OVERDUE
    assert NoticeKind.REVIEW_OVERDUE not in await told(tells, desk, "paidan")


async def test_lists_show_how_near_the_end_is(
    desk: Desk, store: Store, clock: ManualClock, rules: Rules
) -> None:
    await desk.act("paidan", await desk.signed(), L3)
    await desk.act("chengguan", await desk.signed(), NOT_OURS)
    lists = OfficeLists(store, clock, rules)

    async def lights() -> tuple[Light, Light]:
        (asked,) = await lists.requests(desk.people["paidan"])
        (waiting,) = await lists.oversights(desk.people["paidan"])
        return asked.request.light, waiting.oversight.light

    assert await lights() == (Light.GREEN, Light.GREEN)
    desk.later(hours=5)  # four office hours to decide, until 16:30
    assert await lights() == (Light.YELLOW, Light.GREEN)
    desk.later(days=4)
    assert await lights() == (Light.RED, Light.RED)


async def test_what_is_asked_of_the_hotline_reaches_those_who_decide(
    desk: Desk, tells: Telling
) -> None:
    """One request of each kind that used to wait in silence."""
    lead, other = await desk.dispatched(), (await desk.open()).order_id
    await desk.act("huawu1", other, SuggestMerge(into=lead, reason="同一路灯"))
    assert (await told(tells, desk, "paidan"))[0] is NoticeKind.ASKED
    refused = (await desk.open(refusal="R10", department="")).order_id
    seen = len(await told(tells, desk, "paidan"))
    await desk.act("huawu1", refused, ObjectRefusal(reason="来电人认为应当受理"))
    assert len(await told(tells, desk, "paidan")) == seen + 1
    confirmed = (await desk.open(refusal="R08", department="")).order_id
    assert len(await told(tells, desk, "paidan")) == seen + 2, confirmed

    redone = await desk.approved()
    before = len(await told(tells, desk, "banzhang"))
    await desk.follow_up(redone, **UNHAPPY, redo=True, redo_reason="灯还是不亮")
    assert len(await told(tells, desk, "banzhang")) == before + 1

    closed = await desk.approved()
    await desk.follow_up(closed, **HAPPY)
    leader = len(await told(tells, desk, "zhuren"))
    ask = AskReopening.model_validate(
        {"reason_code": "APPEAL", "reason": "诉求人申诉", "evidence": "11月20日来电录音"}
    )
    await desk.act("banzhang", closed, ask)
    assert len(await told(tells, desk, "zhuren")) == leader + 1
    assert len(await told(tells, desk, "banzhang")) == before + 1
