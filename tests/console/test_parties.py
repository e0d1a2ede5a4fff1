"""Others in a call at the console: the phone book, consulting, handing on, keys, the history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.ids import new_id
from models.tables import Call, Callback, CallEventRow, CallParty
from models.vocabulary import (
    AgentState,
    CallbackReason,
    CallbackState,
    CallEventKind,
    CallState,
    PartyKind,
    TransferKind,
)
from tests.console.house import House
from tests.console.test_calls import live_call, past_call, staff_id

pytestmark = pytest.mark.store


async def test_the_phone_book_names_who_can_be_asked(house: House) -> None:
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    await agent.post("/api/agent/sign-in")
    await other.post("/api/agent/sign-in")
    book = (await agent.get("/api/phone-book")).body
    assert [one["agent_id"] for one in book["colleagues"]] == [await staff_id(house, "agent2")]
    assert book["colleagues"][0]["state"] == "BUSY"
    assert [one["code"] for one in book["experts"]] == ["rs-sb"]
    assert [one["code"] for one in book["emergency"]] == ["110"]
    clerk = await house.signed_in("clerk")
    assert (await clerk.get("/api/phone-book")).status == 403


async def test_consult_swap_three_way_and_leave(house: House) -> None:
    agent = await house.signed_in("agent")
    call = await live_call(house, "agent")
    path = f"/api/calls/{call.call_id}"
    party = (await agent.post(f"{path}/consult", {"expert": "rs-sb"})).body["party_id"]
    view = house.calls.calls[call.call_id]
    assert [one.party_id for one in view.parties] == [party]
    assert (await agent.post(f"{path}/consult/swap")).status == 204
    assert (await agent.post(f"{path}/conference")).status == 204
    refused = await agent.post(f"{path}/conference")
    assert refused.status == 409 and "三方通话" in refused.body["detail"]
    assert (await agent.post(f"{path}/conference/leave")).status == 204
    assert house.calls.calls[call.call_id].state is CallState.TALKING
    assert (await agent.post(f"{path}/parties/{party}/drop")).status == 204
    assert (await agent.post(f"{path}/consult", {"emergency": "110"})).status == 200
    assert (await agent.post(f"{path}/consult/end")).status == 204


async def test_whom_is_one_and_only_one(house: House) -> None:
    agent = await house.signed_in("agent")
    path = f"/api/calls/{(await live_call(house, 'agent')).call_id}"
    for body in ({}, {"expert": "rs-sb", "emergency": "110"}, {"number": "abc"}):
        assert (await agent.post(f"{path}/consult", body)).status == 422, body
    for body in (
        {"kind": "BLIND"},
        {"kind": "ATTENDED", "queue": "general"},
        {"kind": "BLIND", "queue": "general", "number": "13800000001"},
        {"kind": "SIDEWAYS", "queue": "general"},
    ):
        assert (await agent.post(f"{path}/transfer", body)).status == 422, body


async def test_a_number_is_taken_in_any_dress(house: House) -> None:
    agent = await house.signed_in("agent")
    call = await live_call(house, "agent")
    path, dressed = f"/api/calls/{call.call_id}", "+86 138-0000-0001"
    assert (
        await agent.post(f"{path}/transfer", {"kind": "BLIND", "number": dressed})
    ).status == 204
    desk = house.calls.desk
    assert [choice.number for _, _, choice in desk.transfers] == ["13800000001"]
    assert (await agent.post(f"{path}/consult", {"number": dressed})).status == 200


async def test_transfers_and_keys_reach_telephony(house: House) -> None:
    agent = await house.signed_in("agent")
    call = await live_call(house, "agent")
    path = f"/api/calls/{call.call_id}"
    assert (await agent.post(f"{path}/transfer", {"kind": "BLIND", "queue": "12333"})).status == 204
    assert (await agent.post(f"{path}/transfer", {"kind": "ATTENDED"})).status == 204
    assert (await agent.post(f"{path}/keys", {"digits": "12#"})).status == 204
    assert (await agent.post(f"{path}/keys", {"digits": "12 34"})).status == 422
    desk = house.calls.desk
    assert [(kind, choice.queue) for _, kind, choice in desk.transfers] == [
        (TransferKind.BLIND, "12333"),
        (TransferKind.ATTENDED, None),
    ]
    assert desk.pressed == [(call.call_id, "12#")]
    other = await house.signed_in("agent2")
    assert (await other.post(f"{path}/keys", {"digits": "1"})).status == 404


async def test_other_numbers_take_a_permission_of_their_own(house: House) -> None:
    follow_up = await house.signed_in("follow_up")
    dialled = await follow_up.post("/api/calls", {"number": "13800000009"})
    assert dialled.status == 403
    call = await live_call(house, "follow_up")
    path = f"/api/calls/{call.call_id}"
    assert (await follow_up.post(f"{path}/consult", {"number": "13800000009"})).status == 403
    body = {"kind": "BLIND", "number": "13800000009"}
    assert (await follow_up.post(f"{path}/transfer", body)).status == 403


async def test_a_call_back_is_dialled_by_whoever_took_it(house: House) -> None:
    now, mine = house.clock.now(), await staff_id(house, "follow_up")
    task = Callback(
        reason=CallbackReason.ABANDONED,
        state=CallbackState.OPEN,
        citizen_number="13800000007",
        lost_at=now,
        due_at=now,
        taken_by=mine,
    )
    async with house.store.transaction() as work:
        work.session.add(task)
    agent, follow_up = await house.signed_in("agent"), await house.signed_in("follow_up")
    assert (await agent.post("/api/calls", {"callback_id": task.id})).status == 409
    called = await follow_up.post("/api/calls", {"callback_id": task.id})
    assert called.status == 200
    assert house.calls.dialled == [(mine, "13800000007", None)]
    assert house.calls.for_callbacks == [task.id]


async def test_hanging_up_with_and_without_a_question(house: House) -> None:
    agent = await house.signed_in("agent")
    for body in (None, {"survey": False}):
        call = await live_call(house, "agent")
        assert (await agent.post(f"/api/calls/{call.call_id}/hang-up", body)).status == 204
    assert house.calls.surveyed == [True, False]


async def test_the_history_of_a_call(house: House) -> None:
    call = await past_call(house)
    async with house.store.transaction() as work:
        gone = await staff_id(house, "agent2")
        kinds = (
            (CallEventKind.OFFERED, "", "system"),
            (CallEventKind.CONSULT_BEGUN, "李晓梅", "system"),
            (CallEventKind.TRANSFERRED, "", gone),
        )
        for second, (kind, name, actor) in enumerate(kinds):
            work.session.add(
                CallEventRow(
                    call_id=call.id,
                    at=house.clock.now() + timedelta(seconds=second),
                    kind=kind,
                    actor=actor,
                    actor_name=name,
                    detail={"with": "110"} if name else {},
                )
            )
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    lines = (await agent.get(f"/api/calls/{call.id}/events")).body
    assert [(line["kind_label"], line["actor_name"]) for line in lines] == [
        ("来电", ""),
        ("开始咨询", "李晓梅"),
        (CallEventKind.TRANSFERRED.label, "王志强"),
    ]
    assert lines[1]["detail"] == {"with": "110"}
    assert (await other.get(f"/api/calls/{call.id}/events")).status == 404


async def test_a_colleague_sees_the_call_while_it_rings_and_no_longer(house: House) -> None:
    call = await past_call(house)
    other = await house.signed_in("agent2")
    await other.post("/api/agent/sign-in")
    assert (await other.get(f"/api/calls/{call.id}")).status == 404
    me = await staff_id(house, "agent2")
    house.calls.ring(me, call.id)
    shown = await other.get(f"/api/calls/{call.id}")
    assert shown.body["call"]["caller_number"] == call.citizen_number
    await house.calls.set_state(me, AgentState.BUSY)
    assert (await other.get(f"/api/calls/{call.id}")).status == 404


async def test_a_draft_passes_on_with_its_call(house: House) -> None:
    call = await past_call(house)
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    path = f"/api/calls/{call.id}/draft"
    begun = await agent.request("PUT", path, body={"content": {"title": "路灯不亮"}})
    assert begun.status == 200
    assert (await other.get(path)).status == 403
    await _hand_on(house, call.id, to=await staff_id(house, "agent2"))
    assert (await other.get(path)).body["content"] == {"title": "路灯不亮"}
    assert (await other.request("PUT", path, body={"content": {"title": "灯不亮了"}})).status == 200
    refused = await agent.request("PUT", path, body={"content": {}})
    assert (refused.status, refused.body["code"]) == (409, "handed-on")
    assert refused.body["holder"] == "王志强" and "王志强" in refused.body["detail"]
    assert (await agent.get(path)).status == 403


async def test_whoever_has_not_read_the_former_agents_draft_does_not_replace_it(
    house: House,
) -> None:
    call = await past_call(house)
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    path = f"/api/calls/{call.id}/draft"
    typed = {"place": "人民路八号"}
    saved = await agent.request("PUT", path, body={"content": typed})
    await _hand_on(house, call.id, to=await staff_id(house, "agent2"))
    hasty = {"content": {"title": "停水"}}
    for based_on in (None, "2020-01-01T00:00:00Z"):
        refused = await other.request("PUT", path, body=hasty | {"based_on": based_on})
        assert (refused.status, refused.body["code"]) == (409, "draft-changed")
        assert refused.body["content"] == typed
    assert (await other.get(path)).body["content"] == typed
    assert refused.body["updated_at"][:19] == saved.body["updated_at"][:19]
    both = {"content": typed | hasty["content"], "based_on": refused.body["updated_at"]}
    assert (await other.request("PUT", path, body=both)).status == 200
    # One's own earlier text may be replaced, whatever it was based on.
    assert (await other.request("PUT", path, body=both)).status == 200


async def test_a_draft_of_a_call_that_waits_for_the_next_is_nobodys(house: House) -> None:
    call = await past_call(house)
    agent, stranger = await house.signed_in("agent"), await house.signed_in("agent2")
    path = f"/api/calls/{call.id}/draft"
    await agent.request("PUT", path, body={"content": {"title": "路灯不亮"}})
    await _hand_on(house, call.id, to=None)
    refused = await agent.request("PUT", path, body={"content": {}})
    assert (refused.status, refused.body["holder"]) == (409, "")
    assert (await stranger.request("PUT", path, body={"content": {}})).status == 404


async def _hand_on(house: House, call_id: str, to: str | None) -> None:
    """As telephony writes it: the call is another's, and the first agent took part in it."""
    async with house.store.transaction() as work:
        row = await work.session.get(Call, call_id)
        assert row is not None
        work.session.add(
            CallParty(
                id=new_id(),
                call_id=call_id,
                kind=PartyKind.AGENT,
                name="李晓梅",
                agent_id=row.agent_id,
                joined_at=house.clock.now(),
            )
        )
        row.agent_id = to
