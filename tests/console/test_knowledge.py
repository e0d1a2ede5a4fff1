"""The knowledge base as the browser asks for it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.console.house import House
from tests.console.knowledge import LAMP, STALL, decide, known, publish
from tests.console.orders import FORM, open_order
from tests.console.stream import listening
from tests.console.test_calls import past_call, staff_id
from tests.console.test_live import heard

pytestmark = pytest.mark.store

TODAY = date(2026, 11, 2)


async def found(house: House, words: str, who: str = "agent") -> list[str]:
    """Numbers of what is found."""
    browser = await house.signed_in(who)
    answer = await browser.get(f"/api/knowledge?q={words}")
    assert answer.status == 200, answer.body
    return [row["number"] for row in answer.body["items"]]


async def test_articles_are_found_by_words_number_and_shelf(house: House) -> None:
    lamp, stall = await publish(house), await publish(house, STALL)
    assert await found(house, "门口的路灯坏了") == [lamp]
    assert await found(house, stall.lower()) == [stall]
    assert await found(house, "") == [lamp, stall]
    assert await found(house, "摊") == [stall], "one character is looked for in titles"
    agent = await house.signed_in("agent")
    assert (await agent.get("/api/knowledge?shelf=review")).body["total"] == 0
    quick = (await agent.get("/api/knowledge/quick?q=有人占道摆摊")).body
    assert [card["number"] for card in quick] == [stall]
    assert quick[0]["source"] == (
        f"（依据：知识库{stall}《占道摆摊》，区城管局，2026-01-01起有效）"
    )


async def test_an_article_waits_for_another_person(house: House) -> None:
    clerk, manager = await house.signed_in("clerk"), await house.signed_in("manager")
    number = (await clerk.post("/api/knowledge", {"draft": LAMP})).body["card"]["number"]
    await decide(clerk, number, "submit", revision=1)
    assert (await manager.get("/api/badges")).body["knowledge"] == 1
    assert (await clerk.get("/api/badges")).body["knowledge"] == 0
    refused = await clerk.post(f"/api/knowledge/{number}/publish", {"revision": 2})
    assert refused.status == 403
    assert await found(house, "路灯坏了") == []
    agent = await house.signed_in("agent")
    assert (await agent.get(f"/api/knowledge/{number}")).status == 404
    assert (await agent.post("/api/knowledge", {"draft": LAMP})).status == 403
    await decide(manager, number, "send-back", revision=2, note="请写明时限")
    stale = await manager.post(f"/api/knowledge/{number}/publish", {"revision": 2})
    assert stale.status == 409, stale.body
    await decide(clerk, number, "submit", revision=3)
    await decide(manager, number, "publish", revision=4)
    await known(house)
    assert await found(house, "路灯坏了") == [number]
    history = (await agent.get(f"/api/knowledge/{number}/history")).body
    assert [one["version"] for one in history["versions"]] == [1]
    assert len(history["events"]) == 5


async def test_what_is_wrong_with_a_text_is_named(house: House) -> None:
    manager = await house.signed_in("manager")
    long = await manager.post("/api/knowledge", {"draft": LAMP | {"spoken": "请" * 121}})
    assert (long.status, long.fields()) == (422, ["draft.spoken"])
    unit = await manager.post("/api/knowledge", {"draft": LAMP | {"unit": "D-MOON"}})
    assert (unit.status, unit.fields()) == (422, ["unit"])
    ends = await manager.post("/api/knowledge", {"draft": LAMP | {"valid_to": "2025-01-01"}})
    assert ends.status == 422 and "失效日期不能早于生效日期" in str(ends.body)


async def test_what_is_taken_off_is_gone_and_open_pages_are_told(house: House) -> None:
    number = await publish(house)
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    assert (await agent.post(f"/api/knowledge/{number}/withdraw", {"reason": "不对"})).status == 403
    async with listening(agent) as stream:
        await stream.next("hello")
        await decide(leader, number, "withdraw", reason="内容有误")
        told = await stream.next("KnowledgeChanged")
        assert told.data["numbers"] == [number]
    assert await found(house, "路灯坏了") == []
    assert (await agent.get(f"/api/knowledge/quick?q={number}")).body == []
    answered = {"mode": "answered", "public_answer": "已告知办理地点及材料", "knowledge_id": number}
    refused = await agent.post("/api/orders", FORM | answered)
    assert (refused.status, refused.fields()) == (422, ["knowledge_id"])
    assert "已下架" in refused.body["detail"]


async def test_an_order_names_the_article_that_answered_it(house: House) -> None:
    number = await publish(house, valid_to=TODAY)
    agent = await house.signed_in("agent")
    told = {"mode": "answered", "public_answer": "已告知办理地点及材料"}
    order = await open_order(agent, **told, knowledge_id=number)
    assert order["state"] == "CLOSED"
    assert (await agent.get(f"/api/knowledge/{number}")).body["use"]["orders"] == 1
    house.clock.advance(timedelta(days=1))
    assert await found(house, "路灯坏了") == []
    agent = await house.signed_in("agent")
    assert (await agent.get(f"/api/knowledge/{number}")).body["card"]["state"] == "EXPIRED"


async def test_what_a_citizen_says_proposes_articles_to_the_agent_of_the_call(
    house: House,
) -> None:
    lamp, stall = await publish(house), await publish(house, STALL)
    call_id = (await past_call(house)).id
    agent, other = await house.signed_in("agent"), await house.signed_in("agent2")
    stored = (await agent.get(f"/api/calls/{call_id}/knowledge")).body
    assert [card["number"] for card in stored] == [lamp], "from the stored words"
    async with listening(agent) as stream:
        await stream.next("hello")
        await house.services.bus.publish(heard(call_id, "你好，我们这里的路灯坏了"))
        told = await stream.next("KnowledgeSuggested")
        assert told.data["numbers"] == [lamp]
        await house.services.bus.publish(heard(call_id, "嗯", name="u2"))
        await house.services.bus.publish(heard(call_id, "还有人行道上摆摊谁管", name="u3"))
        told = await stream.next("KnowledgeSuggested")
        assert told.data["numbers"] == [lamp, stall], "what is being read keeps its place"
    cards = (await agent.get(f"/api/calls/{call_id}/knowledge")).body
    assert [card["number"] for card in cards] == [lamp, stall]
    assert (await other.get(f"/api/calls/{call_id}/knowledge")).status == 404
    await other.post("/api/agent/sign-in")
    house.calls.ring(await staff_id(house, "agent2"), call_id)
    rung = (await other.get(f"/api/calls/{call_id}/knowledge")).body
    assert [card["number"] for card in rung] == [lamp, stall], "already while it rings"


async def test_an_agent_finds_an_article_wrong_and_the_owner_answers(house: House) -> None:
    number = await publish(house)
    agent, clerk = await house.signed_in("agent"), await house.signed_in("clerk")
    problem = {"problem": "电话已经改了"}
    assert (await agent.post(f"/api/knowledge/{number}/reports", problem)).status == 204
    assert (await clerk.get("/api/badges")).body["knowledge"] == 1
    (task,) = (await clerk.get("/api/knowledge/reports")).body
    assert (task["problem"], task["may_answer"]) == ("电话已经改了", True)
    answer = {"upheld": True, "answer": "已更正"}
    path = f"/api/knowledge/reports/{task['id']}/answer"
    assert (await agent.post(path, answer)).status == 403
    assert (await clerk.post(path, answer)).status == 204
    assert (await clerk.get("/api/knowledge/reports")).body == []
    (told,) = (await agent.get(f"/api/knowledge/{number}")).body["reports"]
    assert (told["upheld"], told["answer"]) == (True, "已更正")
    for _ in range(2):
        assert (await agent.post(f"/api/knowledge/{number}/helped", {})).status == 204
    assert (await agent.get(f"/api/knowledge/{number}")).body["use"]["helpful"] == 1
