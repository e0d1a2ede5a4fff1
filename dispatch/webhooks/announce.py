"""Which addresses are told of an event, and what they are sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.platform.given import given_order
from dispatch.rules import Rules
from models.ids import new_id
from models.tables import OrderEvent, OrderRequest, Task, WorkOrder
from models.tables.notices import WebhookDelivery, WebhookEndpoint
from models.tables.partners import ExternalRef, PartnerSystem
from models.vocabulary import Action, Direction, RequestKind

#: Name of an event: this and the action's.
PREFIX = "order."


def event_names() -> tuple[str, ...]:
    """Everything that can be told."""
    return tuple(PREFIX + action.value for action in Action)


async def announce(
    session: AsyncSession,
    rules: Rules,
    event: OrderEvent,
    order: WorkOrder,
    tasks: Sequence[Task],
    now: datetime,
) -> None:
    """Write a delivery for each address that wants to know. In the caller's transaction."""
    name = PREFIX + event.action
    wanted = select(WebhookEndpoint).where(WebhookEndpoint.disabled_at.is_(None))
    endpoints = [
        one for one in await session.scalars(wanted) if not one.events or name in one.events
    ]
    if not endpoints:
        return
    refs = await _refs(session, order)
    systems = {system.code: system for system in await session.scalars(select(PartnerSystem))}
    for endpoint in endpoints:
        system = systems.get(endpoint.system)
        if system is not None and (not system.active or system.staff_id == event.actor_id):
            continue  # closed, or it did this itself
        unit = system.department if system else endpoint.department
        data = _for_unit(event, order, [task for task in tasks if task.department == unit])
        if (ref := refs.get(endpoint.system)) is not None:
            given = await given_order(session, rules, ref, order, tasks)
            data = {**_head(event, order), "given": to_jsonable_python(given)}
        elif data is None and system and await _given_out(session, event, system.staff_id):
            data = _head(event, order)
        if data is not None:
            session.add(_delivery(endpoint, event, name, data, now))


async def _refs(session: AsyncSession, order: WorkOrder) -> dict[str, ExternalRef]:
    """The order's names in the systems that gave it to us."""
    query = select(ExternalRef).where(
        ExternalRef.order_id == order.id, ExternalRef.direction == Direction.IN
    )
    return {ref.system: ref for ref in await session.scalars(query)}


async def _given_out(session: AsyncSession, event: OrderEvent, staff_id: str) -> bool:
    """Whether the order was that system's when this happened, up to its end there."""
    query = select(OrderRequest.id).where(
        OrderRequest.order_id == event.order_id,
        OrderRequest.kind == RequestKind.TRANSFER,
        OrderRequest.decider == staff_id,
        OrderRequest.asked_at <= event.at,
        or_(OrderRequest.decided_at.is_(None), OrderRequest.decided_at >= event.at),
    )
    return await session.scalar(query.limit(1)) is not None


def _head(event: OrderEvent, order: WorkOrder) -> dict[str, Any]:
    """Nothing of the citizen: what may be read is read at the API, by those who may."""
    return {
        "order_id": order.id,
        "order_no": order.order_no,
        "version": event.seq,
        "action": event.action,
        "action_label": Action(event.action).label,
        "state": event.to_state,
        "urgency": order.urgency.value,
    }


def _for_unit(event: OrderEvent, order: WorkOrder, own: Sequence[Task]) -> dict[str, Any] | None:
    """None: the unit has no part in it. At the opening none had, whatever became of it since."""
    if not own or event.action == Action.OPEN.value:
        return None
    tasks = [
        {
            "task_id": task.id,
            "department": task.department,
            "role": task.role.value,
            "state": task.state.value,
            "sign_due": task.sign_due.isoformat(),
            "due_at": task.due_at.isoformat(),
        }
        for task in own
    ]
    return {**_head(event, order), "tasks": tasks}


def _delivery(
    endpoint: WebhookEndpoint, event: OrderEvent, name: str, data: dict[str, Any], now: datetime
) -> WebhookDelivery:
    body = {"type": name, "timestamp": event.at.isoformat(), "data": data}
    return WebhookDelivery(
        id=new_id(),
        endpoint_id=endpoint.id,
        event_id=event.id,
        event=name,
        order_id=event.order_id,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=now,
        next_at=now,
        attempts=0,
        last_error="",
    )
