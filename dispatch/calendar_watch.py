"""The working calendar in use: limits beyond its last year raise an alarm, and a changed calendar
has running limits counted anew.
"""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy import func, select

from dispatch.commands import Recount
from dispatch.order_timers import SYSTEM
from dispatch.recounting import recounted
from dispatch.service import OrderService
from models.errors import HotlineError
from models.ports import AlertPort
from models.states import IN_HAND, OPEN_STATES
from models.store import Store
from models.tables import Task, WorkOrder
from models.vocabulary import AlertKind, OrderState

log = structlog.get_logger(__name__)

#: Orders read at a time.
BATCH = 100
_MATTER = "working-calendar"
#: States in which a unit is held to the due time of its result.
_PROMISED = (*IN_HAND, OrderState.TO_AUDIT)


class CalendarWatch:
    """One per process; any number of processes."""

    def __init__(self, store: Store, orders: OrderService, alerts: AlertPort) -> None:
        self._store = store
        self._orders = orders
        self._alerts = alerts
        self._counted = False

    async def look(self) -> None:
        """Raise the alarm while open orders are promised by a year that nobody has announced.

        The first look after a start counts anew what the calendar has changed.
        """
        if not self._counted:
            await self.recount()
            self._counted = True
        provisional = await self._provisional()
        if not provisional:
            await self._alerts.settle(_MATTER)
            return
        last = max(self._orders.rules.calendar.years)
        text = (
            f"{provisional}件在办工单的时限超出工作日历（只到{last}年），暂按周一至周五推算；"
            f"请载入{last + 1}年的放假安排，载入后自动重新计算"
        )
        await self._alerts.raise_alert(AlertKind.CALENDAR, _MATTER, text)

    async def recount(self) -> int:
        """Count the limits of all open orders anew; how many orders were changed.

        An order that is up to date costs a look and no write.
        """
        changed, after = 0, ""
        while batch := await self._batch(after):
            behind = [order for order, tasks in batch if self._is_behind(order, tasks)]
            changed += sum([await self._recount(order.id) for order in behind])
            after = batch[-1][0].id
            await asyncio.sleep(0)
        if changed:
            log.info("calendar.recounted", orders=changed)
        return changed

    # --- inside ---------------------------------------------------------------------------------

    async def _provisional(self) -> int:
        query = select(func.count()).select_from(WorkOrder)
        promised = WorkOrder.state.in_(_PROMISED) & WorkOrder.suspended_at.is_(None)
        async with self._store.read() as session:
            found = await session.scalar(query.where(promised, WorkOrder.due_provisional))
        return found or 0

    async def _batch(self, after: str) -> list[tuple[WorkOrder, list[Task]]]:
        query = select(WorkOrder).where(WorkOrder.state.in_(OPEN_STATES), WorkOrder.id > after)
        async with self._store.read() as session:
            orders = list(await session.scalars(query.order_by(WorkOrder.id).limit(BATCH)))
            ids = [order.id for order in orders]
            tasks = list(await session.scalars(select(Task).where(Task.order_id.in_(ids))))
        return [(order, [t for t in tasks if t.order_id == order.id]) for order in orders]

    def _is_behind(self, order: WorkOrder, tasks: list[Task]) -> bool:
        return bool(recounted(order, tasks, self._orders.rules))

    async def _recount(self, order_id: str) -> bool:
        try:
            async with self._store.transaction() as work:
                order = await work.session.get_one(WorkOrder, order_id, with_for_update=True)
                rows = await work.session.scalars(select(Task).where(Task.order_id == order_id))
                if not self._is_behind(order, list(rows)):
                    return False  # another process was faster, or the order has moved on
                await self._orders.act_in(work, SYSTEM, order_id, Recount())
        except HotlineError as error:
            log.warning("calendar.not_recounted", order_id=order_id, why=str(error))
            return False
        return True
