"""What an agent has typed for a caller and never registered: somebody is called for it."""

from __future__ import annotations

from typing import Any

import pytest

from config.floor import LeftDraftRule
from dispatch.commands import SaveDraft
from dispatch.drafts import Drafts
from dispatch.floor.alerts import Alerts
from dispatch.floor.left_drafts import LeftDraftWatch
from dispatch.rules import Rules
from models.bus import InProcessBus
from models.clock import ManualClock
from models.ids import new_id
from models.store import Store
from models.tables import Call, Draft
from models.vocabulary import CallDirection, CallState, ContactOutcome
from tests.dispatch.desk import Desk

pytestmark = pytest.mark.store

TYPED = {"title": "蒸湘北路路灯不亮", "origins": {"title": "agent"}}


@pytest.fixture
def alerts(store: Store, clock: ManualClock) -> Alerts:
    return Alerts(store, InProcessBus(), clock)


@pytest.fixture
def watch(store: Store, clock: ManualClock, rules: Rules, alerts: Alerts) -> LeftDraftWatch:
    return LeftDraftWatch(store, clock, rules, alerts, LeftDraftRule())


async def drafted(desk: Desk, store: Store, content: dict[str, Any]) -> str:
    """An agent types."""
    draft_id = new_id()
    command = SaveDraft(id=draft_id, content=content)
    await Drafts(store, desk.clock).save_draft(desk.people["huawu1"], command)
    return draft_id


async def raised(alerts: Alerts) -> list[str]:
    """What waits for the shift leader."""
    return [one.text for one in (await alerts.page(only_open=True)).items]


async def test_a_draft_that_was_left_calls_the_shift_leader_once(
    desk: Desk, store: Store, alerts: Alerts, watch: LeftDraftWatch
) -> None:
    draft_id = await drafted(desk, store, TYPED)
    await watch.look()
    assert await raised(alerts) == [], "it is being written"
    desk.later(minutes=31)
    await watch.look()
    (said,) = await raised(alerts)
    assert "10:00填写的“蒸湘北路路灯不亮”超过30分钟没有登记成工单" in said
    (alert,) = (await alerts.page()).items
    assert (alert.agent_id, alert.call_id) == ("staff-huawu1", None)
    await alerts.acknowledge(alert.id, desk.people["banzhang"], "来电人要求不登记")
    desk.later(days=4)
    await watch.look()
    await watch.look()
    assert await raised(alerts) == []
    (alert,) = (await alerts.page()).items
    assert alert.ended_at is not None, f"{draft_id} is history"


async def test_whoever_opens_the_order_ends_it(
    desk: Desk, store: Store, alerts: Alerts, watch: LeftDraftWatch
) -> None:
    draft_id = await drafted(desk, store, TYPED)
    desk.later(minutes=31)
    await watch.look()
    await desk.open(draft_id=draft_id)
    await watch.look()
    (alert,) = (await alerts.page()).items
    assert alert.ended_at == desk.clock.now()


async def test_what_nobody_typed_is_no_demand(
    desk: Desk, store: Store, alerts: Alerts, watch: LeftDraftWatch
) -> None:
    await drafted(desk, store, {"title": "路灯不亮", "origins": {"title": "machine"}})
    await drafted(desk, store, {"caller_phone": "13800001234", "urgency": "NORMAL"})
    async with store.transaction() as work:  # a message that nobody has taken up
        now = desk.clock.now()
        work.session.add(Draft(id=new_id(), agent_id=None, content=TYPED, updated_at=now))
    desk.later(hours=2)
    await watch.look()
    assert await raised(alerts) == []


async def test_while_the_call_lasts_nobody_is_called(
    desk: Desk, store: Store, alerts: Alerts, watch: LeftDraftWatch
) -> None:
    draft_id = await drafted(desk, store, {"content": "路灯坏了"})
    call = Call(
        id=draft_id,
        direction=CallDirection.INBOUND,
        state=CallState.TALKING,
        outcome=ContactOutcome.IN_PROGRESS,
        started_at=desk.clock.now(),
    )
    async with store.transaction() as work:
        work.session.add(call)
    desk.later(hours=1)
    await watch.look()
    assert await raised(alerts) == []
    async with store.transaction() as work:
        talked = await work.session.get_one(Call, draft_id)
        talked.state, talked.ended_at = CallState.ENDED, desk.clock.now()
    desk.later(minutes=31)
    await watch.look()
    (alert,) = (await alerts.page(only_open=True)).items
    assert alert.call_id == draft_id
