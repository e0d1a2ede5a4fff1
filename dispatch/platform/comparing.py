"""Comparing with another system, day by day: which orders one side has and the other has not,
and where the two disagree about one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.platform.our_list import OurOrder, our_list
from dispatch.platform.systems import system_of
from dispatch.rules import Rules
from models.clock import Clock
from models.ids import new_id
from models.store import Store
from models.tables import WorkOrder
from models.tables.notices import WebhookDelivery, WebhookEndpoint
from models.tables.partners import PartnerSystem, Reconciliation

log = structlog.get_logger(__name__)

#: Local hour from which yesterday is compared, also without the other side's list.
FROM_HOUR = 6
Kind = Literal["missing_here", "missing_there", "closed", "deadline", "twice", "not_delivered"]


class TheirOrder(BaseModel):
    """One line of the other side's list. What is left out is not compared."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    #: Their id of an order that they gave us; of a task that we gave them, the task's id.
    id: str = Field(min_length=1, max_length=64)
    #: Whether it is finished over there.
    closed: bool | None = None
    deadline: AwareDatetime | None = None


class Difference(BaseModel):
    """One thing that does not agree, in a sentence."""

    kind: Kind
    id: str
    order_no: str
    text: str


class Comparison(BaseModel):
    """The result of a day. ``theirs`` None: the other side has sent no list."""

    system: str
    day: date
    at: datetime
    ours: int
    theirs: int | None
    differences: list[Difference]


def compare(ours: Sequence[OurOrder], theirs: Sequence[TheirOrder]) -> list[Difference]:
    """All differences of two lists, in the order of ids."""
    mine, other = {one.id: one for one in ours}, {one.id: one for one in theirs}
    found = [_twice(order_id, number) for order_id, number in _repeated(theirs)]
    for order_id in sorted(mine.keys() | other.keys()):
        if order_id not in mine:
            found.append(
                Difference(
                    kind="missing_here",
                    id=order_id,
                    order_no="",
                    text="对方清单中有，本平台没有：可能没有转来，请对方重新推送",
                )
            )
        elif order_id not in other:
            found.append(_difference("missing_there", mine[order_id], "本平台有，对方清单中没有"))
        else:
            found += _between(mine[order_id], other[order_id])
    return found


def _repeated(theirs: Iterable[TheirOrder]) -> list[tuple[str, int]]:
    counts = Counter(one.id for one in theirs)
    return [(order_id, number) for order_id, number in sorted(counts.items()) if number > 1]


def _twice(order_id: str, number: int) -> Difference:
    text = f"对方清单中出现 {number} 次，按最后一次比较"
    return Difference(kind="twice", id=order_id, order_no="", text=text)


def _between(mine: OurOrder, other: TheirOrder) -> Iterable[Difference]:
    if other.closed is not None and other.closed != mine.closed:
        here, there = ("已办结" if closed else "未办结" for closed in (mine.closed, other.closed))
        yield _difference("closed", mine, f"本平台{here}，对方{there}")
    if other.deadline is not None and other.deadline != mine.deadline:
        here = mine.deadline.isoformat() if mine.deadline else "没有时限"
        text = f"时限不一致：本平台 {here}，对方 {other.deadline.isoformat()}"
        yield _difference("deadline", mine, text)


def _difference(kind: Kind, order: OurOrder, text: str) -> Difference:
    return Difference(kind=kind, id=order.id, order_no=order.order_no, text=text)


class ComparingDesk:
    """Compares, and keeps the newest result of each day."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def our_list(self, code: str, day: date) -> list[OurOrder]:
        """Both ways: all that was open at the end of a local day, was given or ended on it."""
        since, until = self._bounds(day)
        async with self._store.read() as session:
            system = await system_of(session, code)
            return await our_list(session, code, system.department, since, until)

    async def compare(
        self, code: str, day: date, theirs: Sequence[TheirOrder] | None
    ) -> Comparison:
        """Compare a day's lists. ``theirs`` None: the other side has sent none."""
        try:
            return await self._compare(code, day, theirs)
        except IntegrityError:  # the same day, by somebody else, at the same moment
            return await self._compare(code, day, theirs)

    async def _compare(
        self, code: str, day: date, theirs: Sequence[TheirOrder] | None
    ) -> Comparison:
        ours = await self.our_list(code, day)
        found = compare(ours, theirs) if theirs is not None else []
        async with self._store.transaction() as work:
            found += await _undelivered(work.session, code, *self._bounds(day))
            row = await _row(work.session, code, day)
            row.at, row.ours = self._clock.now(), len(ours)
            row.theirs = None if theirs is None else len(theirs)
            row.differences = [one.model_dump(mode="json") for one in found]
            return _shown(row)

    async def results(self, code: str = "", limit: int = 60) -> list[Comparison]:
        """Of one system, or of all; the newest day first."""
        query = select(Reconciliation).order_by(Reconciliation.day.desc(), Reconciliation.system)
        if code:
            query = query.where(Reconciliation.system == code)
        async with self._store.read() as session:
            return [_shown(row) for row in await session.scalars(query.limit(limit))]

    def _bounds(self, day: date) -> tuple[datetime, datetime]:
        zone = self._rules.zone
        return (
            datetime.combine(day, time(), zone),
            datetime.combine(day + timedelta(days=1), time(), zone),
        )


class DailyComparison:
    """Sees to it that every day of every system is looked at, whether or not it sends a list."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._desk = ComparingDesk(store, clock, rules)

    async def look(self) -> int:
        """Compare yesterday where nobody has; returns for how many systems."""
        local = self._clock.now().astimezone(self._rules.zone)
        if local.hour < FROM_HOUR:
            return 0
        day, count = local.date() - timedelta(days=1), 0
        for code in await self._unseen(day):
            result = await self._desk.compare(code, day, None)
            count += 1
            log.warning("platform.no_list", system=code, day=str(day), ours=result.ours)
        return count

    async def _unseen(self, day: date) -> list[str]:
        seen = select(Reconciliation.system).where(Reconciliation.day == day)
        query = select(PartnerSystem.code).where(
            PartnerSystem.active, PartnerSystem.code.not_in(seen)
        )
        async with self._store.read() as session:
            return sorted(await session.scalars(query))


async def _undelivered(
    session: AsyncSession, code: str, since: datetime, until: datetime
) -> list[Difference]:
    """What of that day the system was to be told and has not taken."""
    query = (
        select(WebhookDelivery, WorkOrder.order_no)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .join(WorkOrder, WorkOrder.id == WebhookDelivery.order_id)
        .where(WebhookEndpoint.system == code, WebhookDelivery.done_at.is_(None))
        .where(WebhookDelivery.created_at >= since, WebhookDelivery.created_at < until)
    )
    return [
        Difference(
            kind="not_delivered",
            id=delivery.id,
            order_no=order_no,
            text=f"推送 {delivery.event} 尚未被对方接收（已试 {delivery.attempts} 次）",
        )
        for delivery, order_no in await session.execute(query.order_by(WebhookDelivery.id))
    ]


async def _row(session: AsyncSession, code: str, day: date) -> Reconciliation:
    query = select(Reconciliation).where(Reconciliation.system == code, Reconciliation.day == day)
    row = await session.scalar(query.with_for_update())
    if row is None:
        row = Reconciliation(id=new_id(), system=code, day=day)
        session.add(row)
    return row


def _shown(row: Reconciliation) -> Comparison:
    return Comparison(
        system=row.system,
        day=row.day,
        at=row.at,
        ours=row.ours,
        theirs=row.theirs,
        differences=[Difference.model_validate(one) for one in row.differences],
    )
