"""One order answers for all of an event: the others are merged into it, each keeps its caller."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import select

from dispatch.commands import Merge
from dispatch.service import OrderService
from models.errors import HotlineError, NotFound
from models.guards import Actor
from models.store import Store
from models.tables import HotEvent, HotEventOrder, WorkOrder
from models.workflow.merging import MAY_JOIN, MAY_LEAD


class NotMerged(BaseModel):
    """An order that stays on its own, and why."""

    order_id: str
    order_no: str
    reason: str


class MergeOutcome(BaseModel):
    """What became of the orders of an event. Doing it again merges what has come since."""

    lead_order_id: str
    merged: list[str]
    left: list[NotMerged]


class EventLeads:
    """Gives events their lead order."""

    def __init__(self, store: Store, orders: OrderService) -> None:
        self._store = store
        self._orders = orders

    async def merge(self, actor: Actor, event_id: str, lead_id: str) -> MergeOutcome:
        """Merge all open orders of the event into one of them, each in a transaction of its own.

        :raises NotFound: when the event or the order in it does not exist.
        """
        others = await self._others(event_id, lead_id)
        outcome = MergeOutcome(lead_order_id=lead_id, merged=[], left=[])
        for order in others:
            command = Merge(into=lead_id, reason="同一热点事件，并入主单一并办理")
            try:
                await self._orders.act(actor, order.id, command)
            except HotlineError as error:
                outcome.left.append(
                    NotMerged(order_id=order.id, order_no=order.order_no, reason=str(error))
                )
            else:
                outcome.merged.append(order.id)
        return outcome

    async def _others(self, event_id: str, lead_id: str) -> list[WorkOrder]:
        """The other open orders; the lead is remembered with the event."""
        async with self._store.transaction() as work:
            event = await work.session.get(HotEvent, event_id, with_for_update=True)
            query = (
                select(WorkOrder)
                .join(HotEventOrder, HotEventOrder.order_id == WorkOrder.id)
                .where(HotEventOrder.event_id == event_id)
                .order_by(WorkOrder.accepted_at, WorkOrder.id)
            )
            orders = list(await work.session.scalars(query)) if event else []
            if event is None or lead_id not in {order.id for order in orders}:
                raise NotFound("没有这个热点事件，或事件中没有这张工单", event_id=event_id)
            event.lead_order_id = lead_id
        return [order for order in orders if order.id != lead_id and order.state in MAY_JOIN]


def proposed_lead(orders: list[WorkOrder]) -> WorkOrder | None:
    """The earliest order that can answer for the others."""
    fit = [order for order in orders if order.state in MAY_LEAD]
    return min(fit, key=lambda order: (order.accepted_at, order.id), default=None)
