"""Call-back tasks at the console: who sees them, takes them, calls, and how they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.ids import new_id
from models.tables import AccessLog, Callback, Contact, Recording
from models.vocabulary import CallbackReason, CallbackState, Channel, ContactOutcome, Leg
from tests.console.house import House
from tests.console.orders import FORM
from tests.console.test_calls import past_call, record

pytestmark = pytest.mark.store

NUMBER = "13800001234"


async def owed(house: House, number: str = NUMBER, **changes: Any) -> str:
    """A citizen who was lost a moment ago."""
    now = house.clock.now()
    task = Callback(
        id=new_id(), reason=changes.pop("reason", CallbackReason.ABANDONED),
        state=CallbackState.OPEN, citizen_number=number, lost_at=now,
        due_at=now + timedelta(minutes=30), **changes,
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


async def test_a_task_whose_number_cannot_be_rung_says_so_and_takes_another(house: House) -> None:
    agent, task_id = await house.signed_in("agent"), await owed(house, "4001234567")
    (task,) = (await agent.get("/api/callbacks")).body["items"]
    assert task["cannot_call"].startswith("400、800 号码不在允许外呼的范围内，无法回拨")
    taken = (await agent.post("/api/callbacks/next")).body
    refused = await agent.post(f"/api/callbacks/{task_id}/call")
    assert (refused.status, refused.body["detail"]) == (409, taken["cannot_call"])
    url = f"/api/callbacks/{task_id}/number"
    for wrong in ("12306", "anonymous"):
        assert (await agent.post(url, {"number": wrong})).fields() == ["number"]
    changed = (await agent.post(url, {"number": NUMBER})).body
    assert (changed["citizen_number"], changed["cannot_call"]) == (NUMBER, "")
    assert (await agent.post(f"/api/callbacks/{task_id}/call")).status == 200
    assert house.calls.dialled[0][1] == NUMBER


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


async def message(house: House, **changes: Any) -> tuple[str, str]:
    """A caller of a hidden number has left a message, which nobody has taken up: call and task."""
    heard = {"agent_id": None, "answered_at": None, "outcome": ContactOutcome.VOICEMAIL_LEFT}
    call = await past_call(house, **(heard | changes))
    record(house, "2026/11/02/caller.wav")
    return call.id, await owed(house, "", call_id=call.id)


async def test_a_message_is_heard_and_read_by_who_calls_back(house: House) -> None:
    call_id, _ = await message(house)
    agent = await house.signed_in("agent")
    found = (await agent.get(f"/api/calls/{call_id}")).body
    assert [said["text"] for said in found["utterances"]] == ["您好。", "路灯不亮了。"]
    assert not found["writes_order"]
    assert (await agent.get(f"/api/calls/{call_id}/recordings")).status == 200
    heard = await agent.get(f"/api/calls/{call_id}/recording/caller.wav")
    assert (heard.status, heard.raw[:4]) == (200, b"RIFF")
    async with house.store.read() as session:
        noted = list(await session.scalars(select(AccessLog.what)))
    assert noted.count("recording.caller") == 1
    for stranger in ("auditor", "dispatcher"):
        refused = await (await house.signed_in(stranger)).get(f"/api/calls/{call_id}")
        assert refused.status == 404
    unowed = await past_call(house, "agent2")
    assert (await agent.get(f"/api/calls/{unowed.id}")).status == 404


async def test_who_takes_the_task_registers_the_order(house: House) -> None:
    call_id, task_id = await message(house)
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    path = f"/api/calls/{call_id}/draft"
    early = await agent.request("PUT", path, body={"content": {"title": "路灯"}})
    assert early.status == 409 and "领取" in early.body["detail"]

    await agent.post("/api/callbacks/next")
    assert (await agent.get(f"/api/calls/{call_id}")).body["writes_order"]
    saved = await agent.request("PUT", path, body={"content": {"title": "路灯"}})
    assert saved.status == 200
    assert (await other.request("PUT", path, body={"content": {}})).status == 409
    order = await agent.post("/api/orders", FORM | {"call_id": call_id})
    assert order.status == 200, order.body
    finished = await agent.post(f"/api/callbacks/{task_id}/finish", {"note": "", "reached": True})
    assert finished.body["state"] == "DONE"


async def test_the_draft_of_a_cut_off_talk_goes_to_who_calls_back(house: House) -> None:
    call_id, _ = await message(house, agent_id=None, outcome=ContactOutcome.FAILED)
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    path = f"/api/calls/{call_id}/draft"
    await agent.post("/api/callbacks/next")
    await agent.request("PUT", path, body={"content": {"title": "写到一半"}})
    task = (await agent.get("/api/callbacks?state=mine")).body["items"][0]
    await agent.post(f"/api/callbacks/{task['id']}/release")
    await other.post("/api/callbacks/next")
    assert (await other.get(path)).body["content"] == {"title": "写到一半"}
    assert (await agent.request("PUT", path, body={"content": {}})).status == 409


async def test_a_message_left_while_the_hotline_was_down_is_heard_in_the_task(
    house: House,
) -> None:
    now = house.clock.now()
    contact = Contact(
        channel=Channel.VOICEMAIL, citizen_number=NUMBER, started_at=now,
        outcome=ContactOutcome.VOICEMAIL_LEFT, recording="2026/11/02/left.wav",
    )  # fmt: skip
    async with house.store.transaction() as work:
        work.session.add(contact)
        await work.session.flush()
        kept = Recording(
            contact_id=contact.id, leg=Leg.CALLER, path=contact.recording, started_at=now,
            seconds=0.5, bytes=8044, sha256="", made_at=now, keep_until=now + timedelta(days=730),
        )  # fmt: skip
        work.session.add(kept)
    record(house, contact.recording)
    await owed(house, contact_id=contact.id)
    agent = await house.signed_in("agent")
    (task,) = (await agent.get("/api/callbacks")).body["items"]
    assert task["message_id"] == kept.id
    assert (await agent.get(f"/api/recordings/{kept.id}.wav")).raw[:4] == b"RIFF"
