"""The nuisance list: two persons, a date, and numbers that must always get through."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.events import DomainEvent, NuisanceListChanged
from models.ids import new_id
from models.tables import BlockedNumber, Staff
from models.vocabulary import BlockState
from tests.console.browser import Browser
from tests.console.house import House
from tests.console.test_calls import past_call

pytestmark = pytest.mark.store

NUMBER = "13711112222"
WHY = "一周内来电四十余次，接通后辱骂话务员"


async def proposed(browser: Browser, **changes: Any) -> dict[str, Any]:
    answer = await browser.post("/api/nuisance", {"number": NUMBER, "reason": WHY} | changes)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def test_one_proposes_another_approves_and_the_term_runs_from_then(house: House) -> None:
    heard: list[DomainEvent] = []

    async def note(event: DomainEvent) -> None:
        heard.append(event)

    house.services.bus.subscribe("test", note, NuisanceListChanged)
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    block = await proposed(agent, number="+86 137-1111-2222", days=10)
    assert (block["number"], block["state_label"], block["own"]) == (NUMBER, "待复核", True)

    house.clock.advance(timedelta(days=2))
    leader = await house.signed_in("leader")
    assert (await leader.get("/api/badges")).body["nuisance"] == 1
    done = await leader.post(f"/api/nuisance/{block['id']}/approve", {"note": "同意"})
    assert (done.body["state"], done.body["decided_by_name"]) == ("ACTIVE", "陈建国")
    assert done.body["ends_at"].startswith("2026-11-14")  # ten days from the approval
    assert (await leader.get("/api/nuisance?state=PROPOSED")).body == []
    assert len((await leader.get("/api/nuisance?state=ACTIVE")).body) == 1
    again = await leader.post(f"/api/nuisance/{block['id']}/approve", {})
    assert (again.status, again.body["detail"]) == (409, "该记录已是“生效”，不能批准")
    assert len(heard) == 2


async def test_nobody_approves_the_own_proposal(house: House) -> None:
    leader = await house.signed_in("leader")
    block = await proposed(leader)
    answer = await leader.post(f"/api/nuisance/{block['id']}/approve", {})
    assert answer.status == 409
    assert "另一人复核" in answer.body["detail"]
    manager = await house.signed_in("manager")
    done = await manager.post(f"/api/nuisance/{block['id']}/approve", {})
    assert (done.status, done.body["number"]) == (200, "137****2222")  # who may not see it in clear


@pytest.mark.parametrize(
    "number",
    [
        "110",
        "119",
        "120",
        "122",
        "12345",
        "123458",
        "12315",
        "95598",
        "10086",
        "1001",
        "abc",
        " ",
        "0734-8800101",
    ],
)
async def test_short_and_own_numbers_always_get_through(house: House, number: str) -> None:
    agent = await house.signed_in("agent")
    answer = await agent.post("/api/nuisance", {"number": number, "reason": WHY})
    assert (answer.status, answer.fields()) == (422, ["number"])


@pytest.mark.parametrize(("days", "status"), [(0, 422), (91, 422), (90, 200), (1, 200)])
async def test_a_block_lasts_ninety_days_at_most(house: House, days: int, status: int) -> None:
    agent = await house.signed_in("agent")
    body = {"number": NUMBER, "reason": WHY, "days": days}
    assert (await agent.post("/api/nuisance", body)).status == status


async def test_a_number_stands_on_the_list_once(house: House) -> None:
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    block = await proposed(agent)
    body = {"number": NUMBER, "reason": WHY}
    twice = await agent.post("/api/nuisance", body)
    assert (twice.status, twice.body["detail"]) == (409, "该号码已在名单中（待复核）")
    await leader.post(f"/api/nuisance/{block['id']}/reject", {"note": "证据不足"})
    block = await proposed(agent, days=1)  # rejected: it may be proposed anew
    await leader.post(f"/api/nuisance/{block['id']}/approve", {})
    assert (await agent.post("/api/nuisance", body)).status == 409
    house.clock.advance(timedelta(days=1, seconds=1))
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    await proposed(agent)  # its date has come, though nobody has swept yet
    states = [one["state"] for one in (await leader.get("/api/nuisance")).body]
    assert states == ["PROPOSED", "ENDED", "REJECTED"]


@pytest.mark.parametrize("number", ["anonymous", "Anonymous", "RESTRICTED", "unknown"])
async def test_all_who_hide_their_number_cannot_be_blocked_at_once(
    house: House, number: str
) -> None:
    agent = await house.signed_in("agent")
    answer = await agent.post("/api/nuisance", {"number": number, "reason": WHY})
    assert (answer.status, answer.fields()) == (422, ["number"])
    assert "所有未显示号码的来电" in answer.body["errors"][0]["message"]


async def test_an_earlier_proposal_for_hidden_numbers_cannot_be_approved(house: House) -> None:
    """It was allowed once; it can be rejected, and what was approved then can be ended."""
    leader = await house.signed_in("leader")
    first = await earlier_entry(house, BlockState.PROPOSED)
    refused = await leader.post(f"/api/nuisance/{first}/approve", {})
    assert (refused.status, "不能列入名单" in refused.body["detail"]) == (409, True)
    assert (await leader.post(f"/api/nuisance/{first}/reject", {"note": "不当"})).status == 200
    second = await earlier_entry(house, BlockState.ACTIVE)
    ended = await leader.post(f"/api/nuisance/{second}/end", {"reason": "不当"})
    assert (ended.status, ended.body["number"]) == (200, "anonymous")


async def earlier_entry(house: House, state: BlockState) -> str:
    """An entry for all who hide their number, as an earlier version took it; its id."""
    now = house.clock.now()
    async with house.store.transaction() as work:
        agent = await work.session.scalar(select(Staff).where(Staff.username == "agent"))
        assert agent is not None
        row = BlockedNumber(
            id=new_id(), number="anonymous", state=state, reason=WHY, proposed_by=agent.id,
            proposed_at=now, ends_at=now + timedelta(days=30), hits=0, decision_note="",
        )  # fmt: skip
        work.session.add(row)
    return row.id


async def test_a_block_ends_by_hand_with_its_reason(house: House) -> None:
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    block = await proposed(agent)
    path = f"/api/nuisance/{block['id']}"
    await leader.post(f"{path}/approve", {"note": "同意"})
    ended = (await leader.post(f"{path}/end", {"reason": "机主已致歉"})).body
    assert (ended["state"], ended["decision_note"]) == ("ENDED", "同意；机主已致歉")
    assert (await leader.post(f"{path}/end", {"reason": "再次"})).status == 409
    assert (await leader.post("/api/nuisance/nothing/approve", {})).status == 404


async def test_profiles_of_callers_are_written_whole(house: House) -> None:
    agent = await house.signed_in("agent")
    empty = (await agent.get(f"/api/callers/{NUMBER}")).body
    assert (empty["elderly"], empty["contacts"], empty["last_at"]) == (False, 0, None)
    profile = {"elderly": True, "dialect": True, "note": "听力不好，请大声说"}
    assert (await agent.request("PUT", f"/api/callers/0{NUMBER}", body=profile)).status == 200
    kept = (await agent.get(f"/api/callers/+86{NUMBER}")).body
    assert (kept["number"], kept["elderly"], kept["enterprise"]) == (NUMBER, True, False)
    await agent.request("PUT", f"/api/callers/{NUMBER}", body={"enterprise": True})
    assert (await agent.get(f"/api/callers/{NUMBER}")).body["note"] == ""
    for number in ("anonymous", "nobody"):
        assert (await agent.get(f"/api/callers/{number}")).fields() == ["number"]


async def test_whoever_decides_sees_the_numbers_past_calls(house: House) -> None:
    """In whatever dress they came, and without seeing the number where it is covered."""
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    block = await proposed(agent)
    for number in (NUMBER, f"+86{NUMBER}", "13711112223", "anonymous"):
        await past_call(house, "agent2", citizen_number=number)
    await past_call(house, citizen_number=f"0{NUMBER}")
    path = f"/api/calls?nuisance={block['id']}"
    seen = (await leader.get(path)).body
    assert (len(seen["items"]), seen["number"]) == (3, NUMBER)
    manager = (await (await house.signed_in("manager")).get(path)).body
    assert (len(manager["items"]), manager["number"]) == (3, "137****2222")
    assert all("****" in one["citizen_number"] for one in manager["items"])
    assert len((await agent.get(path)).body["items"]) == 1, "one's own"

    assert (await (await house.signed_in("auditor")).get(path)).status == 403
    assert (await leader.get("/api/calls?nuisance=nothing")).status == 404
    hidden = await earlier_entry(house, BlockState.ACTIVE)
    found = (await leader.get(f"/api/calls?nuisance={hidden}")).body
    assert (len(found["items"]), found["number"]) == (1, "anonymous")
