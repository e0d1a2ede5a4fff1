"""Call-back tasks at the console: who sees them, takes them, calls, and how they end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.ids import new_id
from models.tables import Callback
from models.vocabulary import CallbackReason, CallbackState
from tests.console.house import House

pytestmark = pytest.mark.store

NUMBER = "13800001234"


async def owed(house: House, number: str = NUMBER) -> str:
    """A citizen who was lost a moment ago."""
    now = house.clock.now()
    task = Callback(
        id=new_id(), reason=CallbackReason.ABANDONED, state=CallbackState.OPEN,
        citizen_number=number, lost_at=now, due_at=now + timedelta(minutes=30),
    )  # fmt: skip
    async with house.store.transaction() as work:
        work.session.add(task)
    return task.id


async def test_tasks_are_listed_with_what_is_to_be_done(house: House) -> None:
    first, agent = await owed(house), await house.signed_in("agent")
    house.clock.advance(timedelta(minutes=20))
    await owed(house, "13900005678")
    house.clock.advance(timedelta(minutes=11))
    page = (await agent.get("/api/callbacks")).body
    assert [item["citizen_number"] for item in page["items"]] == [NUMBER, "13900005678"]
    late, fresh = page["items"]
    assert (late["id"], late["light"], fresh["light"]) == (first, "RED", "GREEN")
    assert (late["reason_label"], late["state_label"]) == ("排队中挂断", "待回拨")
    assert page["counts"] == {"open": 2, "overdue": 1, "mine": 0}
    badges = (await agent.get("/api/badges")).body
    assert (badges["callbacks"], badges["callbacks_overdue"]) == (2, 1)


async def test_tasks_are_for_those_who_call_back(house: House) -> None:
    await owed(house)
    for username in ("dispatcher", "clerk", "manager", "admin"):
        browser = await house.signed_in(username)
        assert (await browser.get("/api/callbacks")).status == 403
        assert (await browser.get("/api/badges")).body["callbacks"] is None
    assert (await (await house.signed_in("follow_up")).get("/api/callbacks")).status == 200


async def test_a_task_is_taken_by_one_and_called(house: House) -> None:
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    task_id = await owed(house)
    taken = (await agent.post("/api/callbacks/next")).body
    assert (taken["id"], taken["taken_by_name"]) == (task_id, "李晓梅")
    assert (await other.post("/api/callbacks/next")).status == 404
    refused = await other.post(f"/api/callbacks/{task_id}/take", {"expected_version": 0})
    assert refused.status == 409
    assert (await other.post(f"/api/callbacks/{task_id}/call")).status == 409
    mine = (await agent.get("/api/callbacks?state=mine")).body["items"]
    assert [item["id"] for item in mine] == [task_id]

    called = await agent.post(f"/api/callbacks/{task_id}/call")
    assert called.status == 200
    assert house.calls.for_callbacks == [task_id]
    assert house.calls.dialled[0][1] == NUMBER
    now = (await agent.get("/api/callbacks")).body["items"][0]
    assert (now["state"], now["attempts"]) == ("CALLING", 1)
    assert now["outbound_call_id"] == called.body["call_id"]
    assert (await agent.post(f"/api/callbacks/{task_id}/call")).status == 409
    assert (await agent.post(f"/api/callbacks/{task_id}/release")).status == 409


async def test_a_call_that_cannot_be_made_leaves_the_task_as_it_was(house: House) -> None:
    agent, task_id = await house.signed_in("agent"), await owed(house)
    house.calls.online = False
    assert (await agent.post(f"/api/callbacks/{task_id}/call")).status == 503
    task = (await agent.get("/api/callbacks")).body["items"][0]
    assert (task["state"], task["attempts"], task["outbound_call_id"]) == ("OPEN", 0, None)


async def test_ends_by_hand(house: House) -> None:
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    done, missed, needless = [await owed(house, f"1380000000{n}") for n in range(3)]
    body = {"note": "已电话说明", "reached": True}
    finished = (await agent.post(f"/api/callbacks/{done}/finish", body)).body
    assert (finished["state"], finished["note"], finished["light"]) == (
        "DONE",
        "已电话说明",
        "NONE",
    )
    body = {"note": "无人接听", "reached": False}
    again = (await agent.post(f"/api/callbacks/{missed}/finish", body)).body
    assert (again["state"], again["attempts"]) == ("OPEN", 1)
    url = f"/api/callbacks/{needless}/cancel"
    assert (await leader.post(url, {"reason": ""})).status == 422
    cancelled = (await leader.post(url, {"reason": "重复来电，已受理"})).body
    assert cancelled["state"] == "CANCELLED"
    assert (await leader.post(url, {"reason": "再来一次"})).status == 409
    over = (await agent.get("/api/callbacks?state=done")).body["items"]
    assert {item["id"] for item in over} == {done, needless}
    assert len((await agent.get("/api/callbacks?state=all")).body["items"]) == 3


async def test_wrong_requests_are_refused(house: House) -> None:
    agent = await house.signed_in("agent")
    assert (await agent.post("/api/callbacks/nothing/call")).status == 404
    assert (await agent.get("/api/callbacks?state=lost")).status == 422
    assert (await agent.get("/api/callbacks?cursor=abc")).status == 422
    assert (await agent.post(f"/api/callbacks/{await owed(house)}/take", {})).status == 422
