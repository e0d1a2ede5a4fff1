"""Another system moves the deadline that it gave us."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dispatch.commands import AddJoint, Merge, MoveDeadline, Supervise
from dispatch.promises import Promise
from models.errors import InvalidInput, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.vocabulary import Role
from tests.dispatch.desk import FRIDAY, Desk
from tests.dispatch.reading import events_of, order_of, task_at

pytestmark = pytest.mark.store

DEADLINE = FRIDAY + timedelta(days=4, hours=8)
MOVED = DEADLINE + timedelta(days=3)


def moved(until: datetime = MOVED) -> MoveDeadline:
    return MoveDeadline(
        external_due=until, reason="市平台同意延期三天", evidence="市平台回执2026-1188号"
    )


async def test_the_unit_gets_the_time_that_the_city_allows(desk: Desk, store: Store) -> None:
    order_id = await desk.signed(external_due=DEADLINE)
    await desk.act("paidan", order_id, AddJoint(department="D-ZJ", note="请配合"))
    helper = await task_at(store, order_id, "D-ZJ")
    await desk.act("banzhang", order_id, moved())
    order, task = await order_of(store, order_id), await task_at(store, order_id, "D-CG")
    assert order.due_at == order.light_red_at == task.due_at == MOVED
    assert Promise.from_json(task.clocks["handle"]).explanation.endswith(
        "至2026年11月27日18:00止。"
    )
    assert Promise.from_json(task.clocks["handle.1"]).due == DEADLINE
    assert (await task_at(store, order_id, "D-ZJ")).due_at == helper.due_at < DEADLINE
    last = (await events_of(store, order_id))[-1]
    assert datetime.fromisoformat(last.changes["external_due"][1]) == MOVED


async def test_before_dispatch_it_is_kept_for_the_unit(desk: Desk, store: Store) -> None:
    order_id = (await desk.open(external_due=DEADLINE)).order_id
    await desk.act("banzhang", order_id, moved())
    assert (await order_of(store, order_id)).external_due == MOVED


async def test_nobody_moves_it_on_their_own_word(desk: Desk, store: Store) -> None:
    order_id = await desk.signed(external_due=DEADLINE)
    far = moved(DEADLINE + timedelta(days=60))
    with pytest.raises(TransitionRefused, match="您的岗位是派单员"):
        await desk.act("paidan", order_id, far)
    with pytest.raises(InvalidInput, match="请填写上级平台同意延长时限的凭据"):
        await desk.act("banzhang", order_id, far.model_copy(update={"evidence": ""}))
    assert (await order_of(store, order_id)).due_at == DEADLINE
    city = Actor(id="city", name="市平台", roles=frozenset({Role.PARTNER}))
    await desk.service.act(city, order_id, moved().model_copy(update={"evidence": ""}))
    assert (await order_of(store, order_id)).due_at == MOVED


async def test_whoever_was_merged_in_keeps_their_time(desk: Desk, store: Store) -> None:
    """The lead order's own system has nothing to give away of what others were promised."""
    early = await desk.signed()  # until Friday the 27th, midnight
    lead = await desk.dispatched(external_due=DEADLINE)
    await desk.act("paidan", early, Merge(into=lead, reason="同一路灯故障"))
    promised = (await task_at(store, early, "D-CG")).due_at
    assert promised > DEADLINE
    await desk.act("banzhang", lead, moved(promised + timedelta(days=5)))
    order, task = await order_of(store, lead), await task_at(store, lead, "D-CG")
    assert order.due_at == order.light_red_at == task.due_at == promised
    number = (await order_of(store, early)).order_no
    assert f"并入的工单 {number} 时限在先" in task.clocks["handle"]["explanation"]


async def test_another_systems_deadline_is_not_moved_by_the_leads(desk: Desk, store: Store) -> None:
    early = await desk.dispatched(external_due=DEADLINE)
    lead = await desk.dispatched(external_due=MOVED)
    await desk.act("paidan", early, Merge(into=lead, reason="同一路灯故障"))
    assert (await order_of(store, lead)).due_at == DEADLINE
    number = (await order_of(store, early)).order_no
    with pytest.raises(InvalidInput, match=f"并入的工单 {number} 须在"):
        await desk.act("banzhang", lead, moved(MOVED + timedelta(days=1)))
    assert (await order_of(store, lead)).due_at == DEADLINE


async def test_it_is_never_earlier(desk: Desk, store: Store) -> None:
    order_id = await desk.signed(external_due=DEADLINE)
    for until in (DEADLINE, DEADLINE - timedelta(hours=1)):
        with pytest.raises(InvalidInput, match="应晚于原来的时限"):
            await desk.act("banzhang", order_id, moved(until))
    assert (await order_of(store, order_id)).due_at == DEADLINE


async def test_an_order_of_our_own_has_no_such_deadline(desk: Desk) -> None:
    order_id = await desk.signed()
    with pytest.raises(TransitionRefused, match="没有上级平台规定的时限"):
        await desk.act("banzhang", order_id, moved())


async def test_whoever_was_called_late_before_the_city_gave_time_was_not(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed(external_due=DEADLINE)
    desk.later(days=5)
    late = {"level": "3", "reason_code": "OVERDUE", "reason": "已过办结时限仍未办结"}
    await desk.act("paidan", order_id, Supervise.model_validate(late))
    await desk.act("banzhang", order_id, moved())
    assert (await order_of(store, order_id)).supervised == 0
    task = await task_at(store, order_id, "D-CG")
    assert (task.open_supervision, task.highest_supervision) == (0, 0)
