"""Orders of one matter become an event, and grow it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.rules import Rules
from dispatch.similar import is_same_place
from dispatch.views.privacy import list_veil
from models.clock import Clock
from models.ids import new_id
from models.ports import AlikePort
from models.store import Store
from models.tables import HotEvent, HotEventOrder, WorkOrder

#: Orders that the search is asked for: enough to find an event of them.
_ALIKE = 30
#: Orders without an event are tried again for so long: the one they belong to may come later.
AGAIN = timedelta(minutes=30)
_AT_A_TIME = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Neighbour:
    """An order of the same matter."""

    order: WorkOrder
    likeness: float
    event_id: str | None


class EventGrouping:
    """Puts each new order to its event, or makes one. Doing it again changes nothing."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, alike: AlikePort) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._alike = alike
        self._one_at_a_time = asyncio.Lock()

    async def place(self, order_id: str) -> str | None:
        """The event of an order, found or made now; None while it stands alone."""
        async with self._one_at_a_time:
            async with self._store.read() as session:
                order = await session.get(WorkOrder, order_id)
                known = await session.get(HotEventOrder, order_id)
            if order is None or known is not None:
                return known.event_id if known else None
            neighbours = await self._neighbours(order)
            try:
                return await self._join(order, neighbours)
            except IntegrityError:
                return None  # another process was faster

    async def place_recent(self) -> list[str]:
        """Try the orders of the last minutes that have no event; the events that have grown."""
        since = self._clock.now() - AGAIN
        query = (
            select(WorkOrder.id)
            .where(WorkOrder.accepted_at >= since)
            .where(~exists().where(HotEventOrder.order_id == WorkOrder.id))
            .order_by(WorkOrder.accepted_at.desc())
            .limit(_AT_A_TIME)
        )
        async with self._store.read() as session:
            waiting = list(await session.scalars(query))
        placed = [await self.place(order_id) for order_id in reversed(waiting)]
        return list(dict.fromkeys(event_id for event_id in placed if event_id))

    # --- inside ---------------------------------------------------------------------------------

    async def _neighbours(self, order: WorkOrder) -> list[_Neighbour]:
        """Orders of the same matter within the time, the likest first."""
        text = "\n".join(part for part in (order.title, order.place, order.content) if part)
        found = {item.order_id: item.likeness for item in await self._alike.alike(text, _ALIKE)}
        found.pop(order.id, None)
        window = timedelta(days=self._rules.events.events.days)
        query = (
            select(WorkOrder, HotEventOrder.event_id)
            .outerjoin(HotEventOrder, HotEventOrder.order_id == WorkOrder.id)
            .where(WorkOrder.id.in_(found))
            .where(
                WorkOrder.accepted_at.between(
                    order.accepted_at - window, order.accepted_at + window
                )
            )
        )
        async with self._store.read() as session:
            rows = (await session.execute(query)).all()
        near = [
            _Neighbour(order=other, likeness=found[other.id], event_id=event_id)
            for other, event_id in rows
            if self._is_same_matter(order, other, found[other.id])
        ]
        return sorted(near, key=lambda item: -item.likeness)

    def _is_same_matter(self, order: WorkOrder, other: WorkOrder, likeness: float) -> bool:
        wanted = self._rules.events.events
        same_place = is_same_place(order.place, other.place)
        return likeness >= (wanted.least_same_place if same_place else wanted.least)

    async def _join(self, order: WorkOrder, neighbours: Sequence[_Neighbour]) -> str | None:
        event_id = next((item.event_id for item in neighbours if item.event_id), None)
        alone = [item for item in neighbours if item.event_id is None]
        if event_id is None and len(alone) + 1 < self._rules.events.events.at_least:
            return None
        async with self._store.transaction() as work:
            best = neighbours[0].likeness
            if event_id is None:
                event_id = new_id()
                best = 1.0
                work.session.add(_empty_event(event_id, order))
                await work.session.flush()
            members = [(order, best), *((item.order, item.likeness) for item in alone)]
            for member, likeness in members:
                row = HotEventOrder(
                    order_id=member.id,
                    event_id=event_id,
                    at=member.accepted_at,
                    likeness=likeness,
                )
                work.session.add(row)
            await work.session.flush()
            await self._describe(work.session, event_id)
        log.info("event.grown", event_id=event_id, orders=len(members))
        return event_id

    async def _describe(self, session: AsyncSession, event_id: str) -> None:
        """Name, size, span and risks anew from all its orders."""
        event = await session.get_one(HotEvent, event_id)
        query = (
            select(WorkOrder)
            .join(HotEventOrder, HotEventOrder.order_id == WorkOrder.id)
            .where(HotEventOrder.event_id == event_id)
        )
        orders = list(await session.scalars(query))
        event.size = len(orders)
        event.first_at = min(order.accepted_at for order in orders)
        event.last_at = max(order.accepted_at for order in orders)
        event.category = Counter(order.category for order in orders).most_common(1)[0][0]
        event.place = _common_place(orders)
        event.name = self._name(event.place, event.category)
        texts = [f"{order.title}\n{order.content}" for order in orders]
        words = self._rules.events.alerts.words
        event.risks = [word for word in words if any(word in text for text in texts)]

    def _name(self, place: str, category: str) -> str:
        taxonomy = self._rules.taxonomy
        matter = taxonomy.get(category).path[-1] if category in taxonomy else category
        return f"{place} · {matter}" if place else matter


def _empty_event(event_id: str, order: WorkOrder) -> HotEvent:
    at: datetime = order.accepted_at
    return HotEvent(
        id=event_id, name="", category=order.category, first_at=at, last_at=at, size=0, risks=[]
    )


def _common_place(orders: Sequence[WorkOrder]) -> str:
    """The shortest writing of the place that at least half of the orders name; else none."""
    places = [list_veil(order).scrub(order.place).strip() for order in orders]
    named = sorted((place for place in places if place), key=len)
    for place in named:
        if 2 * sum(is_same_place(place, other) for other in named) >= len(orders):
            return place
    return ""
