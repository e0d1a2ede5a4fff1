"""Repeats: which earlier orders are about the same matter as a demand, and why we think so."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.events import SimilarRules
from dispatch.rules import Rules
from dispatch.scope import can_see, visible
from dispatch.views.rows import order_row
from dispatch.views.shapes import OrderRow
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.phone_numbers import WITHHELD, normal_number
from models.ports import AlikePort
from models.store import Store
from models.tables import Task, WorkOrder
from models.vocabulary import Role

#: Orders that the search by text is asked for.
_BY_TEXT = 30
#: The caller's latest orders that are looked at besides.
_BY_CALLER = 20
_NOT_PLACE = re.compile(r"[^0-9a-z一-龥]+")


class Demand(BaseModel):
    """What is known of a new demand while it is taken in."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: str = Field("", max_length=100)
    content: str = Field("", max_length=5000)
    place: str = Field("", max_length=200)
    category: str = Field("", max_length=32)
    caller_phone: str = Field("", max_length=32)
    callback_phone: str = Field("", max_length=32)

    @property
    def text(self) -> str:
        """What is compared."""
        return "\n".join(part for part in (self.title, self.place, self.content) if part)

    @property
    def phones(self) -> frozenset[str]:
        """Numbers that tell who calls."""
        return frozenset(_numbers(self.caller_phone, self.callback_phone))


class SimilarOrder(BaseModel):
    """An earlier order, and what speaks for its being about the same matter."""

    order: OrderRow
    #: Of the texts, 0–1.
    likeness: float
    same_caller: bool
    same_place: bool
    #: In words, the weightiest first.
    reasons: list[str]


class SimilarOrders(BaseModel):
    """The likeliest first."""

    items: list[SimilarOrder]
    #: False: older orders are still being read in, more may be found later.
    complete: bool


class Repeats:
    """Finds earlier orders for one reader, within what the reader may see."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, alike: AlikePort) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._alike = alike

    async def of_order(self, actor: Actor, order_id: str) -> SimilarOrders:
        """Those that came before an order.

        :raises NotFound: when there is none, or the reader may not see it.
        """
        async with self._store.read() as session:
            order = await session.get(WorkOrder, order_id)
            tasks = await session.scalars(select(Task).where(Task.order_id == order_id))
            if order is None or not can_see(actor, tasks.all(), self._rules):
                raise NotFound("没有这个工单，或您无权查看", order=order_id)
        demand = Demand.model_construct(
            title=order.title,
            content=order.content,
            place=order.place,
            category=order.category,
            # Who made a confidential report is not told by what else they reported.
            caller_phone="" if order.confidential else order.caller_phone,
            callback_phone="" if order.confidential else order.callback_phone,
        )
        return await self._find(actor, demand, order.accepted_at, order_id)

    async def of_demand(self, actor: Actor, demand: Demand) -> SimilarOrders:
        """Those for what is just being typed."""
        return await self._find(actor, demand, self._clock.now(), "")

    # --- inside ---------------------------------------------------------------------------------

    async def _find(
        self, actor: Actor, demand: Demand, at: datetime, leave_out: str
    ) -> SimilarOrders:
        found = await self._alike.alike(demand.text, _BY_TEXT) if demand.text else []
        likeness = {item.order_id: item.likeness for item in found}
        async with self._store.read() as session:
            orders = await self._orders(session, actor, demand, at, list(likeness))
        compared = [
            self._compared(order, demand, likeness.get(order.id, 0.0), at)
            for order in orders
            if order.id != leave_out
        ]
        compared = [item for item in compared if self._enough(item)]
        compared.sort(key=lambda item: -self._weight(item, demand, at))
        return SimilarOrders(items=compared[: self._wanted.shown], complete=self._alike.ready)

    @property
    def _wanted(self) -> SimilarRules:
        return self._rules.events.similar

    async def _orders(
        self, session: AsyncSession, actor: Actor, demand: Demand, at: datetime, ids: list[str]
    ) -> Sequence[WorkOrder]:
        """By text and by caller; only earlier ones, and only what the reader may see."""
        earliest = at - timedelta(days=self._wanted.days)
        sight = (
            visible(actor, self._rules),
            WorkOrder.accepted_at <= at,
            WorkOrder.accepted_at >= earliest,
        )
        by_text = await session.scalars(select(WorkOrder).where(WorkOrder.id.in_(ids), *sight))
        found = {order.id: order for order in by_text}
        if demand.phones:
            latest = WorkOrder.accepted_at.desc()
            query = select(WorkOrder).where(_called(demand.phones, actor), *sight)
            for order in await session.scalars(query.order_by(latest).limit(_BY_CALLER)):
                found.setdefault(order.id, order)
        return list(found.values())

    def _compared(
        self, order: WorkOrder, demand: Demand, likeness: float, at: datetime
    ) -> SimilarOrder:
        same_caller = not order.confidential and bool(
            demand.phones & set(_numbers(order.caller_phone, order.callback_phone))
        )
        # While it is typed the place often stands in the text only.
        same_place = is_same_place(order.place, demand.place or demand.text)
        reasons = ["同一来电人"] * same_caller + ["同一地点"] * same_place
        if likeness >= self._wanted.least_same_caller:
            reasons.append(f"内容相似 {likeness:.0%}")
        if order.category == demand.category:
            reasons.append("同一分类")
        reasons.append(ago(order.accepted_at, at, self._rules))
        return SimilarOrder(
            order=order_row(order, self._rules, self._clock.now()),
            likeness=round(likeness, 4),
            same_caller=same_caller,
            same_place=same_place,
            reasons=reasons,
        )

    def _enough(self, item: SimilarOrder) -> bool:
        least = self._wanted.least
        if item.same_place:
            least = min(least, self._wanted.least_same_place)
        if item.same_caller:
            least = min(least, self._wanted.least_same_caller)
        return item.likeness >= least

    def _weight(self, item: SimilarOrder, demand: Demand, at: datetime) -> float:
        wanted = self._wanted
        days = (at - item.order.accepted_at) / timedelta(days=1)
        return (
            item.likeness
            + wanted.bonus_caller * item.same_caller
            + wanted.bonus_place * item.same_place
            + wanted.bonus_category * (item.order.category == demand.category)
            + wanted.bonus_recent * math.exp(-days / wanted.recent_days)
        )


def is_same_place(one: str, other: str) -> bool:
    """Whether two places as written are one: equal, or one within the other (from 3 characters)."""
    first, second = sorted((_plain_place(one), _plain_place(other)), key=len)
    return len(first) >= 3 and first in second


def ago(then: datetime, now: datetime, rules: Rules) -> str:
    """刚刚 / 5分钟前 / 3小时前 / 昨天 / 3天前 / 2个月前, by local days."""
    days = (now.astimezone(rules.zone).date() - then.astimezone(rules.zone).date()).days
    if days <= 0:
        minutes = max(0, int((now - then) / timedelta(minutes=1)))
        if minutes < 60:
            return f"{minutes}分钟前" if minutes else "刚刚"
        return f"{minutes // 60}小时前"
    if days == 1:
        return "昨天"
    return f"{days}天前" if days < 60 else f"{days // 30}个月前"


def _plain_place(place: str) -> str:
    return _NOT_PLACE.sub("", place.lower())


def _numbers(*phones: str) -> list[str]:
    normal = (normal_number(phone) for phone in phones if phone)
    return [number for number in normal if number and number != WITHHELD]


def _called(phones: frozenset[str], actor: Actor) -> ColumnElement[bool]:
    """Orders of these numbers; a search must not tell who made a confidential report."""
    columns = (WorkOrder.caller_phone, WorkOrder.callback_phone)
    hit = or_(*(column.in_(sorted(phones)) for column in columns))
    if Role.FOLLOW_UP in actor.usable_roles:
        return hit
    return and_(hit, WorkOrder.confidential.is_(False))
