"""The shift leader's seat: who may, the reason that is kept, and alerts taken care of by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.floor.alerts import Alerts
from models.bus import InProcessBus
from models.ids import new_id
from models.ports import CallView
from models.tables import AccessLog, CallEventRow
from models.vocabulary import AlertKind, CallDirection, CallEventKind, CallState, SupervisionKind
from tests.console.house import House
from tests.console.test_calls import past_call

pytestmark = pytest.mark.store


def talk(house: House) -> str:
    """A call in an agent's hands."""
    call_id = new_id()
    house.calls.put(
        CallView(
            call_id=call_id,
            contact_id=None,
            direction=CallDirection.INBOUND,
            state=CallState.TALKING,
            caller_number="13800000001",
            agent_id="somebody",
            started_at=house.clock.now(),
        )
    )
    return call_id


async def accesses(house: House) -> list[tuple[str, str, str, str]]:
    async with house.store.read() as session:
        rows = list(await session.scalars(select(AccessLog).order_by(AccessLog.at)))
    return [(row.staff_name, row.what, row.subject, row.reason) for row in rows]


async def test_listening_is_written_down_with_its_reason(house: House) -> None:
    leader, call_id = await house.signed_in("leader"), talk(house)
    ask = {"kind": "LISTEN", "reason": "新人带教"}
    refused = await leader.post(f"/api/calls/{call_id}/supervise", ask)
    assert (refused.status, refused.body["detail"]) == (409, "请先签入")
    await leader.post("/api/agent/sign-in")
    done = await leader.post(f"/api/calls/{call_id}/supervise", ask)
    assert done.status == 204
    assert ("陈建国", "call.listen", call_id, "新人带教") in await accesses(house)
    assert house.calls.leaders.asked[-1] == (call_id, "陈建国", SupervisionKind.LISTEN, "新人带教")
    active: list[dict[str, Any]] = (await leader.get("/api/supervision")).body["active"]
    assert [(one["call_id"], one["kind"]) for one in active] == [(call_id, "LISTEN")]
    switched = await leader.post(f"/api/calls/{call_id}/supervise/switch", {"kind": "WHISPER"})
    assert switched.status == 204
    for _ in range(2):
        assert (await leader.post(f"/api/calls/{call_id}/supervise/stop")).status == 204
    assert (await leader.get("/api/supervision")).body == {"active": []}


async def test_without_a_reason_nothing_happens(house: House) -> None:
    leader, call_id = await house.signed_in("leader"), talk(house)
    await leader.post("/api/agent/sign-in")
    empty = await leader.post(f"/api/calls/{call_id}/supervise", {"kind": "LISTEN", "reason": ""})
    assert empty.status == 422
    assert house.calls.leaders.asked == []


async def test_forced_hang_up_needs_no_seat(house: House) -> None:
    leader, call_id = await house.signed_in("leader"), talk(house)
    ask = {"kind": "FORCE_HANG_UP", "reason": "话机无人"}
    assert (await leader.post(f"/api/calls/{call_id}/supervise", ask)).status == 204
    assert house.calls.leaders.asked[-1][1:3] == ("陈建国", SupervisionKind.FORCE_HANG_UP)


async def test_forcing_a_state_is_written_down(house: House) -> None:
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    await agent.post("/api/agent/sign-in")
    agent_id = (await agent.get("/api/agent")).body["presence"]["agent_id"]
    path = f"/api/agents/{agent_id}/force-state"
    done = await leader.post(path, {"state": "BUSY", "reason": "离席"})
    assert (done.body["state"], done.body["reason"]) == ("BUSY", "陈建国强制置态：离席")
    assert ("陈建国", "agent.force_state.busy", agent_id, "离席") in await accesses(house)
    assert (await agent.post(path, {"state": "READY", "reason": "我要"})).status == 403
    nobody = await leader.post("/api/agents/nobody/force-state", {"state": "BUSY", "reason": "查"})
    assert nobody.status == 404


async def test_an_agent_does_not_read_that_somebody_listened(house: House) -> None:
    call = await past_call(house)
    kinds = (CallEventKind.ANSWERED, CallEventKind.LISTENED, CallEventKind.BARGED_IN)
    async with house.store.transaction() as work:
        for kind in kinds:
            row = CallEventRow(call_id=call.id, at=house.clock.now(), kind=kind, actor="leader")
            work.session.add(row)
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    path = f"/api/calls/{call.id}/events"
    assert {one["kind"] for one in (await leader.get(path)).body} == set(kinds)
    assert {one["kind"] for one in (await agent.get(path)).body} == {"ANSWERED", "BARGED_IN"}


async def test_an_agent_may_not_listen(house: House) -> None:
    agent, call_id = await house.signed_in("agent"), talk(house)
    ask = {"kind": "LISTEN", "reason": "好奇"}
    assert (await agent.post(f"/api/calls/{call_id}/supervise", ask)).status == 403
    assert (await agent.get("/api/supervision")).status == 403
    assert (await agent.get("/api/alerts")).status == 403


async def test_alerts_are_taken_care_of_by_name(house: House) -> None:
    alerts = Alerts(house.store, InProcessBus(), house.clock)
    first = await alerts.raise_alert(AlertKind.LONG_WAIT, "wait:1", "排队超过 60 秒", queue="main")
    house.clock.advance(timedelta(minutes=1))
    await alerts.raise_alert(AlertKind.SILENCE, "silence:2", "双方静音", call_id="c2")
    leader = await house.signed_in("leader")
    found = (await leader.get("/api/alerts?open=1")).body
    assert [(one["kind"], one["kind_label"]) for one in found["items"]] == [
        ("SILENCE", "长时间无声"),
        ("LONG_WAIT", "排队过长"),
    ]
    assert (await leader.get("/api/badges")).body["alerts"] == 2
    path = f"/api/alerts/{first}/acknowledge"
    done = (await leader.post(path, {"note": "已加派坐席"})).body
    assert (done["acknowledged_by_name"], done["note"]) == ("陈建国", "已加派坐席")
    assert (await leader.post(path, {"note": "再次"})).body["note"] == "已加派坐席"
    assert [one["kind"] for one in (await leader.get("/api/alerts?open=1")).body["items"]] == [
        "SILENCE"
    ]
    page = (await leader.get("/api/alerts?limit=1")).body
    rest = (await leader.get(f"/api/alerts?limit=1&cursor={page['next_cursor']}")).body
    assert (page["items"][0]["kind"], rest["items"][0]["kind"]) == ("SILENCE", "LONG_WAIT")
    assert (await leader.get("/api/alerts?kind=SURGE")).body["items"] == []
    assert (await leader.post("/api/alerts/none/acknowledge", {})).status == 404
    agent = await house.signed_in("agent")
    assert (await agent.get("/api/badges")).body["alerts"] is None
