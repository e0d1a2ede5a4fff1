"""Articles of the console's tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from nlp.knowledge.live import LiveKnowledge
from tests.console.browser import Answer, Browser
from tests.console.house import House

LAMP: dict[str, Any] = {
    "title": "路灯不亮",
    "questions": ["路灯坏了找谁"],
    "spoken": "请说一下是哪条路、第几根灯杆，我马上登记，由城管维修。",
    "text": "登记要点：路名、灯杆编号。",
    "basis": ["城市道路管理条例"],
    "unit": "D-CG",
    "categories": ["C010102"],
    "audience": ["person"],
    "valid_from": "2026-01-01",
    "valid_to": None,
}
STALL: dict[str, Any] = LAMP | {
    "title": "占道摆摊",
    "questions": ["人行道上摆摊谁管"],
    "spoken": "占道经营由城管队员到场劝导，请说明路段和时间。",
    "text": "登记要点：路段、时段、摊点数量。",
    "categories": ["C010301"],
}


async def publish(
    house: House, article: dict[str, Any] = LAMP, valid_to: date | None = None
) -> str:
    """An article that a clerk wrote and the manager published."""
    clerk, manager = await house.signed_in("clerk"), await house.signed_in("manager")
    ends = valid_to.isoformat() if valid_to else None
    made = await clerk.post("/api/knowledge", {"draft": article | {"valid_to": ends}})
    assert made.status == 200, made.body
    number = str(made.body["card"]["number"])
    await decide(clerk, number, "submit", revision=1)
    await decide(manager, number, "publish", revision=2)
    await known(house)
    return number


async def known(house: House) -> None:
    """The search has heard of all publications; by itself it does so a moment later."""
    search = house.services.knowledge
    assert isinstance(search, LiveKnowledge)
    await search.refresh()


async def decide(browser: Browser, number: str, what: str, **body: Any) -> Answer:
    """A step that must be allowed."""
    answer = await browser.post(f"/api/knowledge/{number}/{what}", body)
    assert answer.status in (200, 204), answer.body
    return answer
