"""The chain of events of an order: each row's hash covers the row before it.

A changed, removed, added or reordered row breaks it. An event's ``seq`` is also the version the
order had after it, so that rows cut off at the end are noticed too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, select
from sqlalchemy.orm import InstrumentedAttribute

from models.store import Store
from models.tables import OrderEvent, WorkOrder

#: What the first event of every order follows.
GENESIS = "0" * 64
_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class ChainFault:
    """Where a chain is broken. ``message`` is for the one who runs the check."""

    order_id: str
    order_no: str
    seq: int
    message: str


def canonical_json(data: Any) -> str:
    """JSON that is the same for the same data."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def event_hash(event: OrderEvent) -> str:
    """SHA-256 over everything the row says, the hash before it included."""
    body = {
        "id": event.id,
        "order_id": event.order_id,
        "seq": event.seq,
        "at": event.at.isoformat(),
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "actor_role": event.actor_role.value,
        "actor_department": event.actor_department,
        "address": event.address,
        "action": event.action,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "task_id": event.task_id,
        "reason": event.reason,
        "changes": event.changes,
        "previous_hash": event.previous_hash,
    }
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()


def link(event: OrderEvent, previous_hash: str) -> None:
    """Link the event to the one before it."""
    event.previous_hash = previous_hash
    event.hash = event_hash(event)


def latest_hash(order_id: ColumnElement[str] | InstrumentedAttribute[str]) -> ScalarSelect[str]:
    """The hash of an order's latest event, for a query that holds the order's lock."""
    query = select(OrderEvent.hash).where(OrderEvent.order_id == order_id)
    return query.order_by(OrderEvent.seq.desc()).limit(1).scalar_subquery()


class ChainVerifier:
    """Checks chains against what is stored."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def verify_chain(self, order_id: str) -> list[ChainFault]:
        """Faults of one order; empty when the chain is whole."""
        async with self._store.read() as session:
            order = await session.get(WorkOrder, order_id)
            query = select(OrderEvent).where(OrderEvent.order_id == order_id)
            events = (await session.scalars(query.order_by(OrderEvent.seq))).all()
        if order is None:
            message = "工单不存在，却有它的流程记录" if events else "工单不存在"
            return [ChainFault(order_id=order_id, order_no="", seq=0, message=message)]
        return chain_faults(order, events)

    async def verify_all(self) -> list[ChainFault]:
        """Faults of every order, and events whose order is gone."""
        faults = await self._orphans()
        async for order_id in self._order_ids():
            faults += await self.verify_chain(order_id)
        return faults

    async def _order_ids(self) -> AsyncIterator[str]:
        last = ""
        while True:
            query = select(WorkOrder.id).where(WorkOrder.id > last).order_by(WorkOrder.id)
            async with self._store.read() as session:
                page = (await session.scalars(query.limit(_PAGE))).all()
            for order_id in page:
                yield order_id
            if len(page) < _PAGE:
                return
            last = page[-1]

    async def _orphans(self) -> list[ChainFault]:
        query = (
            select(OrderEvent.order_id)
            .outerjoin(WorkOrder, WorkOrder.id == OrderEvent.order_id)
            .where(WorkOrder.id.is_(None))
            .distinct()
        )
        async with self._store.read() as session:
            gone = (await session.scalars(query)).all()
        message = "流程记录所属的工单不存在"
        return [ChainFault(order_id=i, order_no="", seq=0, message=message) for i in gone]


def chain_faults(order: WorkOrder, events: Sequence[OrderEvent]) -> list[ChainFault]:
    """Faults of an order's events, given in the order of ``seq``."""
    found: list[ChainFault] = []

    def fault(seq: int, message: str) -> None:
        found.append(
            ChainFault(order_id=order.id, order_no=order.order_no, seq=seq, message=message)
        )

    previous = GENESIS
    for expected, event in enumerate(events, 1):
        if event.seq != expected:
            fault(expected, f"缺少第 {expected} 条流程记录")
            break
        if event.previous_hash != previous:
            fault(event.seq, f"第 {event.seq} 条流程记录与前一条不衔接")
        if event.hash != event_hash(event):
            fault(event.seq, f"第 {event.seq} 条流程记录的内容被改动")
        previous = event.hash
    if not found:
        _check_end(order, events, fault)
    return found


def _check_end(order: WorkOrder, events: Sequence[OrderEvent], fault: Any) -> None:
    if len(events) != order.version:
        fault(len(events), f"流程记录有 {len(events)} 条，工单版本为 {order.version}")
    elif events and events[-1].to_state != order.state.value:
        fault(events[-1].seq, "工单状态与最后一条流程记录不一致")
