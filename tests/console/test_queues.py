"""Queues, skills and the longer wrap-up, through the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.ids import new_id
from models.ports import CallView
from models.tables import Call, Staff
from models.vocabulary import AgentState, CallDirection, CallState, ContactOutcome, PriorityReason
from tests.console.house import House

pytestmark = pytest.mark.store


async def staff_id(house: House, username: str) -> str:
    async with house.store.read() as session:
        found = await session.scalar(select(Staff.id).where(Staff.username == username))
    assert found
    return found


async def calls_of(house: House, queue: str, answered_after: list[int | None]) -> None:
    """Calls of an hour ago, answered so many seconds after queueing; None: never."""
    queued = house.clock.now() - timedelta(minutes=30)
    async with house.store.transaction() as work:
        for seconds in answered_after:
            answered = None if seconds is None else queued + timedelta(seconds=seconds)
            work.session.add(
                Call(
                    id=new_id(),
                    direction=CallDirection.INBOUND,
                    state=CallState.ENDED,
                    started_at=queued,
                    queued_at=queued,
                    answered_at=answered,
                    ended_at=queued + timedelta(minutes=5),
                    outcome=ContactOutcome.SERVED if answered else ContactOutcome.ABANDONED_QUEUE,
                    queue=queue,
                )
            )


async def test_the_book_of_queues_is_what_the_rule_file_says(house: House) -> None:
    agent = await house.signed_in("agent")
    book = (await agent.get("/api/queues")).body
    general = next(one for one in book["queues"] if one["code"] == "general")
    assert general["strategy"] == "LONGEST_IDLE"
    assert "12345" in general["access_numbers"]
    assert general["groups"][0] == {"code": "general", "name": "综合话务组", "after_s": 0}
    market = next(one for one in book["access_numbers"] if one["number"] == "12315")
    assert market["queue"] == "market"
    assert {"code": "dialect", "name": "方言专席"} in book["groups"]


async def test_the_floor_shows_who_waits_where_and_how_today_goes(house: House) -> None:
    await calls_of(house, "market", [5, 15, 16, None])
    leader = await house.signed_in("leader")
    house.calls.put(
        CallView(
            call_id=new_id(),
            contact_id=None,
            direction=CallDirection.INBOUND,
            state=CallState.QUEUED,
            caller_number="13800000001",
            agent_id=None,
            started_at=house.clock.now(),
            queued_at=house.clock.now() - timedelta(seconds=42),
            queue="market",
            priority=20,
            priority_reasons=(PriorityReason.ELDERLY,),
        )
    )
    floor = (await leader.get("/api/floor")).body
    market = next(one for one in floor["queues"] if one["code"] == "market")
    assert (market["waiting"], market["longest_wait_s"]) == (1, 42.0)
    assert (market["offered_today"], market["answered_today"]) == (4, 3)
    assert market["service_level_15s"] == round(2 / 3, 4)
    assert (floor["service_seconds"], floor["target_share"]) == (15, 0.95)
    assert floor["long_wait_seconds"] == 90
    (waiting,) = floor["waiting"]
    assert (waiting["queue"], waiting["priority"], waiting["position"]) == ("market", 20, 1)
    assert waiting["priority_reasons"] == ["ELDERLY"]


async def test_ready_agents_are_counted_where_their_groups_serve(house: House) -> None:
    agent = await house.signed_in("agent")
    await agent.post("/api/agent/sign-in")
    me = await staff_id(house, "agent")
    here = replace(
        house.calls.agents[me], state=AgentState.READY, phone_online=True, groups=("market",)
    )
    house.calls.agents[me] = here
    floor = (await agent.get("/api/floor")).body
    by_code = {one["code"]: one for one in floor["queues"]}
    assert (by_code["market"]["ready_agents"], by_code["market"]["agents"]) == (1, 1)
    assert by_code["transport"]["agents"] == 0


async def test_a_shift_leader_gives_skills_which_count_at_once(house: House) -> None:
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    await agent.post("/api/agent/sign-in")
    me = await staff_id(house, "agent")
    answer = await leader.request("PUT", f"/api/staff/{me}/skills", body={"skills": {"market": 1}})
    assert answer.status == 200, answer.body
    people = (await leader.get("/api/staff?floor=1")).body
    assert {one["username"] for one in people} >= {"agent", "agent2", "leader"}
    assert "clerk" not in {one["username"] for one in people}
    assert next(one for one in people if one["id"] == me)["skills"] == {"market": 1}
    assert house.calls.agents[me].skills == {"market": 1}


@pytest.mark.parametrize("skills", [{"nonsense": 1}, {"market": 0}, {"market": 10}])
async def test_skills_that_make_no_sense_are_refused(house: House, skills: dict[str, int]) -> None:
    leader, me = await house.signed_in("leader"), await staff_id(house, "agent")
    answer = await leader.request("PUT", f"/api/staff/{me}/skills", body={"skills": skills})
    assert answer.status == 422
    assert answer.fields() == ["skills"]


async def test_agents_give_themselves_no_skills(house: House) -> None:
    agent, me = await house.signed_in("agent"), await staff_id(house, "agent")
    answer = await agent.request("PUT", f"/api/staff/{me}/skills", body={"skills": {"market": 1}})
    assert answer.status == 403
    assert (await agent.get("/api/staff?floor=1")).status == 403


async def test_someone_who_never_telephones_gets_no_skills(house: House) -> None:
    leader, clerk = await house.signed_in("leader"), await staff_id(house, "clerk")
    answer = await leader.request(
        "PUT", f"/api/staff/{clerk}/skills", body={"skills": {"market": 1}}
    )
    assert answer.status == 404


async def test_a_wrap_up_is_lengthened_once(house: House) -> None:
    agent = await house.signed_in("agent")
    await agent.post("/api/agent/sign-in")
    me = await staff_id(house, "agent")
    house.calls.wrap_up(me, new_id())
    first = await agent.post("/api/agent/extend-wrap-up")
    assert (first.status, first.body["wrap_up_extended"]) == (200, True)
    second = await agent.post("/api/agent/extend-wrap-up")
    assert (second.status, second.body["detail"]) == (409, "整理时间已延长过一次")
