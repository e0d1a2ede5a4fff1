"""Calling a shift leader for an event: too many in an hour, far more than usual, words of risk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import exists, func, select, update

from dispatch.hot.grouping import EventGrouping
from dispatch.rules import Rules
from models.bus import Bus
from models.clock import Clock
from models.events import OrderChanged
from models.ports import AlertPort
from models.store import Store
from models.tables import HotEvent, HotEventOrder, WorkOrder
from models.vocabulary import Action, AlertKind

#: Orders named in an alert.
_NAMED = 50

log = structlog.get_logger(__name__)


class EventWatch:
    """Groups each new order and calls when it must. One per house."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        rules: Rules,
        grouping: EventGrouping,
        alerts: AlertPort,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._grouping = grouping
        self._alerts = alerts
        bus.subscribe("hot-events", self._on_order, OrderChanged)

    async def look(self) -> None:
        """What a single order did not show: latecomers, and a kind of matter far above usual."""
        for event_id in await self._grouping.place_recent():
            await self._judge(event_id)
        await self._look_at_categories()

    async def _on_order(self, event: OrderChanged) -> None:
        if event.action != Action.OPEN.value:
            return
        event_id = await self._grouping.place(event.order_id)
        if event_id is not None:
            await self._judge(event_id)

    async def _judge(self, event_id: str) -> None:
        """Call once for an event; again when it has grown much since."""
        rules = self._rules.events.alerts
        since = self._clock.now() - timedelta(minutes=rules.minutes)
        async with self._store.read() as session:
            event = await session.get_one(HotEvent, event_id)
            orders = select(HotEventOrder.order_id).where(HotEventOrder.event_id == event_id)
            latest = list(await session.scalars(orders.where(HotEventOrder.at >= since)))
        if event.alerted_size and event.size < event.alerted_size * rules.again_factor:
            return
        reasons = []
        if len(latest) >= rules.orders:
            reasons.append(f"{rules.minutes}分钟内{len(latest)}件")
        if event.risks:
            reasons.append(f"涉及{'、'.join(event.risks)}")
        if reasons:
            text = f"热点事件“{event.name}”：{'，'.join(reasons)}，共{event.size}件"
            await self._call(f"event:{event_id}", text, latest, event_id)
            await self._remember(event_id, event.size)

    async def _call(
        self, matter: str, text: str, orders: Sequence[str], event_id: str = ""
    ) -> None:
        detail = {"event_id": event_id, "order_ids": list(orders[:_NAMED])}
        raised = await self._alerts.raise_alert(AlertKind.HOT_EVENT, matter, text, detail=detail)
        if raised:
            log.info("event.alert", matter=matter, orders=len(orders))

    async def _remember(self, event_id: str, size: int) -> None:
        async with self._store.transaction() as work:
            query = update(HotEvent).where(HotEvent.id == event_id).values(alerted_size=size)
            await work.session.execute(query)

    # --- far above usual ------------------------------------------------------------------------

    async def _look_at_categories(self) -> None:
        rules = self._rules.events.alerts
        now = self._clock.now()
        for category in await self._busy_categories():
            counts = await self._same_hours(category)
            (count, *before) = counts
            mean = sum(before) / len(before)
            sigma = math.sqrt(sum((n - mean) ** 2 for n in before) / len(before))
            if count <= mean + rules.sigmas * sigma:
                continue
            orders = await self._orders_of(category)
            if len(orders) < rules.sigma_at_least:
                continue
            name = self._rules.category_name(category)
            text = f"“{name}”近1小时{count}件，近{rules.weeks}周同一时段平均{mean:.1f}件"
            # Named by the hour: the same rise calls once, that of another hour calls again.
            local = now.astimezone(self._rules.zone)
            matter = f"category:{category}:{local:%Y%m%d%H}"
            await self._call(matter, text, orders)

    async def _busy_categories(self) -> list[str]:
        rules = self._rules.events.alerts
        since = self._clock.now() - timedelta(hours=1)
        query = (
            select(WorkOrder.category)
            .where(WorkOrder.accepted_at >= since)
            .group_by(WorkOrder.category)
            .having(func.count() >= rules.sigma_at_least)
        )
        async with self._store.read() as session:
            return list(await session.scalars(query))

    async def _same_hours(self, category: str) -> list[int]:
        """Orders within the last hour, then within the same hour of each of the days before."""
        now, counts = self._clock.now(), []
        async with self._store.read() as session:
            for day in range(7 * self._rules.events.alerts.weeks + 1):
                end = now - timedelta(days=day)
                query = select(func.count()).where(
                    WorkOrder.category == category,
                    WorkOrder.accepted_at > end - timedelta(hours=1),
                    WorkOrder.accepted_at <= end,
                )
                counts.append(await session.scalar(query) or 0)
        return counts

    async def _orders_of(self, category: str) -> list[str]:
        """Of the last hour, without those of an event that was called for already."""
        since = self._clock.now() - timedelta(hours=1)
        # Order by order: the list of all that were ever called for would only grow.
        called = (
            exists()
            .where(HotEventOrder.order_id == WorkOrder.id)
            .where(HotEvent.id == HotEventOrder.event_id, HotEvent.alerted_size > 0)
        )
        query = select(WorkOrder.id).where(
            WorkOrder.category == category,
            WorkOrder.accepted_at > since,
            ~called,
        )
        async with self._store.read() as session:
            return list(await session.scalars(query.limit(_NAMED)))
