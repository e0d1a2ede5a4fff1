"""Seeing lights change: who is told at yellow, orange and red.

Nothing is remembered between two looks but the notices themselves: what turned while nobody
looked is found the next time, and no light of a promise is told twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select

from dispatch.notices.board import NoticeBoard
from dispatch.rules import Rules
from models.clock import Clock
from models.events import UnitsNotified
from models.ids import new_id
from models.states import IN_HAND, OPEN_STATES
from models.store import Store
from models.tables import WorkOrder
from models.tables.notices import Notice
from models.vocabulary import Light, NoticeKind

KINDS = {
    Light.RED: NoticeKind.LIGHT_RED,
    Light.ORANGE: NoticeKind.LIGHT_ORANGE,
    Light.YELLOW: NoticeKind.LIGHT_YELLOW,
}
#: Orders told of in one transaction.
BATCH = 200


class LightWatch:
    """Looks at the clocks of all open orders."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, board: NoticeBoard) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._board = board

    async def look(self) -> int:
        """Tell of every light that has turned; returns of how many orders."""
        told = 0
        for light in KINDS:
            if self._rules.notices.lights.get(light):
                while found := await self._tell(light):
                    told += found
        return told

    async def _tell(self, light: Light) -> int:
        now = self._clock.now()
        query = select(WorkOrder).where(*_shows(light, now), ~_told(light)).limit(BATCH)
        async with self._store.transaction() as work:
            orders = list(await work.session.scalars(query.with_for_update(skip_locked=True)))
            units = {unit for order in orders for unit in self._units(order, light)}
            for order in orders:
                for unit in self._units(order, light):
                    await self._board.post(work.session, _notice(order, unit, light, now), order)
            if units:
                work.record(UnitsNotified(at=now, departments=tuple(sorted(units))))
        return len(orders)

    def _units(self, order: WorkOrder, light: Light) -> Sequence[str]:
        """While a unit works it is the unit's clock, else the hotline's own."""
        hotline = self._rules.departments.hotline
        if order.state not in IN_HAND:
            return (hotline,)
        whom = self._rules.notices.lights[light]
        found = [order.lead_department if one == "unit" else hotline for one in whom]
        return tuple(dict.fromkeys(found))


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
        Notice.due_at == WorkOrder.light_red_at,
    )


def _notice(order: WorkOrder, unit: str, light: Light, now: datetime) -> Notice:
    due = order.light_red_at
    assert due is not None, "an order without limit shows no light"
    return Notice(
        id=new_id(),
        key=f"{light.value}:{order.id}:{due.timestamp():.6f}:{unit}",
        department=unit,
        kind=KINDS[light],
        order_id=order.id,
        due_at=due,
        at=now,
    )
