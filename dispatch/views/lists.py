"""Lists of orders, one page at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Select, select, tuple_

from dispatch.rules import Rules
from dispatch.scope import own_units, sees_all
from dispatch.views.conditions import Conditions, page_start
from dispatch.views.cursors import encode_cursor, place_after
from dispatch.views.newest import MOST_UNITS, newest_of
from dispatch.views.rows import ORDER_LINE, order_row
from dispatch.views.shapes import OrderFilter, OrderPage
from models.clock import Clock
from models.errors import Forbidden
from models.guards import Actor
from models.store import Store
from models.tables import WorkOrder
from models.workflow import OPEN_STATES

#: A search looks so far back at first.
_NEWEST = timedelta(days=64)
#: Of a number hardly any orders hold so many digits.
_FEW_DIGITS = re.compile(r"\D*(\d\D*){7,}")


class OrderLists:
    """Lists for one reader at a time, within what the reader may see."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def orders(self, actor: Actor, wanted: OrderFilter) -> OrderPage:
        """Orders in the reader's sight.

        :raises Forbidden: for a reader whose posts show no orders at all.
        :raises InvalidInput: for a wrong category, unit or cursor.
        """
        self._check_reader(actor)
        now = self._clock.now()
        found: list[WorkOrder] = []
        async with self._store.read() as session:
            for since in self._since(actor, wanted, now):
                query = self._query(actor, wanted, since).options(ORDER_LINE)
                found = list(await session.scalars(query.limit(wanted.limit + 1)))
                if len(found) > wanted.limit:
                    break
        items = [order_row(order, self._rules, now) for order in found[: wanted.limit]]
        more = len(found) > wanted.limit
        last = found[wanted.limit - 1] if more else None
        return OrderPage(items=items, next_cursor=_after(last, wanted) if last else None)

    def _since(self, actor: Actor, wanted: OrderFilter, now: datetime) -> Iterator[datetime | None]:
        """How far back to look: a word that many orders hold fills the page from the newest; of
        one that few hold, reading all costs little.
        """
        newest = wanted.q and wanted.sort == "newest" and not wanted.accepted_to
        found_soon = not self._store.finds_texts or _FEW_DIGITS.fullmatch(wanted.q)
        if newest and not found_soon and sees_all(actor, self._rules):
            yield page_start(wanted, now) - _NEWEST
        yield None

    def _query(
        self, actor: Actor, wanted: OrderFilter, since: datetime | None
    ) -> Select[WorkOrder]:
        conditions = Conditions(actor, self._rules, self._clock.now())
        if wanted.sort == "newest":
            if not sees_all(actor, self._rules):
                units = sorted(own_units(actor, self._rules))
                if len(units) <= MOST_UNITS:
                    return newest_of(units, conditions.of(wanted), wanted, led=False)
            elif 0 < len(wanted.departments) <= MOST_UNITS:
                rest = conditions.of(wanted.model_copy(update={"departments": []}), since)
                return newest_of(sorted(set(wanted.departments)), rest, wanted, led=True)
        found = select(WorkOrder).where(conditions.sight, *conditions.of(wanted, since))
        return _ordered(found, wanted)

    def _check_reader(self, actor: Actor) -> None:
        if not sees_all(actor, self._rules) and not own_units(actor, self._rules):
            raise Forbidden("您的岗位不能查看工单")


def _ordered(query: Select[WorkOrder], wanted: OrderFilter) -> Select[WorkOrder]:
    if wanted.sort == "due":
        query = query.where(WorkOrder.light_red_at.is_not(None))
        if not wanted.states:
            query = query.where(WorkOrder.state.in_(OPEN_STATES))
        place = tuple_(WorkOrder.light_red_at, WorkOrder.id)
        if wanted.cursor:
            query = query.where(place > place_after(wanted.cursor))
        return query.order_by(WorkOrder.light_red_at, WorkOrder.id)
    place = tuple_(WorkOrder.accepted_at, WorkOrder.id)
    if wanted.cursor:
        query = query.where(place < place_after(wanted.cursor))
    return query.order_by(WorkOrder.accepted_at.desc(), WorkOrder.id.desc())


def _after(last: WorkOrder, wanted: OrderFilter) -> str:
    at = last.light_red_at if wanted.sort == "due" else last.accepted_at
    assert at is not None, "a list by due date holds only orders whose clock runs"
    return encode_cursor(at, last.id)
