"""What the system does with orders by itself when their time has come."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.auto_dispatch import AUTO_DISPATCH, auto_command
from dispatch.commands import LapseProgress, LapseRequest, Resume, SignFor
from dispatch.loading import hold, hold_all, read_all
from dispatch.office_timers import OfficeTimers
from dispatch.oversight_timers import ARCHIVE
from dispatch.service import OrderService
from dispatch.timers import Handler, Timer, Together
from dispatch.timetable import PROGRESS, REQUEST, RESUME, SIGN
from models.guards import Actor
from models.store import UnitOfWork
from models.tables import WorkOrder
from models.vocabulary import Role

#: Who it is in the order's history.
SYSTEM = Actor(id="system", name="系统", roles=frozenset({Role.SYSTEM}))
#: Come in great numbers, concern no other order, and draw no number of a series: of two
#: transactions that did, each might wait for what the other has.
_TOGETHER = frozenset({SIGN, PROGRESS, ARCHIVE})


class OrderTimers:
    """The work of each kind of timer that an order has."""

    def __init__(self, orders: OrderService) -> None:
        self._orders = orders

    @property
    def handlers(self) -> dict[str, Handler]:
        """By kind, for the timekeeper."""
        return {
            SIGN: self._sign,
            PROGRESS: self._progress,
            REQUEST: self._lapse,
            RESUME: self._resume,
            AUTO_DISPATCH: self._dispatch,
            **OfficeTimers(self._orders, SYSTEM).handlers,
        }

    async def lock(self, session: AsyncSession, order_id: str) -> bool:
        """As commands do first, before they touch the order's timers; False when one is at it."""
        if await hold(session, order_id):
            return True
        order = select(WorkOrder.id).where(WorkOrder.id == order_id)
        return await session.scalar(order) is None  # nothing to lock: the handler will say so

    @property
    def together(self) -> Together:
        """For the timekeeper: many orders in one transaction."""
        return Together(kinds=_TOGETHER, lock=hold_all, read=read_all)

    async def _sign(self, work: UnitOfWork, timer: Timer) -> None:
        task_id = timer.key.removeprefix(f"{SIGN}:")
        await self._orders.act_in(work, SYSTEM, timer.subject_id, SignFor(task_id=task_id))

    async def _progress(self, work: UnitOfWork, timer: Timer) -> None:
        task_id = timer.key.removeprefix(f"{PROGRESS}:")
        await self._orders.act_in(work, SYSTEM, timer.subject_id, LapseProgress(task_id=task_id))

    async def _dispatch(self, work: UnitOfWork, timer: Timer) -> None:
        order = await work.session.get(WorkOrder, timer.subject_id)
        command = auto_command(order, self._orders.rules) if order else None
        if command is not None:
            await self._orders.act_in(work, SYSTEM, timer.subject_id, command)

    async def _lapse(self, work: UnitOfWork, timer: Timer) -> None:
        command = LapseRequest(request_id=timer.data["request_id"])
        await self._orders.act_in(work, SYSTEM, timer.subject_id, command)

    async def _resume(self, work: UnitOfWork, timer: Timer) -> None:
        command = Resume(reason="挂起期满，系统自动解除挂起")
        await self._orders.act_in(work, SYSTEM, timer.subject_id, command)
