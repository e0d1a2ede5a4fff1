"""Hot events. They are acknowledged as every alert is, see ``alerts``."""

from __future__ import annotations

from pydantic import Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.hot.leading import EventLeads, MergeOutcome
from dispatch.hot.views import EventDetail, EventRow

routes = Routes("热点事件")


class MergeBody(Body):
    """Which order answers for the event."""

    lead_order_id: str = Field(min_length=1, max_length=26, title="主单")


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


@routes.route(
    "POST", "/api/events/{event_id}/merge", summary="热点事件并单", permission="queue.dispatch"
)
async def merge_event(ask: Ask, event_id: str, body: MergeBody) -> MergeOutcome:
    """Merge the event's open orders into one of them; each caller keeps number and answer.

    Sent again, it merges what has come since.
    """
    leads = EventLeads(ask.console.services.store, ask.console.orders)
    return await leads.merge(ask.person.actor(), event_id, body.lead_order_id)
