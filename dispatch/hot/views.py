"""Hot events as they are read: a list, and one with its curve and its orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.hot.leading import proposed_lead
from dispatch.rules import Rules
from dispatch.scope import visible
from dispatch.views.rows import order_row
from dispatch.views.shapes import OrderRow
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.store import Store
from models.tables import FloorAlert, HotEvent, HotEventOrder, Staff, WorkOrder

#: Events of so many days have a curve by the hour, longer ones by the day.
_BY_HOUR = timedelta(days=2)
#: An event with an order within this time still goes on.
_GOES_ON = timedelta(hours=24)
_ORDERS = 200
_EVENTS = 200


class EventAlert(BaseModel):
    """The latest call of a shift leader for an event."""

    id: str
    at: datetime
    text: str
    acknowledged_by_name: str | None
    acknowledged_at: datetime | None


class EventRow(BaseModel):
    """One event of the list."""

    id: str
    name: str
    place: str
    category: str
    category_name: str
    first_at: datetime
    last_at: datetime
    size: int
    last_hour: int
    #: False: no further order for a day.
    goes_on: bool
    risks: list[str]
    alert: EventAlert | None


class CurvePoint(BaseModel):
    """How many orders came from ``start`` on."""

    start: datetime
    count: int


class EventDetail(EventRow):
    """An event with its orders, the newest first, as far as the reader may see them."""

    curve_by: str
    curve: list[CurvePoint]
    orders: list[OrderRow]
    #: The order that answers for the others; before one was chosen, the earliest that could.
    lead_order_id: str | None
    lead_chosen: bool


class HotEvents:
    """Reads events."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def page(self, days: int) -> list[EventRow]:
        """Events with an order in the last days, the latest first."""
        since = self._clock.now() - timedelta(days=days)
        query = select(HotEvent).where(HotEvent.last_at >= since)
        latest = (HotEvent.last_at.desc(), HotEvent.id.desc())
        async with self._store.read() as session:
            found = list(await session.scalars(query.order_by(*latest).limit(_EVENTS)))
            return await self._rows(session, found)

    async def event(self, actor: Actor, event_id: str) -> EventDetail:
        """One event.

        :raises NotFound: when there is none.
        """
        async with self._store.read() as session:
            event = await session.get(HotEvent, event_id)
            if event is None:
                raise NotFound("没有这个热点事件", event_id=event_id)
            row = (await self._rows(session, [event]))[0]
            of_event = HotEventOrder.event_id == event_id
            moments = list(await session.scalars(select(HotEventOrder.at).where(of_event)))
            query = (
                select(WorkOrder)
                .join(HotEventOrder, HotEventOrder.order_id == WorkOrder.id)
                .where(of_event, visible(actor, self._rules))
                .order_by(WorkOrder.accepted_at.desc(), WorkOrder.id.desc())
                .limit(_ORDERS)
            )
            orders = list(await session.scalars(query))
        proposed = proposed_lead(orders)
        by_hour = event.last_at - event.first_at <= _BY_HOUR
        return EventDetail(
            **row.model_dump(),
            curve_by="hour" if by_hour else "day",
            curve=self._curve(moments, by_hour),
            orders=[order_row(order, self._rules, self._clock.now()) for order in orders],
            lead_order_id=event.lead_order_id or (proposed.id if proposed else None),
            lead_chosen=event.lead_order_id is not None,
        )

    # --- inside ---------------------------------------------------------------------------------

    async def _rows(self, session: AsyncSession, events: Sequence[HotEvent]) -> list[EventRow]:
        ids = [event.id for event in events]
        lately = HotEventOrder.at > self._clock.now() - timedelta(hours=1)
        counted = await session.execute(
            select(HotEventOrder.event_id, func.count())
            .where(HotEventOrder.event_id.in_(ids), lately)
            .group_by(HotEventOrder.event_id)
        )
        last_hour: dict[str, int] = {event_id: count for event_id, count in counted}
        alerts = await _alerts(session, ids)
        return [
            self._row(event, last_hour.get(event.id, 0), alerts.get(event.id)) for event in events
        ]

    def _row(self, event: HotEvent, last_hour: int, alert: EventAlert | None) -> EventRow:
        return EventRow(
            id=event.id,
            name=event.name,
            place=event.place,
            category=event.category,
            category_name=self._rules.category_name(event.category),
            first_at=event.first_at,
            last_at=event.last_at,
            size=event.size,
            last_hour=last_hour,
            goes_on=self._clock.now() - event.last_at <= _GOES_ON,
            risks=event.risks,
            alert=alert,
        )

    def _curve(self, moments: list[datetime], by_hour: bool) -> list[CurvePoint]:
        """Orders by local hour or day, without gaps."""
        counts = Counter(self._begin(at, by_hour) for at in moments)
        step = timedelta(hours=1) if by_hour else timedelta(days=1)
        points, start, last = [], min(counts), max(counts)
        while start <= last:
            points.append(CurvePoint(start=start, count=counts[start]))
            start = self._begin(start + step, by_hour)
        return points

    def _begin(self, at: datetime, by_hour: bool) -> datetime:
        local = at.astimezone(self._rules.zone)
        if by_hour:
            return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        return datetime.combine(local.date(), time(), self._rules.zone).astimezone(UTC)


async def _alerts(session: AsyncSession, event_ids: list[str]) -> dict[str, EventAlert]:
    """The latest alert of each event."""
    matters = {f"event:{event_id}": event_id for event_id in event_ids}
    query = (
        select(FloorAlert, Staff.name)
        .outerjoin(Staff, Staff.id == FloorAlert.acknowledged_by)
        .where(FloorAlert.matter.in_(matters))
        .order_by(FloorAlert.at)
    )
    found = {}
    for alert, name in (await session.execute(query)).all():
        found[matters[alert.matter]] = EventAlert(
            id=alert.id,
            at=alert.at,
            text=alert.text,
            acknowledged_by_name=name,
            acknowledged_at=alert.acknowledged_at,
        )
    return found
