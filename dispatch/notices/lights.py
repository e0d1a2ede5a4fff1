"""Seeing lights change: who is told at yellow, orange and red.

Nothing is remembered between two looks but the notices themselves: what turned while nobody
looked is found the next time, and no light of a promise is told twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select

from config.notices import Watcher
from dispatch.notices.board import NoticeBoard
from dispatch.notices.task_lights import lit_tasks
from dispatch.rules import Rules
from models.clock import Clock
from models.events import UnitsNotified
from models.ids import new_id
from models.states import IN_HAND, OPEN_STATES
from models.store import Store, UnitOfWork
from models.tables import Task, WorkOrder
from models.tables.notices import Notice
from models.vocabulary import Light, NoticeAudience, NoticeKind

KINDS = {
    Light.RED: NoticeKind.LIGHT_RED,
    Light.ORANGE: NoticeKind.LIGHT_ORANGE,
    Light.YELLOW: NoticeKind.LIGHT_YELLOW,
}
#: Orders told of in one transaction.
BATCH = 200


class LightWatch:
    """Looks at the clocks of all open orders, and of the tasks beside and below the lead ones."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, board: NoticeBoard) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._board = board

    async def look(self) -> int:
        """Tell of every light that has turned; returns of how many orders and tasks."""
        told = 0
        for light in KINDS:
            if self._rules.notices.lights.get(light):
                for tell in (self._tell_orders, self._tell_tasks):
                    while found := await tell(light):
                        told += found
        return told

    async def _tell_orders(self, light: Light) -> int:
        now = self._clock.now()
        query = select(WorkOrder).where(*_shows(light, now), ~_told(light)).limit(BATCH)
        async with self._store.transaction() as work:
            orders = list(await work.session.scalars(query.with_for_update(skip_locked=True)))
            for order in orders:
                await self._post(work, order, None, light, self._watchers(order, light))
        return len(orders)

    async def _tell_tasks(self, light: Light) -> int:
        now = self._clock.now()
        async with self._store.transaction() as work:
            rows = await lit_tasks(work.session, light, KINDS[light], now, BATCH)
            for task, order, above in rows:
                units = self._rules.notices.lights[light]
                whom = self._whom(units, task.department, above)
                await self._post(work, order, task, light, whom)
        return len(rows)

    async def _post(
        self,
        work: UnitOfWork,
        order: WorkOrder,
        task: Task | None,
        light: Light,
        whom: Mapping[str, NoticeAudience],
    ) -> None:
        now = self._clock.now()
        for unit, audience in whom.items():
            notice = _notice(order, task, unit, light, now)
            notice.audience = audience
            await self._board.post(work.session, notice, order)
        work.record(UnitsNotified(at=now, departments=tuple(sorted(whom))))

    def _watchers(self, order: WorkOrder, light: Light) -> Mapping[str, NoticeAudience]:
        """While a unit works it is the unit's clock, else the hotline's own."""
        units, hotline = self._rules.notices.lights[light], self._rules.departments.hotline
        if order.state not in IN_HAND:
            own = [one for one in units if one != "above"]
            return self._whom(own or ["unit"], hotline, hotline)
        return self._whom(units, order.lead_department, hotline)

    def _whom(
        self, watchers: Sequence[Watcher], unit: str, above: str
    ) -> Mapping[str, NoticeAudience]:
        """Units, and who of each. What is for clerks and leader alike is one notice."""
        found: dict[str, NoticeAudience] = {}
        if "unit" in watchers or "leader" in watchers:
            found[unit] = _audience(watchers)
        others = {"above": above, "hotline": self._rules.departments.hotline}
        for name, code in others.items():
            if name in watchers:
                found.setdefault(code, NoticeAudience.UNIT)
        return found


def _audience(watchers: Sequence[Watcher]) -> NoticeAudience:
    if "leader" not in watchers:
        return NoticeAudience.UNIT
    return NoticeAudience.BOTH if "unit" in watchers else NoticeAudience.LEADER


def _shows(light: Light, now: datetime) -> list[ColumnElement[bool]]:
    """Orders that show this light now, and no worse one."""
    begins = {
        Light.YELLOW: WorkOrder.light_yellow_at,
        Light.ORANGE: WorkOrder.light_orange_at,
        Light.RED: WorkOrder.light_red_at,
    }
    worse = {Light.YELLOW: Light.ORANGE, Light.ORANGE: Light.RED}.get(light)
    found = [WorkOrder.state.in_(OPEN_STATES), begins[light] < now]
    if worse is not None:
        found.append(begins[worse] >= now)
    return found


def _told(light: Light) -> ColumnElement[bool]:
    return exists().where(
        Notice.order_id == WorkOrder.id,
        Notice.kind == KINDS[light],
        Notice.task_id.is_(None),
        Notice.due_at == WorkOrder.light_red_at,
    )


def _notice(order: WorkOrder, task: Task | None, unit: str, light: Light, now: datetime) -> Notice:
    due = task.due_at if task is not None else order.light_red_at
    assert due is not None, "an order without limit shows no light"
    subject = task.id if task is not None else order.id
    return Notice(
        id=new_id(),
        key=f"{light.value}:{subject}:{due.timestamp():.6f}:{unit}",
        department=unit,
        kind=KINDS[light],
        order_id=order.id,
        task_id=task.id if task is not None else None,
        due_at=due,
        at=now,
    )
