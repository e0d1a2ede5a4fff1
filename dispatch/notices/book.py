"""Reading one's unit's notices, and having read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.views.cursors import decode_cursor, encode_cursor
from dispatch.views.privacy import list_veil
from models.clock import Clock
from models.guards import Actor
from models.store import Store
from models.tables import OrderEvent, WorkOrder
from models.tables.notices import Notice, NoticeRead
from models.vocabulary import NoticeAudience, NoticeKind, Role, Urgency

#: Who reads what is meant for a unit's leader.
LEADERS = frozenset({Role.UNIT_HEAD, Role.MANAGER})
#: Who reads what is meant for a desk of the hotline; its shift leader looks after all of them.
DESKS = {
    NoticeAudience.INTAKE: frozenset({Role.AGENT, Role.SHIFT_LEADER}),
    NoticeAudience.DISPATCHER: frozenset({Role.DISPATCHER, Role.SHIFT_LEADER}),
    NoticeAudience.AUDITOR: frozenset({Role.AUDITOR, Role.SHIFT_LEADER}),
    NoticeAudience.FOLLOW_UP: frozenset({Role.FOLLOW_UP, Role.SHIFT_LEADER}),
}
#: Older ones are history: they are not counted, and not shown.
LOOK_BACK = timedelta(days=30)


class NoticeView(BaseModel):
    """A notice as people of the unit read it. Texts are masked as in lists."""

    id: str
    kind: NoticeKind
    kind_label: str
    at: datetime
    order_id: str
    order_no: str
    title: str
    urgency: Urgency
    reason: str
    due_at: datetime | None
    read: bool


class NoticePage(BaseModel):
    """Newest first."""

    items: list[NoticeView]
    next_cursor: str | None
    unread: int


class NoticeBook:
    """The notices of a person's own unit. What one has read, a colleague may not have."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def page(
        self, actor: Actor, *, unread: bool = False, cursor: str = "", limit: int = 50
    ) -> NoticePage:
        """Notices, newest first."""
        query = (
            select(Notice, WorkOrder, OrderEvent)
            .join(WorkOrder, WorkOrder.id == Notice.order_id)
            .outerjoin(OrderEvent, OrderEvent.id == Notice.event_id)
            .where(*self._mine(actor))
            .order_by(Notice.at.desc(), Notice.id.desc())
        )
        if unread:
            query = query.where(~_read_by(actor))
        if cursor:
            query = query.where(_older(cursor))
        async with self._store.read() as session:
            rows = (await session.execute(query.limit(limit + 1))).all()
            ids = [notice.id for notice, _order, _event in rows]
            seen = await _seen(session, actor, ids)
        items = [_view(*row, read=row[0].id in seen) for row in rows[:limit]]
        last = rows[limit - 1][0] if len(rows) > limit else None
        return NoticePage(
            items=items,
            next_cursor=encode_cursor(last.at, last.id) if last else None,
            unread=await self.unread(actor),
        )

    async def unread(self, actor: Actor) -> int:
        """How many the person has not seen."""
        query = select(func.count()).where(*self._mine(actor), ~_read_by(actor))
        async with self._store.read() as session:
            return await session.scalar(query) or 0

    async def mark_read(self, actor: Actor, ids: Sequence[str] = ()) -> int:
        """These, or all. Safe to repeat; returns how many are still unread."""
        try:
            await self._mark(actor, ids)
        except IntegrityError:  # the same person in another window, at the same moment
            await self._mark(actor, ids)
        return await self.unread(actor)

    async def _mark(self, actor: Actor, ids: Sequence[str]) -> None:
        now = self._clock.now()
        query = select(Notice.id).where(*self._mine(actor), ~_read_by(actor))
        if ids:
            query = query.where(Notice.id.in_(ids))
        async with self._store.transaction() as work:
            for notice_id in await work.session.scalars(query):
                work.session.add(NoticeRead(notice_id=notice_id, staff_id=actor.id, at=now))

    def _mine(self, actor: Actor) -> tuple[ColumnElement[bool], ...]:
        oldest = self._clock.now() - LOOK_BACK
        return (
            Notice.department == actor.department,
            Notice.at >= oldest,
            Notice.audience.in_(_audiences(actor)),
        )


def _audiences(actor: Actor) -> list[NoticeAudience]:
    """What is meant for the person. Agents hear of what they are to do, not of all that the hotline
    decides and looks after."""
    roles = actor.usable_roles
    found = [desk for desk, people in DESKS.items() if not roles.isdisjoint(people)]
    if not roles.isdisjoint(LEADERS):
        found.append(NoticeAudience.LEADER)
    if roles != {Role.AGENT}:
        found += [NoticeAudience.UNIT, NoticeAudience.BOTH]
    return found


def _read_by(actor: Actor) -> ColumnElement[bool]:
    return exists().where(NoticeRead.notice_id == Notice.id, NoticeRead.staff_id == actor.id)


def _older(cursor: str) -> ColumnElement[bool]:
    at, notice_id = decode_cursor(cursor)
    return or_(Notice.at < at, and_(Notice.at == at, Notice.id < notice_id))


async def _seen(session: AsyncSession, actor: Actor, ids: Sequence[str]) -> set[str]:
    query = select(NoticeRead.notice_id).where(
        NoticeRead.staff_id == actor.id, NoticeRead.notice_id.in_(ids)
    )
    return set(await session.scalars(query))


def _view(notice: Notice, order: WorkOrder, event: OrderEvent | None, *, read: bool) -> NoticeView:
    veil = list_veil(order)
    return NoticeView(
        id=notice.id,
        kind=notice.kind,
        kind_label=notice.kind.label,
        at=notice.at,
        order_id=order.id,
        order_no=order.order_no,
        title=veil.scrub(order.title),
        urgency=order.urgency,
        reason=veil.scrub(event.reason) if event else "",
        due_at=notice.due_at,
        read=read,
    )
