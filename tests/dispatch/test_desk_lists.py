"""What lies on a desk: read page by page, searched and filtered whole, counted the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_console.order_layout import badges
from dispatch.commands import (
    AskRedo,
    DecideRedo,
    Delegate,
    SignFor,
)
from dispatch.rules import Rules
from dispatch.views.queues import Queues
from dispatch.views.shapes import DeskFilter
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import FollowUpLink
from models.vocabulary import Light, OrderState
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import UNHAPPY, Desk
from tests.dispatch.reading import task_at

pytestmark = pytest.mark.store

People = dict[str, Actor]


@pytest.fixture
def queues(store: Store, clock: ManualClock, rules: Rules) -> Queues:
    return Queues(store, clock, rules)


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
