"""Working off what happened to orders: notices to units, deliveries to programs.

A step writes one row of news in its own transaction and nothing more; who is to be told is found
out here. All of one piece of news is written in one transaction with taking the row away: told
exactly once, also when the process dies in between.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.notices import ActionNotice
from dispatch.notices.board import NoticeBoard
from dispatch.notices.recipients import asks, audience_for, units_for
from dispatch.rules import Rules
from dispatch.webhooks.announce import announce
from models.clock import Clock
from models.events import UnitsNotified
from models.ids import new_id
from models.store import Store, UnitOfWork
from models.tables import OrderEvent, Task, WorkOrder
from models.tables.notices import Notice, OrderNews
from models.vocabulary import Action

log = structlog.get_logger(__name__)

BATCH = 200
#: After a failure: doubled each time, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=10)


class NewsDesk:
    """Tells. Several processes may: a row goes to the one that locks it."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, board: NoticeBoard) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._board = board

    async def tell(self) -> int:
        """Tell everything that waits; returns how many."""
        told = 0
        while waiting := await self._waiting():
            done = [await self._tell(news_id) for news_id in waiting]
            told += sum(done)
            if not any(done):  # failed, or all in the hands of other processes
                break
        return told

    async def _waiting(self) -> list[int]:
        query = select(OrderNews.id).where(OrderNews.next_at <= self._clock.now())
        async with self._store.read() as session:
            return list(await session.scalars(query.order_by(OrderNews.id).limit(BATCH)))

    async def _tell(self, news_id: int) -> bool:
        try:
            async with self._store.transaction() as work:
                return await self._tell_in(work, news_id)
        except Exception as error:  # the rest must not wait for this one
            await self._put_off(news_id, error)
            return False

    async def _tell_in(self, work: UnitOfWork, news_id: int) -> bool:
        query = select(OrderNews).where(OrderNews.id == news_id)
        news = await work.session.scalar(query.with_for_update(skip_locked=True))
        if news is None:
            return False
        event = await work.session.get_one(OrderEvent, news.event_id)
        order = await work.session.get_one(WorkOrder, news.order_id)
        tasks = await tasks_of(work.session, order.id)
        if units := await self._notify(work.session, event, order, tasks):
            work.record(UnitsNotified(at=self._clock.now(), departments=tuple(sorted(units))))
        await announce(work.session, self._rules, event, order, tasks, self._clock.now())
        await work.session.delete(news)
        return True

    async def _notify(
        self, session: AsyncSession, event: OrderEvent, order: WorkOrder, tasks: list[Task]
    ) -> set[str]:
        told: dict[str, ActionNotice] = {}
        for rule in self._rules.notices.actions.get(Action(event.action), ()):
            if rule.when == "always" or asks(event):
                for unit in units_for(rule.to, event, tasks, self._rules):
                    told.setdefault(unit, rule)
        for unit, rule in told.items():
            notice = _notice(event, order, tasks, unit, rule, self._clock.now())
            notice.audience = audience_for(rule.to, event, unit, self._rules)
            await self._board.post(session, notice, order)
        return set(told)

    async def _put_off(self, news_id: int, error: Exception) -> None:
        log.warning("news.failed", news_id=news_id, error=repr(error))
        async with self._store.transaction() as work:
            news = await work.session.get(OrderNews, news_id)
            if news is None:
                return
            pause = min(FIRST_PAUSE * 2 ** min(news.attempts, 16), LONGEST_PAUSE)
            news.next_at = self._clock.now() + pause
            news.attempts += 1
            news.last_error = repr(error)[:1000]


async def tasks_of(session: AsyncSession, order_id: str) -> list[Task]:
    """The tasks of an order, the oldest first."""
    query = select(Task).where(Task.order_id == order_id)
    return list(await session.scalars(query.order_by(Task.dispatched_at, Task.id)))


def _notice(
    event: OrderEvent,
    order: WorkOrder,
    tasks: list[Task],
    unit: str,
    rule: ActionNotice,
    now: datetime,
) -> Notice:
    """The unit's own task is the one meant: the newest, if it has had several."""
    task = next((task for task in reversed(tasks) if task.department == unit), None)
    return Notice(
        id=new_id(),
        key=f"{event.id}:{unit}",
        department=unit,
        kind=rule.kind,
        order_id=order.id,
        task_id=task.id if task else None,
        event_id=event.id,
        due_at=task.due_at if task else None,
        at=now,
    )
