"""Units and their people: hours, duty, several posts, deputies, and what is left when one goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.commands import SaveDraft
from dispatch.directory.absences import Absences
from dispatch.directory.duty import DutyList, is_open
from dispatch.directory.leaving import Leaving
from dispatch.directory.posts import OWN, Posts
from dispatch.drafts import Drafts
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import Forbidden, InvalidInput, NotFound, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.tables import (
    Callback,
    Draft,
    DutyOfficer,
    HandOver,
    OrderEvent,
    Session,
    ShiftAssignment,
    Staff,
    StaffPost,
    Task,
)
from models.vocabulary import CallbackReason, CallbackState, Role
from tests.dispatch.desk import ZONE, Desk

pytestmark = pytest.mark.store

TODAY = date(2026, 11, 20)


@pytest.fixture
def posts(store: Store, clock: ManualClock, rules: Rules) -> Posts:
    return Posts(store, clock, rules)


@pytest.fixture
def absences(store: Store, clock: ManualClock, rules: Rules) -> Absences:
    return Absences(store, clock, rules)


@pytest.fixture
def duty(store: Store, clock: ManualClock, rules: Rules) -> DutyList:
    return DutyList(store, clock, rules)


@pytest.fixture
def leaving(store: Store, clock: ManualClock, desk: Desk, rules: Rules) -> Leaving:
    return Leaving(store, clock, rules, desk.service)


async def staff(store: Store, username: str) -> Staff:
    async with store.read() as session:
        return (await session.scalars(select(Staff).where(Staff.username == username))).one()


async def held(store: Store, posts: Posts, username: str) -> list[tuple[str, str]]:
    """Unit, and for whom."""
    return [(p.department, p.for_name) for p in await posts.of(await staff(store, username))]


# --- units ---------------------------------------------------------------------------------------


def test_levels_are_counted_from_the_hotline_down(rules: Rules) -> None:
    units = rules.departments
    assert [units.level(c) for c in ("D-HL", "D-CG", "D-CG-SZ", "D-CG-SZ-1")] == [1, 2, 3, 4]
    assert [unit.short_name for unit in units.above("D-CG-SZ-1")] == [
        *("城管局市政股", "区城管局", "热线中心"),
    ]


@pytest.mark.parametrize(
    ("unit", "moment", "open_"),
    [
        ("D-CG", "2026-11-20T10:00", True),
        ("D-CG", "2026-11-20T12:30", False),
        ("D-CG", "2026-11-21T10:00", False),  # a Saturday
        ("D-CG", "2026-10-10T10:00", True),  # a Saturday worked in exchange
        ("D-GJ", "2026-11-20T21:00", True),  # hours of its own
        ("D-DL", "2026-11-22T03:00", True),  # day and night
    ],
)
def test_a_unit_is_open_in_its_hours(rules: Rules, unit: str, moment: str, open_: bool) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=ZONE)
    assert is_open(rules, rules.departments.get(unit), at) is open_


async def test_whom_to_ring_the_unit_its_standing_number_or_the_unit_above(
    duty: DutyList, people: dict[str, Actor], clock: ManualClock, rules: Rules
) -> None:
    assert await duty.to_ring("D-CG") == []
    (standing,) = await duty.to_ring("D-SL")
    assert (standing.name, standing.phone) == ("值班室", "0734-8800011")

    night: dict[str, Any] = {"starts_at": clock.now(), "ends_at": clock.now() + timedelta(hours=14)}
    clerk = people["chengguan"]
    await duty.put(clerk, "D-CG", name="谢芳", phone="0734-881 2345", **night)
    (now,) = await duty.to_ring("D-CG-SZ-1")  # its own unit has nobody on the list
    assert (now.department, now.name, now.phone) == ("D-CG", "谢芳", "07348812345")
    assert set(await duty.now()) == {"D-CG"}
    below = await duty.put(clerk, "D-CG-SZ-1", name="于德海", phone="13800000000", **night)
    assert [c.name for c in await duty.to_ring("D-CG-SZ-1")] == ["于德海"]
    await duty.cancel(clerk, below.id)
    assert [c.name for c in await duty.to_ring("D-CG-SZ-1")] == ["谢芳"]
    assert await duty.to_ring("D-CG", clock.now() + timedelta(hours=14)) == []


async def test_the_duty_list_is_the_units_own_and_those_above_it(
    duty: DutyList, people: dict[str, Actor], clock: ManualClock
) -> None:
    span: dict[str, Any] = {"starts_at": clock.now(), "ends_at": clock.now() + timedelta(hours=8)}
    with pytest.raises(Forbidden, match="只能管理本单位及下级单位的值班"):
        await duty.put(people["chengguan"], "D-ZJ", name="某", phone="110", **span)
    with pytest.raises(Forbidden, match=r"可由.*承办单位经办人.*办理"):
        await duty.put(people["huawu1"], "D-ZJ", name="某", phone="110", **span)
    await duty.put(people["zhuren"], "D-ZJ", name="某", phone="110", **span)
    with pytest.raises(InvalidInput, match=r"请填写值班电话.*结束时间应晚于开始时间"):
        span["ends_at"] = clock.now() - timedelta(hours=1)
        await duty.put(people["zhuren"], "D-ZJ", name="某", phone="", **span)


# --- posts and deputies --------------------------------------------------------------------------


async def test_a_further_post_holds_from_its_first_day_to_its_last(
    posts: Posts, store: Store, people: dict[str, Actor], clock: ManualClock
) -> None:
    clerk = people["chengguan"]
    given = await posts.give(
        people["admin"],
        clerk.id,
        department="D-ZJ",
        roles=(Role.UNIT_CLERK,),
        since=TODAY + timedelta(days=1),
        until=TODAY + timedelta(days=3),
    )
    counts = []
    for _ in range(5):
        counts.append(len(await held(store, posts, "chengguan")))
        clock.advance(timedelta(days=1))
    assert counts == [1, 2, 2, 2, 1]
    clock.advance(timedelta(days=-3))
    account = await staff(store, "chengguan")
    chosen = await posts.chosen(account, given.id)
    assert chosen is not None and (chosen.department, chosen.roles) == ("D-ZJ", (Role.UNIT_CLERK,))
    await posts.end(people["admin"], given.id)
    assert await posts.chosen(account, given.id) is None
    assert await posts.chosen(account, OWN) is not None


async def test_nobody_gives_posts_to_themselves_or_without_the_right(
    posts: Posts, people: dict[str, Actor]
) -> None:
    post: dict[str, Any] = {
        "department": "D-ZJ",
        "roles": (Role.UNIT_CLERK,),
        "since": TODAY,
        "until": None,
    }
    with pytest.raises(Forbidden, match="不能给本人增加岗位"):
        await posts.give(people["admin"], people["admin"].id, **post)
    with pytest.raises(Forbidden, match="可由系统管理员办理"):
        await posts.give(people["zhuren"], people["chengguan"].id, **post)
    with pytest.raises(InvalidInput, match=r"没有编码为 D-X 的单位.*至少选一个岗位"):
        wrong = post | {"department": "D-X", "roles": ()}
        await posts.give(people["admin"], people["chengguan"].id, **wrong)
    with pytest.raises(NotFound):
        await posts.give(people["admin"], "nobody", **post)


async def test_a_deputy_acts_in_all_posts_of_the_one_who_is_away_and_only_meanwhile(
    posts: Posts,
    absences: Absences,
    store: Store,
    people: dict[str, Actor],
    clock: ManualClock,
) -> None:
    away, deputy = people["chengguan"], people["chengguan2"]
    await posts.give(
        people["admin"], away.id, department="D-ZJ", roles=(Role.UNIT_CLERK,), since=TODAY,
        until=None,
    )  # fmt: skip
    absence = await absences.note(
        away,
        staff_id=away.id,
        deputy_id=deputy.id,
        starts_at=clock.now() + timedelta(hours=1),
        ends_at=clock.now() + timedelta(days=2),
        reason="年休假",
    )
    assert await held(store, posts, "chengguan2") == [("D-CG", "")]
    clock.advance(timedelta(hours=1))
    assert await held(store, posts, "chengguan2") == [
        ("D-CG", ""),
        ("D-CG", "彭海波"),
        ("D-ZJ", "彭海波"),
    ]
    assert [one.id for one in await absences.coming([deputy.id])] == [absence.id]
    await absences.end(away, absence.id)
    assert await held(store, posts, "chengguan2") == [("D-CG", "")]
    assert await absences.coming([deputy.id]) == []


async def test_powers_are_handed_on_within_the_unit_or_upwards_only(
    absences: Absences, people: dict[str, Actor], clock: ManualClock
) -> None:
    start, end = clock.now(), clock.now() + timedelta(days=1)

    async def note(actor: str, who: str, deputy: str) -> None:
        await absences.note(
            people[actor], staff_id=people[who].id, deputy_id=people[deputy].id,
            starts_at=start, ends_at=end, reason="出差",
        )  # fmt: skip

    with pytest.raises(InvalidInput, match="须是本单位或上级单位的人员"):
        await note("chengguan", "chengguan", "zhujian")
    with pytest.raises(InvalidInput, match="代理人不能是本人"):
        await note("chengguan", "chengguan", "chengguan")
    with pytest.raises(Forbidden):
        await note("chengguan2", "chengguan", "chengguan2")
    await note("shizheng", "shizheng", "chengguan")  # the unit above
    with pytest.raises(InvalidInput, match="陆小川在这段时间内已登记了请假"):
        await note("admin", "shizheng", "zhujian")
    with pytest.raises(InvalidInput, match="陆小川在这段时间内也不在岗"):
        await note("weihu", "weihu", "shizheng")
    await note("admin", "zhujian", "jiaotong")  # whoever looks after accounts may name anybody


async def test_a_deputy_does_not_approve_what_the_one_who_is_away_has_done(
    desk: Desk, people: dict[str, Actor]
) -> None:
    order_id = await desk.submitted()
    clerk, auditor = people["chengguan"], people["shenhe"]
    people = {**people, "shenhe": replace(auditor, for_id=clerk.id)}
    with pytest.raises(TransitionRefused, match="不能审核本人提交的办理结果"):
        await replace(desk, people=people).approve(order_id)
    await desk.approve(order_id)


# --- leaving -------------------------------------------------------------------------------------


async def test_whoever_leaves_hands_over_everything_at_once(
    leaving: Leaving, desk: Desk, store: Store, people: dict[str, Actor], clock: ManualClock
) -> None:
    order_id = await desk.signed()
    mine, heir, admin = people["chengguan"], people["chengguan2"], people["admin"]
    now, later = clock.now(), clock.now() + timedelta(hours=8)
    await Drafts(store, clock).save_draft(mine, SaveDraft(id="d1", content={"title": "路灯"}))
    async with store.transaction() as work:
        work.session.add_all([
            Callback(id="b1", reason=CallbackReason.ABANDONED, state=CallbackState.OPEN,
                     citizen_number="138", lost_at=now, due_at=later, taken_by=mine.id),
            DutyOfficer(department="D-CG", starts_at=now, ends_at=later, staff_id=mine.id,
                        name=mine.name, phone="138", made_by=mine.id, made_at=now),
            ShiftAssignment(staff_id=mine.id, day=TODAY, shift="day", starts_at=later,
                            ends_at=later, made_by=admin.id, made_at=now),
            Session(token_hash="t", staff_id=mine.id, created_at=now, expires_at=later),
        ])  # fmt: skip

    _, open_ = await leaving.look(admin, mine.id)
    assert (open_.to_hand_over, [each.name for each in open_.colleagues]) == (4, ["谢芳"])
    with pytest.raises(InvalidInput, match="彭海波有4项未了事项，须指定接办人"):
        await leaving.leave(admin, mine.id, successor_id=None, reason="调离")
    with pytest.raises(InvalidInput, match="须由区城管局的人员接办"):
        await leaving.leave(admin, mine.id, successor_id=people["zhujian"].id, reason="调离")
    record = await leaving.leave(admin, mine.id, successor_id=heir.id, reason="调离")

    assert {kind: len(ids) for kind, ids in record.items.items()} == {
        **{"tasks": 1, "drafts": 1, "callbacks": 1, "duties": 1, "shifts": 1},
    }
    async with store.read() as session:
        task = (await session.scalars(select(Task).where(Task.order_id == order_id))).one()
        assert (task.handler_id, task.signed_by) == (heir.id, mine.id)
        assert (await session.get_one(Draft, "d1")).agent_id == heir.id
        assert (await session.get_one(Callback, "b1")).taken_by == heir.id
        assert (await session.scalars(select(DutyOfficer))).one().name == "谢芳"
        assert (await session.scalars(select(ShiftAssignment))).all() == []
        assert (await session.scalars(select(Session))).all() == []
        gone = await session.get_one(Staff, mine.id)
        assert (gone.active, gone.extension) == (False, None)
        last = select(OrderEvent).where(OrderEvent.order_id == order_id).order_by(OrderEvent.seq)
        event = (await session.scalars(last)).all()[-1]
    assert event.reason == "彭海波离岗，由谢芳接办（何俊办理）"
    assert event.changes["task.handler_id"] == [mine.id, heir.id]
    with pytest.raises(InvalidInput, match="账号已停用"):
        await leaving.leave(admin, mine.id, successor_id=heir.id, reason="调离")


async def test_nothing_is_handed_over_when_one_part_of_it_fails(
    desk: Desk,
    store: Store,
    people: dict[str, Actor],
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order_id = await desk.signed()
    mine = people["chengguan"]

    async def refuse(*_: object) -> None:
        raise RuntimeError("the process dies here")

    broken = Leaving(store, clock, desk.service.rules, desk.service)
    monkeypatch.setattr(broken, "_close", refuse)
    with pytest.raises(RuntimeError):
        await broken.leave(
            people["admin"], mine.id, successor_id=people["chengguan2"].id, reason="调离"
        )
    async with store.read() as session:
        task = (await session.scalars(select(Task).where(Task.order_id == order_id))).one()
        assert task.handler_id == mine.id
        assert (await session.scalars(select(HandOver))).all() == []


async def test_who_has_nothing_in_hand_needs_no_successor_and_powers_end(
    leaving: Leaving,
    posts: Posts,
    absences: Absences,
    store: Store,
    people: dict[str, Actor],
    clock: ManualClock,
) -> None:
    admin, going, away = people["admin"], people["chengguan2"], people["chengguan"]
    await posts.give(
        admin, going.id, department="D-ZJ", roles=(Role.UNIT_CLERK,), since=TODAY, until=None
    )
    await absences.note(
        away, staff_id=away.id, deputy_id=going.id, starts_at=clock.now(),
        ends_at=clock.now() + timedelta(days=1), reason="",
    )  # fmt: skip
    await leaving.leave(admin, going.id, successor_id=None, reason="退休")
    assert await absences.coming([going.id]) == []
    async with store.read() as session:
        assert (await session.scalars(select(StaffPost.ended_at))).one() is not None
    with pytest.raises(Forbidden, match="不能为本人办理离岗"):
        await leaving.leave(admin, admin.id, successor_id=None, reason="退休")


async def test_an_agent_at_a_seat_signs_out_first(
    leaving: Leaving, people: dict[str, Actor]
) -> None:
    _, open_ = await leaving.look(people["admin"], people["huawu1"].id)
    with pytest.raises(InvalidInput, match="李晓梅正签入坐席，请先签出"):
        leaving._check(
            Staff(name="李晓梅", roles=[], department="D-HL"), replace(open_, at_seat=True), None
        )
