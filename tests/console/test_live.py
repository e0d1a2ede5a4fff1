"""The live stream: who hears what, coming back, falling behind, and the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from agent_console.live import MAX_WAITING, RING, Connection, LiveHub
from agent_console.people import Person
from models.events import (
    AgentStateChanged,
    CallEnded,
    CallQueued,
    CallRinging,
    DomainEvent,
    RequestUnderstood,
    UtteranceHeard,
)
from models.ids import new_id
from models.speech import Utterance
from models.tables import AccessLog
from models.understanding import Understanding
from models.vocabulary import (
    AccessKind,
    AgentState,
    CallState,
    ContactOutcome,
    Leg,
    Role,
    Urgency,
)
from tests.console.house import PASSWORD, House
from tests.console.orders import done, open_order
from tests.console.stream import listening
from tests.console.test_calls import NUMBER, past_call, staff_id

pytestmark = pytest.mark.store

#: What is already there comes at once; this is only how long a failing test takes.
SOON = 10.0


def heard(call_id: str, text: str, *, final: bool = True, name: str = "u1") -> UtteranceHeard:
    return UtteranceHeard(
        utterance=Utterance(
            call_id=call_id,
            leg=Leg.CALLER,
            utterance_id=name,
            start=0,
            end=1,
            text=text,
            raw=text,
            final=final,
        )
    )


def understood(call_id: str) -> RequestUnderstood:
    return RequestUnderstood(
        call_id=call_id,
        understanding=Understanding(
            request_types=(),
            categories=(),
            departments=(),
            urgency=Urgency.NORMAL,
            urgency_reason="",
            title="路灯不亮",
            facts=(),
            model_version="seed-1",
        ),
    )


async def tell(house: House, *events: DomainEvent) -> None:
    for event in events:
        await house.services.bus.publish(event)


async def test_the_screen_pops_and_the_words_come_to_the_agent_of_the_call(house: House) -> None:
    me, browser = await staff_id(house, "agent"), await house.signed_in("agent")
    async with listening(browser) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["X-Accel-Buffering"] == "no"
        assert (await stream.next()).data == {"resumed": False}
        await tell(
            house,
            CallRinging(call_id="c1", agent_id=me, caller_number=NUMBER),
            heard("c1", "路灯", final=False),
            heard("c1", "路灯不亮。"),
            understood("c1"),
        )
        popped = await stream.next("CallRinging")
        assert popped.data["caller_number"] == NUMBER and popped.data["type"] == "CallRinging"
        last = await stream.next("RequestUnderstood")
        assert last.data["understanding"]["title"] == "路灯不亮"


async def test_others_on_the_floor_hear_that_there_is_a_call_but_not_what_is_said(
    house: House,
) -> None:
    me, browser = await staff_id(house, "agent"), await house.signed_in("agent2")
    async with listening(browser) as stream:
        await stream.next("hello")
        await tell(
            house,
            CallRinging(call_id="c1", agent_id=me, caller_number=NUMBER),
            heard("c1", "我举报我的单位。"),
            understood("c1"),
            AgentStateChanged(agent_id=me, state=AgentState.RINGING, since=house.clock.now()),
        )
        seen = await stream.next()
        assert (seen.name, seen.data["caller_number"]) == ("CallRinging", "138****0001")
        assert (await stream.next()).name == "AgentStateChanged"


async def readings(house: House) -> list[tuple[str, str]]:
    """Who has read the words of which call that was not their own, while it lasted."""
    query = select(AccessLog).where(AccessLog.what == AccessKind.CALL_TRANSCRIPT)
    async with house.store.read() as session:
        rows = await session.scalars(query.order_by(AccessLog.id))
        return [(row.staff_name, row.subject) for row in rows]


async def test_a_shift_leader_follows_a_call_word_by_word_once_it_is_opened_and_written_down(
    house: House,
) -> None:
    call = await past_call(house, ended_at=None, state=CallState.TALKING)
    leader = await house.signed_in("leader")
    second = house.live.connect(listener("call.floor", "call.transcript"), "token").connection
    async with listening(leader) as stream:
        await stream.next("hello")
        await tell(house, heard(call.id, "您好。"), understood(call.id))
        await tell(house, CallQueued(call_id="c1", caller_number=NUMBER))
        assert (await stream.next()).data["caller_number"] == NUMBER, "no words before"
        assert await readings(house) == []

        path = f"/api/calls/{call.id}"
        assert (await leader.get(path)).status == (await leader.get(path)).status == 200
        assert await readings(house) == [("陈建国", call.id)]
        await tell(house, heard(call.id, "路灯", final=False, name="u2"))
        await tell(house, heard(call.id, "路灯不亮。", name="u2"), understood(call.id))
        assert (await stream.next("UtteranceHeard")).data["utterance"]["utterance_id"] == "u2"
        await stream.next("RequestUnderstood")
        assert await readings(house) == [("陈建国", call.id)], "not for every utterance"
    (seen,) = await second.next(SOON)
    assert "CallQueued" in seen, "another leader, who has not opened it, reads nothing of it"


async def test_who_has_the_call_in_hand_reads_it_without_an_entry(house: House) -> None:
    call = await past_call(house, ended_at=None, state=CallState.TALKING)
    agent, colleague = await house.signed_in("agent"), await house.signed_in("agent2")
    assert (await agent.get(f"/api/calls/{call.id}")).status == 200
    assert (await colleague.get(f"/api/calls/{call.id}")).status == 404
    assert await readings(house) == []


async def test_whoever_reads_a_past_call_is_written_down_once(house: House) -> None:
    call = await past_call(house)
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    path = f"/api/calls/{call.id}"
    for browser in (leader, leader, agent):
        assert (await browser.get(path)).status == 200
    assert await readings(house) == [("陈建国", call.id), ("李晓梅", call.id)]


async def test_after_a_restart_the_words_still_find_the_agent_of_the_call(house: House) -> None:
    call = await past_call(house)  # known from the records only
    async with listening(await house.signed_in("agent")) as stream:
        await stream.next("hello")
        await tell(house, heard(call.id, "喂？"))
        assert (await stream.next()).data["utterance"]["text"] == "喂？"


async def test_a_unit_hears_of_its_own_orders_only(house: House) -> None:
    clerk, other = await house.signed_in("clerk"), await house.signed_in("other_clerk")
    dispatcher = await house.signed_in("dispatcher")
    me = await staff_id(house, "agent")
    async with listening(clerk) as own, listening(other) as foreign:
        await own.next("hello")
        await foreign.next("hello")
        first = await open_order(await house.signed_in("agent"))
        second = await open_order(await house.signed_in("agent"))
        await tell(house, CallQueued(call_id="c1", agent_id=me))
        await done(dispatcher, first, "dispatch", department="D-CG", note="")
        await done(dispatcher, second, "dispatch", department="D-ZJ", note="")
        heard_by_clerk = await own.next()
        assert heard_by_clerk.name == "OrderChanged"
        assert heard_by_clerk.data["order_id"] == first["id"]
        assert heard_by_clerk.data["action"] == "dispatch"
        assert (await foreign.next()).data["order_id"] == second["id"]


async def test_a_browser_that_comes_back_misses_nothing(house: House) -> None:
    browser = await house.signed_in("leader")
    async with listening(browser) as stream:
        await stream.next("hello")
        await tell(house, CallQueued(call_id="c1"))
        last_id = (await stream.next()).last_id
    await tell(house, CallQueued(call_id="c2"), heard("c2", "嗯", final=False))
    async with listening(await house.signed_in("leader")) as witness:
        await tell(house, CallEnded(call_id="c2", outcome=ContactOutcome.ABANDONED_QUEUE))
        await witness.next("CallEnded")  # all of it has reached the house
    async with listening(browser, last_id) as stream:
        assert (await stream.next("hello")).data == {"resumed": True}
        assert (await stream.next()).data["call_id"] == "c2"
        assert (await stream.next()).name == "CallEnded"


async def test_an_idle_browser_keeps_up_by_heartbeats(house: House) -> None:
    """What others hear does not count as missed by one who may not hear it."""
    clerk = await house.signed_in("clerk")
    async with listening(clerk) as stream:
        await stream.next("hello")
        await tell(house, *(CallQueued(call_id=f"c{n}") for n in range(RING)))
        await stream.heartbeat()
        while stream.last_id != house.live.latest_id:
            await stream.heartbeat()
        last_id = stream.last_id
    await tell(house, *(CallQueued(call_id=f"d{n}") for n in range(100)))
    async with listening(clerk, last_id) as stream:
        assert (await stream.next("hello")).data == {"resumed": True}


@pytest.mark.parametrize("last_id", ["nonsense", "01otherrun-5", "x-y-z"])
async def test_a_browser_of_another_run_is_told_to_read_anew(house: House, last_id: str) -> None:
    async with listening(await house.signed_in("agent"), last_id) as stream:
        assert (await stream.next("hello")).data == {"resumed": False}


async def test_nobody_listens_without_signing_in_and_signing_out_ends_the_stream(
    house: House,
) -> None:
    browser = house.browser()
    assert (await browser.get("/api/live")).status == 401
    await browser.post("/api/session", {"username": "agent", "password": PASSWORD})
    async with listening(browser) as stream:
        await stream.next("hello")
        await browser.request("DELETE", "/api/session")
        assert await stream.ended()


async def test_a_session_that_runs_out_ends_its_stream_even_on_a_busy_floor(house: House) -> None:
    async with listening(await house.signed_in("agent")) as stream:
        await stream.next("hello")
        house.clock.advance(timedelta(hours=13))
        assert await stream.ended()
    assert house.live.connections == 0


async def test_the_server_stops_in_spite_of_open_streams(house: House) -> None:
    async with listening(await house.signed_in("agent")) as stream:
        await stream.next("hello")
        house.live.close()
        assert await stream.ended()


# --- the queue of one browser -------------------------------------------------------------------


def listener(*permissions: str) -> Person:
    return Person(
        staff_id="me",
        username="me",
        name="某某",
        roles=(Role.AGENT,),
        department="D-HL",
        units=frozenset({"D-HL"}),
        extension=None,
        permissions=frozenset(permissions),
    )


async def connected(house: House) -> tuple[LiveHub, Connection]:
    hub = house.live
    await hub.take(CallRinging(call_id="c1", agent_id="me"))
    person = listener("call.seat", "call.floor", "call.transcript")
    return hub, hub.connect(person, "token").connection


async def test_a_newer_interim_utterance_takes_the_place_of_the_one_that_waits(
    house: House,
) -> None:
    hub, connection = await connected(house)
    for text in ("路", "路灯", "路灯不"):
        await hub.take(heard("c1", text, final=False))
    await hub.take(heard("c1", "井盖", final=False, name="u2"))
    waiting = await connection.next(SOON)
    assert len(waiting) == 2 and "路灯不" in waiting[0] and "id:" not in waiting[0]

    await hub.take(heard("c1", "路灯不亮", final=False))
    await hub.take(heard("c1", "路灯不亮。"))
    final = await connection.next(SOON)
    assert len(final) == 1 and '"final":true' in final[0] and final[0].startswith("id: ")


async def test_a_browser_that_is_too_slow_is_told_so_and_let_go(house: House) -> None:
    hub, connection = await connected(house)
    for number in range(MAX_WAITING + 1):
        await hub.take(CallQueued(call_id=new_id(), agent_id=f"agent{number}"))
    assert connection.lost
    assert await connection.next(SOON) == []
    await hub.take(CallQueued(call_id="later"))
    assert await connection.next(0.01) == [], "nothing more is kept for it"


async def test_a_slow_browser_reads_resync_on_its_stream(house: House) -> None:
    async with listening(await house.signed_in("agent")) as stream:
        await stream.next("hello")
        for number in range(MAX_WAITING + 1):
            await house.live.take(CallQueued(call_id=f"c{number}"))
        assert (await stream.next("resync")).data == {}
        assert await stream.ended()
