"""Surge mode: the shift leader's switch, and the agents' one-key order."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_console.handlers.orders import read_order
from agent_console.order_views import OrderDetail
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.surge import SurgeBoard, SurgeView
from models.errors import Forbidden

routes = Routes("激增模式")


class StartSurge(Body):
    """Begin."""

    title: str = Field(min_length=1, max_length=100, title="事件标题")
    #: What callers hear after the greeting.
    greeting: str = Field("", max_length=200, title="提示语")
    order_template: dict[str, Any] = Field(default_factory=dict, title="事件工单模板")


class ChangeSurge(Body):
    """What is given is changed."""

    title: str | None = Field(None, min_length=1, max_length=100, title="事件标题")
    greeting: str | None = Field(None, max_length=200, title="提示语")
    order_template: dict[str, Any] | None = Field(None, title="事件工单模板")


class EndSurge(Body):
    """It is over."""

    note: str = Field("", max_length=500, title="说明")


class IncidentOrder(Body):
    """One key."""

    call_id: str = Field(min_length=1, max_length=26, title="通话")
    #: Where it is at this caller's; the template's place when left out.
    place: str | None = Field(None, max_length=200, title="发生地点")


@routes.route("GET", "/api/surge", summary="激增模式")
async def get_surge(ask: Ask) -> SurgeBoard:
    """For everybody on the floor: agents see the banner too."""
    if not ask.person.on_floor:
        raise Forbidden("您的岗位没有此项权限", permission="call.floor")
    return await ask.console.surge.board()


@routes.route("POST", "/api/surge", summary="启动激增模式", permission="floor.surge")
async def start_surge(ask: Ask, body: StartSurge) -> SurgeView:
    """Refused while it is on."""
    return await ask.console.surge.start(
        ask.person.actor(), body.title, body.greeting, body.order_template
    )


@routes.route("PUT", "/api/surge", summary="修改激增模式", permission="floor.surge")
async def change_surge(ask: Ask, body: ChangeSurge) -> SurgeView:
    """Callers hear the new greeting as soon as it is made."""
    return await ask.console.surge.change(ask.person.actor(), body.model_dump(exclude_none=True))


@routes.route("POST", "/api/surge/end", summary="结束激增模式", permission="floor.surge")
async def end_surge(ask: Ask, body: EndSurge) -> SurgeView:
    """The only way it ends."""
    return await ask.console.surge.end(ask.person.actor(), body.note)


@routes.route("POST", "/api/surge/order", summary="一键登记事件工单", permission="order.create")
async def open_incident_order(ask: Ask, body: IncidentOrder) -> OrderDetail:
    """Pressed twice for a call, the same order is given back."""
    order_id, query_code = await ask.console.incident_orders.open(
        ask.person.actor(), body.call_id, body.place
    )
    return await read_order(ask, order_id, query_code or None)
