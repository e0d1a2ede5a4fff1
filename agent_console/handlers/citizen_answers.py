"""The page that a citizen opens by a link in a message: no signing in, no cookies."""

from __future__ import annotations

from agent_console.routing import Ask, Routes
from dispatch.follow_up_answers import AskedView, CitizenAnswer

routes = Routes("诉求人评价")


@routes.route("GET", "/api/citizen/follow-up/{code}", summary="评价链接", public=True)
async def get_follow_up_link(ask: Ask, code: str) -> AskedView:
    """What the citizen is asked about; the code is all that is needed, and cannot be guessed."""
    return await ask.console.follow_up_answers.view(code)


@routes.route("POST", "/api/citizen/follow-up/{code}", summary="诉求人评价", public=True)
async def answer_follow_up_link(ask: Ask, code: str, body: CitizenAnswer) -> None:
    """Once."""
    await ask.console.follow_up_answers.answer(code, body)
