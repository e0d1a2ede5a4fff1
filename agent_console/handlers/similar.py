"""Earlier orders of the same matter, for a demand being typed and for an order."""

from __future__ import annotations

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.similar import Demand, SimilarOrders

routes = Routes("相似诉求")


class DemandBody(Body, Demand):
    """The fields of the order form, as far as they are filled in."""


@routes.route(
    "GET",
    "/api/orders/{order_id}/similar",
    summary="与一张工单同一事项的较早工单",
    permission=("order.view_all", "order.view_unit"),
)
async def similar_to_order(ask: Ask, order_id: str) -> SimilarOrders:
    """The likeliest first, with reasons; only what the reader may see."""
    return await ask.console.repeats.of_order(ask.person.actor(), order_id)


@routes.route(
    "POST", "/api/similar", summary="与正在登记的诉求同一事项的工单", permission="order.create"
)
async def similar_to_demand(ask: Ask, body: DemandBody) -> SimilarOrders:
    """Nothing is kept of what is asked."""
    return await ask.console.repeats.of_demand(ask.person.actor(), body)
