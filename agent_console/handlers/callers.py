"""What is known of a number."""

from __future__ import annotations

from pydantic import Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.callers import CallerView

routes = Routes("来电人")


class Profile(Body):
    """The whole profile."""

    elderly: bool = Field(False, title="老年人")
    enterprise: bool = Field(False, title="企业")
    dialect: bool = Field(False, title="使用方言")
    note: str = Field("", max_length=500, title="备注")


@routes.route("GET", "/api/callers/{number}", summary="来电人档案", permission="call.seat")
async def get_caller(ask: Ask, number: str) -> CallerView:
    """Reading is written down."""
    found = await ask.console.callers.profile(number)
    await ask.console.access.note(ask.person, "caller_profile", found.number)
    return found


@routes.route("PUT", "/api/callers/{number}", summary="修改来电人档案", permission="call.seat")
async def put_caller(ask: Ask, number: str, body: Profile) -> CallerView:
    """From the next call on the queue goes by it."""
    return await ask.console.callers.write(
        ask.person.actor(),
        number,
        elderly=body.elderly,
        enterprise=body.enterprise,
        dialect=body.dialect,
        note=body.note,
    )
