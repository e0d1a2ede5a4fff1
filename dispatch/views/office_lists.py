"""What waits for a decision or an answer, and what was left out of the statistics: lists."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.oversights import OPEN
from dispatch.rules import Rules
from dispatch.scope import own_units, sees_all
from dispatch.views.office import OversightView, oversight_view
from dispatch.views.privacy import list_veil
from dispatch.views.rows import order_row
from dispatch.views.shapes import OrderRow
from dispatch.views.step_shapes import RequestView
from dispatch.views.steps import reason_label, request_view
from dispatch.waiting import runs
from models.clock import Clock
from models.guards import Actor
from models.store import Store
from models.tables import OrderRequest, Oversight, WorkOrder
from models.vocabulary import OPEN_REQUEST, RequestKind, RequestState

#: Rows of a list.
_MOST = 200
#: Left-out orders are shown for so long.
_SHOWN = timedelta(days=366)


class WaitingRequest(BaseModel):
    """A request that somebody has to decide."""

    request: RequestView
    order: OrderRow
    #: The reader asked for it and decides nothing of it.
    own: bool


class WaitingOversight(BaseModel):
    """An urge or supervision that a unit has to answer, or the office to look at."""

    oversight: OversightView
    order: OrderRow


class ExcludedOrder(BaseModel):
    """An order that does not count in the statistics, for all units to see. Nothing of a caller."""

    order_no: str
    title: str
    department_name: str
    reason_label: str
    reason: str
    excluded_at: datetime
    confirmed_by_name: str


class OfficeLists:
    """Lists for one reader at a time, within what the reader may see."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def requests(self, actor: Actor) -> list[WaitingRequest]:
        """Undecided requests that the reader's house or unit decides or has asked for."""
        query = (
            select(OrderRequest, WorkOrder)
            .join(WorkOrder, WorkOrder.id == OrderRequest.order_id)
            .where(OrderRequest.state.in_(OPEN_REQUEST), self._requests_of(actor))
            .order_by(OrderRequest.due_at, OrderRequest.id)
            .limit(_MOST)
        )
        now = self._clock.now()
        async with self._store.read() as session:
            found = [(asked, order) for asked, order in await session.execute(query)]
        return [
            WaitingRequest(
                request=_short(request_view(asked, list_veil(order), self._rules, now)),
                order=order_row(order, self._rules, now),
                own=asked.asked_by == actor.id,
            )
            for asked, order in found
        ]

    async def oversights(self, actor: Actor) -> list[WaitingOversight]:
        """Urges and supervisions that are not settled, the first due first."""
        units = sorted(own_units(actor, self._rules))
        mine = true() if sees_all(actor, self._rules) else Oversight.department.in_(units)
        query = (
            select(Oversight, WorkOrder, runs())
            .join(WorkOrder, WorkOrder.id == Oversight.order_id)
            .where(Oversight.state.in_(OPEN), mine)
            .order_by(Oversight.due_at, Oversight.id)
            .limit(_MOST)
        )
        now = self._clock.now()
        async with self._store.read() as session:
            found = [(row, order, bool(on)) for row, order, on in await session.execute(query)]
        return [
            WaitingOversight(
                oversight=oversight_view(row, list_veil(order), self._rules, now, running=on),
                order=order_row(order, self._rules, now),
            )
            for row, order, on in found
        ]

    async def excluded(self) -> list[ExcludedOrder]:
        """What was left out of the statistics in the last year, the latest first."""
        since = self._clock.now() - _SHOWN
        query = select(WorkOrder).where(WorkOrder.excluded_at >= since)
        latest = query.order_by(WorkOrder.excluded_at.desc(), WorkOrder.id.desc()).limit(_MOST)
        async with self._store.read() as session:
            orders = list(await session.scalars(latest))
            granted = await _grants(session, [order.id for order in orders])
        return [self._excluded(order, granted[order.id]) for order in orders]

    def _requests_of(self, actor: Actor) -> ColumnElement[bool]:
        if sees_all(actor, self._rules):
            return true()
        units = sorted(own_units(actor, self._rules))
        return or_(OrderRequest.asked_department.in_(units), OrderRequest.decider.in_(units))

    def _excluded(self, order: WorkOrder, grant: OrderRequest) -> ExcludedOrder:
        veil = list_veil(order)
        return ExcludedOrder(
            order_no=order.order_no,
            title=veil.scrub(order.title),
            department_name=self._rules.unit_name(order.lead_department),
            reason_label=reason_label(grant.kind, grant.reason_code),
            reason=veil.scrub(grant.reason),
            excluded_at=order.excluded_at or order.accepted_at,
            confirmed_by_name=grant.decided_by_name,
        )


def _short(shown: RequestView) -> RequestView:
    """What shows that it is so is read with the order."""
    return shown.model_copy(update={"evidence": {}, "wanted": {}})


async def _grants(session: AsyncSession, order_ids: list[str]) -> dict[str, OrderRequest]:
    query = select(OrderRequest).where(
        OrderRequest.order_id.in_(order_ids),
        OrderRequest.kind == RequestKind.EXCLUSION,
        OrderRequest.state == RequestState.GRANTED,
    )
    return {grant.order_id: grant for grant in await session.scalars(query)}
