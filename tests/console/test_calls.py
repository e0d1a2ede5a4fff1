"""The agent's desk and calls: seat, floor, records, recordings, drafts, calling out."""

from __future__ import annotations

import wave
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models.ids import new_id
from models.ports import CallView
from models.tables import AccessLog, Call, CallParty, Contact, Staff, UtteranceRow
from models.vocabulary import (
    AccessKind,
    CallDirection,
    CallState,
    Channel,
    ContactOutcome,
    Leg,
    PartyKind,
    PriorityReason,
    Satisfaction,
)
from tests.console.house import House
from tests.console.orders import FORM, open_order, submitted

pytestmark = pytest.mark.store

NUMBER = "13800000001"


async def staff_id(house: House, username: str) -> str:
    async with house.store.read() as session:
        found = await session.scalar(select(Staff.id).where(Staff.username == username))
    assert found
    return found


async def past_call(house: House, agent: str = "agent", **changes: Any) -> Call:
    """A served call of this agent, with two things said and the citizen's voice kept."""
    now = house.clock.now()
    contact = Contact(
        channel=Channel.PHONE,
        citizen_number=NUMBER,
        started_at=now - timedelta(minutes=5),
        outcome=ContactOutcome.SERVED,
    )
    values: dict[str, Any] = {
        "id": new_id(),
        "direction": CallDirection.INBOUND,
        "state": CallState.ENDED,
        "citizen_number": NUMBER,
        "agent_id": await staff_id(house, agent),
        "started_at": now - timedelta(minutes=5),
        "answered_at": now - timedelta(minutes=4),
        "ended_at": now - timedelta(minutes=1),
        "outcome": ContactOutcome.SERVED,
        "citizen_recording": "2026/11/02/caller.wav",
    }
    call = Call(**values | changes)
    async with house.store.transaction() as work:
        work.session.add(contact)
        await work.session.flush()
        call.contact_id = contact.id
        work.session.add(call)
        await work.session.flush()
        for leg, start, text in ((Leg.AGENT, 1.0, "您好。"), (Leg.CALLER, 2.5, "路灯不亮了。")):
            work.session.add(
                UtteranceRow(
                    id=new_id(),
                    call_id=call.id,
                    leg=leg,
                    start=start,
                    end=start + 1,
                    text=text,
                    raw=text,
                    confidence=0.9,
                    words=[],
                )
            )
    return call


def record(house: House, path: str) -> bytes:
    """Half a second of silence where a recording belongs."""
    file = house.services.settings.recordings_dir / path
    file.parent.mkdir(parents=True)
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 4000)
    return file.read_bytes()


async def live_call(house: House, agent: str, state: CallState = CallState.TALKING) -> CallView:
    call = CallView(
        call_id=new_id(),
        contact_id=None,
        direction=CallDirection.INBOUND,
        state=state,
        caller_number=NUMBER,
        agent_id=await staff_id(house, agent),
        started_at=house.clock.now(),
    )
    house.calls.put(call)
    return call


async def test_an_agent_signs_in_to_her_seat_and_changes_her_state(house: House) -> None:
    agent = await house.signed_in("agent")
    seat = (await agent.post("/api/agent/sign-in")).body
    assert (
        seat["account"]["extension"] == "1001" and seat["sip_path"] == f"/sip?seat={seat['seat']}"
    )
    assert seat["presence"]["state"] == "BUSY"

    ready = (await agent.post("/api/agent/state", {"state": "READY"})).body
    assert ready["state"] == "READY" and ready["since"].endswith("Z")
    assert (await agent.get("/api/agent")).body["presence"]["state"] == "READY"
    bare = await agent.post("/api/agent/state", {"state": "BUSY"})
    assert bare.status == 422 and "原因" in bare.body["detail"]
    refused = await agent.post("/api/agent/state", {"state": "TALKING"})
    assert refused.status == 409 and "通话" in refused.body["detail"]
    unknown = await agent.post("/api/agent/state", {"state": "ASLEEP"})
    assert (unknown.status, unknown.fields()) == (422, ["state"])
    assert (await agent.post("/api/agent/sign-out")).status == 204


async def test_without_an_exchange_the_agent_reads_why(house: House) -> None:
    house.calls.online = False
    agent = await house.signed_in("agent")
    refused = await agent.post("/api/agent/sign-in")
    assert (refused.status, refused.body["code"]) == (503, "telephony-unavailable")
    status = (await agent.get("/api/status")).body
    assert status["exchange"]["online"] is False and status["exchange"]["reason"]


async def test_a_reloaded_page_finds_its_call_and_what_was_typed(house: House) -> None:
    agent = await house.signed_in("agent")
    await agent.post("/api/agent/sign-in")
    call = await past_call(house)
    me = await staff_id(house, "agent")
    house.calls.wrap_up(me, call.id)
    typed = {"title": "路灯", "content": "写到一半"}
    saved = await agent.request("PUT", f"/api/calls/{call.id}/draft", body={"content": typed})
    assert saved.body["updated_at"]

    desk = (await agent.get("/api/agent")).body
    assert desk["call"]["call_id"] == call.id and desk["call"]["state"] == "ENDED"
    assert desk["draft"]["content"] == typed
    assert (await agent.get(f"/api/calls/{call.id}/draft")).body["content"] == typed


async def test_a_past_call_tells_its_queue_its_priority_and_its_grade(house: House) -> None:
    call = await past_call(
        house,
        queue="elderly",
        priority=40,
        priority_reasons=[PriorityReason.ELDERLY],
        transfers=1,
        satisfaction=Satisfaction.SATISFIED,
    )
    agent = await house.signed_in("agent")
    told = (await agent.get(f"/api/calls/{call.id}")).body["call"]
    assert (told["queue"], told["priority"], told["transfers"]) == ("elderly", 40, 1)
    assert told["priority_reasons"] == ["ELDERLY"]
    assert told["satisfaction"] == "SATISFIED"


async def test_a_draft_belongs_to_the_agent_of_the_call(house: House) -> None:
    call = await past_call(house)
    other, agent = await house.signed_in("agent2"), await house.signed_in("agent")
    path = f"/api/calls/{call.id}/draft"
    assert (await other.request("PUT", path, body={"content": {}})).status == 404
    nothing_yet = await agent.get(path)
    assert (nothing_yet.status, nothing_yet.body) == (200, None)
    await agent.request("PUT", path, body={"content": {"title": "我的"}})
    assert (await other.get(path)).status == 403
    wrong = await agent.request("PUT", path, body={"content": "text"})
    assert (wrong.status, wrong.fields()) == (422, ["content"])


async def test_the_floor_shows_numbers_only_to_their_agent_and_the_shift_leader(
    house: House,
) -> None:
    call = await live_call(house, "agent")
    numbers = {}
    for name in ("agent", "agent2", "leader", "manager"):
        floor = (await (await house.signed_in(name)).get("/api/floor")).body
        numbers[name] = floor["calls"][0]["caller_number"]
    assert floor["calls"][0]["call_id"] == call.call_id and floor["exchange_online"]
    masked = "138****0001"
    assert numbers == {"agent": NUMBER, "agent2": masked, "leader": NUMBER, "manager": masked}


async def test_an_agent_holds_resumes_and_ends_her_own_call_only(house: House) -> None:
    call = await live_call(house, "agent")
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    assert (await other.post(f"/api/calls/{call.call_id}/hang-up")).status == 404
    assert (await agent.post(f"/api/calls/{call.call_id}/hold")).status == 204
    assert house.calls.calls[call.call_id].state is CallState.HELD
    assert (await agent.post(f"/api/calls/{call.call_id}/resume")).status == 204
    assert (await agent.post(f"/api/calls/{call.call_id}/hang-up")).status == 204
    assert call.call_id not in house.calls.calls


async def test_one_call_tells_who_called_what_was_said_and_how_it_ended(house: House) -> None:
    call = await past_call(house)
    await past_call(house, started_at=house.clock.now() - timedelta(days=2))
    agent = await house.signed_in("agent")
    order = await open_order(agent, call_id=call.id)
    async with house.store.transaction() as work:
        party = CallParty(id=new_id(), call_id=call.id, kind=PartyKind.AGENT, name="李晓梅")
        work.session.add(party)
        told = (UtteranceRow.call_id == call.id, UtteranceRow.leg == Leg.AGENT)
        await work.session.execute(update(UtteranceRow).where(*told).values(party_id=party.id))

    detail = (await agent.get(f"/api/calls/{call.id}")).body
    assert detail["call"]["agent_name"] == "李晓梅" and detail["call"]["outcome"] == "SERVED"
    assert detail["call"]["citizen_recording"] and not detail["call"]["agent_recording"]
    assert [(u["leg"], u["text"]) for u in detail["utterances"]] == [
        ("AGENT", "您好。"),
        ("CALLER", "路灯不亮了。"),
    ]
    assert [u["speaker"] for u in detail["utterances"]] == [
        {"party_id": party.id, "kind": "AGENT", "name": "李晓梅"},
        None,
    ]
    assert detail["caller"]["number"] == NUMBER
    assert detail["caller"]["recent_contacts"] == 1
    assert [item["id"] for item in detail["caller"]["recent_orders"]] == [order["id"]]
    assert detail["speech"]["available"] is False and detail["speech"]["reason"]
    assert [item["id"] for item in order["calls"]] == [call.id]


async def test_a_caller_is_known_in_any_dress_and_a_hidden_one_never(house: House) -> None:
    agent = await house.signed_in("agent")
    first, again = await past_call(house), await past_call(house, citizen_number=f"+86{NUMBER}")
    order = await open_order(agent, call_id=first.id)
    caller = (await agent.get(f"/api/calls/{again.id}")).body["caller"]
    assert [item["id"] for item in caller["recent_orders"]] == [order["id"]]
    assert caller["recent_contacts"] == 1
    async with house.store.transaction() as work:
        await work.session.execute(update(Contact).values(citizen_number="anonymous"))
    hidden = await past_call(house, citizen_number="anonymous")
    caller = (await agent.get(f"/api/calls/{hidden.id}")).body["caller"]
    assert (caller["recent_orders"], caller["recent_contacts"]) == ([], 0)


async def test_a_confidential_order_does_not_give_its_caller_away(house: House) -> None:
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    await open_order(agent, confidential=True)
    call = await past_call(house, agent="agent2")
    detail = (await other.get(f"/api/calls/{call.id}")).body
    assert detail["caller"]["recent_orders"] == []


async def test_other_peoples_calls_open_only_behind_an_order_or_for_the_shift_leader(
    house: House,
) -> None:
    call = await past_call(house)
    other, leader = await house.signed_in("agent2"), await house.signed_in("leader")
    dispatcher = await house.signed_in("dispatcher")
    assert (await other.get(f"/api/calls/{call.id}")).status == 404
    assert (await dispatcher.get(f"/api/calls/{call.id}")).status == 404
    assert (await leader.get(f"/api/calls/{call.id}")).status == 200

    await open_order(await house.signed_in("agent"), call_id=call.id)
    assert (await other.get(f"/api/calls/{call.id}")).body["caller"]["number"] == NUMBER
    masked = (await dispatcher.get(f"/api/calls/{call.id}")).body
    assert masked["caller"]["number"] == masked["call"]["caller_number"] == "138****0001"
    async with house.store.read() as session:
        rows = list(await session.scalars(select(AccessLog).order_by(AccessLog.id)))
    numbers = [row.staff_name for row in rows if row.what == AccessKind.PHONE_NUMBER]
    words = [row.staff_name for row in rows if row.what == AccessKind.CALL_TRANSCRIPT]
    assert (numbers, words) == (["陈建国", "王志强"], ["陈建国", "王志强", "周敏"])


async def test_the_list_of_calls_is_ones_own_unless_one_watches_over_the_floor(
    house: House,
) -> None:
    mine, theirs = await past_call(house), await past_call(house, agent="agent2")
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    manager = await house.signed_in("manager")
    assert [row["id"] for row in (await agent.get("/api/calls")).body["items"]] == [mine.id]
    rows = (await leader.get("/api/calls")).body["items"]
    assert {row["id"] for row in rows} == {mine.id, theirs.id}
    assert rows[0]["duration_s"] == 180 and rows[0]["agent_name"]
    assert (await leader.get("/api/calls?mine=true")).body["items"] == []
    assert {row["citizen_number"] for row in rows} == {NUMBER}
    rows = (await manager.get("/api/calls")).body["items"]
    assert {row["citizen_number"] for row in rows} == {"138****0001"}
    assert (await manager.get("/api/calls?number=0001")).status == 403


async def test_a_call_that_was_handed_on_stays_in_the_list_of_who_had_a_part_in_it(
    house: House,
) -> None:
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    call = await past_call(house, agent="agent2")
    now, listened = house.clock.now(), await past_call(house, agent="agent2")
    parts = (
        ("agent", PartyKind.AGENT, call, now),
        ("agent", PartyKind.AGENT, listened, None),  # was rung, and did not answer
        ("leader", PartyKind.SUPERVISOR, listened, now),
    )
    async with house.store.transaction() as work:
        for nth, (who, kind, of, joined) in enumerate(parts):
            work.session.add(
                CallParty(
                    id=new_id(),
                    call_id=of.id,
                    kind=kind,
                    name=who,
                    number="1001",
                    agent_id=await staff_id(house, who),
                    channel=f"part-{nth}",
                    rung_at=now,
                    joined_at=joined,
                    left_at=now,
                    reason="",
                    recording="",
                )
            )
    assert [row["id"] for row in (await agent.get("/api/calls")).body["items"]] == [call.id]
    assert (await leader.get("/api/calls?mine=true")).body["items"] == []


async def test_the_time_of_talk_ends_before_the_question_for_a_grade(house: House) -> None:
    asked_at = house.clock.now() - timedelta(minutes=2)
    call = await past_call(house, rating_asked_at=asked_at)
    agent = await house.signed_in("agent")
    (row,) = (await agent.get("/api/calls")).body["items"]
    detail = (await agent.get(f"/api/calls/{call.id}")).body
    assert row["duration_s"] == detail["call"]["duration_s"] == 120


async def test_the_list_of_calls_is_filtered_and_paged(house: House) -> None:
    start = house.clock.now()
    calls = [await past_call(house, started_at=start - timedelta(days=day)) for day in range(3)]
    await past_call(
        house,
        started_at=start - timedelta(days=9),
        outcome=ContactOutcome.ABANDONED_QUEUE,
        citizen_number="07348812345",
    )
    leader = await house.signed_in("leader")

    async def ids(query: str) -> list[str]:
        return [row["id"] for row in (await leader.get(f"/api/calls?{query}")).body["items"]]

    page = (await leader.get("/api/calls?limit=2")).body
    assert [row["id"] for row in page["items"]] == [calls[0].id, calls[1].id]
    rest = await ids(f"limit=5&cursor={page['next_cursor']}")
    assert rest[0] == calls[2].id and len(rest) == 2
    assert await ids("from=2026-11-01&to=2026-11-01") == [calls[1].id]
    assert len(await ids("outcome=ABANDONED_QUEUE")) == 1
    assert len(await ids("number=12345")) == 1
    for wrong in ("from=today", "outcome=LOST", "number=1%25", "cursor=x"):
        answer = await leader.get(f"/api/calls?{wrong}")
        assert (answer.status, answer.fields()) == (422, [wrong.partition("=")[0]])


async def test_a_recording_is_played_in_pieces_and_written_down_once(house: House) -> None:
    call = await past_call(house)
    sound = record(house, call.citizen_recording)
    leader = await house.signed_in("leader")
    path = f"/api/calls/{call.id}/recording/caller.wav"

    whole = await leader.get(path)
    assert (whole.status, whole.raw) == (200, sound)
    assert whole.headers["Content-Type"] == "audio/wav"
    piece = await leader.get(path, Range="bytes=100-199")
    assert (piece.status, piece.raw) == (206, sound[100:200])
    house.clock.advance(timedelta(hours=1))
    await leader.get(path, Range="bytes=10-")
    async with house.store.read() as session:
        entries = list(await session.scalars(select(AccessLog).order_by(AccessLog.at)))
    assert [(e.what, e.subject, e.staff_name) for e in entries] == [
        ("recording.caller", call.id, "陈建国")
    ] * 2
    assert entries[0].address == "127.0.0.1"


async def test_recordings_are_closed_to_those_without_the_right(house: House) -> None:
    call = await past_call(house)
    record(house, call.citizen_recording)
    await open_order(await house.signed_in("agent"), call_id=call.id)
    path = f"/api/calls/{call.id}/recording/caller.wav"
    for name, status in (("clerk", 403), ("manager", 403), ("admin", 403), ("auditor", 200)):
        assert (await (await house.signed_in(name)).get(path)).status == status, name
    assert (await house.browser().get(path)).status == 401


@pytest.mark.parametrize("name", ["", "../../secrets.json", "/etc/passwd", "gone.wav"])
async def test_only_files_of_the_recordings_folder_are_given_out(house: House, name: str) -> None:
    house.services.settings.recordings_dir.mkdir()
    call = await past_call(house, citizen_recording=name)
    agent = await house.signed_in("agent")
    assert (await agent.get(f"/api/calls/{call.id}/recording/caller.wav")).status == 404
    assert (await agent.get(f"/api/calls/{call.id}/recording/both.wav")).status == 404


async def test_the_follow_up_desk_calls_a_citizen_whose_number_the_server_knows(
    house: House,
) -> None:
    order = await submitted(house)
    desk = await house.signed_in("follow_up")
    called = await desk.post("/api/calls", {"number": "139****1234", "order_id": order["id"]})
    assert called.body["call_id"]
    me = await staff_id(house, "follow_up")
    assert house.calls.dialled == [(me, FORM["callback_phone"], order["id"])]


async def test_calling_out_needs_somebody_to_call(house: House) -> None:
    agent, clerk = await house.signed_in("agent"), await house.signed_in("clerk")
    assert (await agent.post("/api/calls", {"number": "0734-881 2345"})).status == 200
    assert house.calls.dialled[0][1] == "07348812345"
    for body in ({}, {"number": "12"}, {"number": "abc"}, {"number": "1; rm"}):
        assert (await agent.post("/api/calls", body)).status == 422
    assert (await agent.post("/api/calls", {"order_id": "01nosuchorder"})).status == 404
    assert (await clerk.post("/api/calls", {"number": "13800000001"})).status == 403
    silent = await open_order(agent, caller_phone="", callback_phone="", want_reply=False)
    answer = await agent.post("/api/calls", {"order_id": silent["id"]})
    assert (answer.status, answer.fields()) == (422, ["order_id"])
