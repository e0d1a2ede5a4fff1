"""Hot events. They are acknowledged as every alert is, see ``alerts``."""

from __future__ import annotations

from pydantic import Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.hot.views import EventDetail, EventRow

routes = Routes("热点事件")


class EventQuery(Body):
    """How far back."""

    days: int = Field(7, ge=1, le=366)


@routes.route("GET", "/api/events", summary="热点事件", permission="event.view")
async def list_events(ask: Ask, query: EventQuery) -> list[EventRow]:
    """Those with an order in the last days, the latest first."""
    return await ask.console.hot_events.page(query.days)


@routes.route("GET", "/api/events/{event_id}", summary="热点事件详情", permission="event.view")
async def get_event(ask: Ask, event_id: str) -> EventDetail:
    """With its curve and its orders."""
    return await ask.console.hot_events.event(ask.person.actor(), event_id)
