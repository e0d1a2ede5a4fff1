"""Tasks whose light has turned: those of joint units and of the units below.

The lead task that the hotline gave out is not among them: its clock is the order's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.states import IN_HAND, UNIT_AT_WORK
from models.tables import Task, WorkOrder
from models.tables.notices import Notice
from models.vocabulary import Light, NoticeKind, TaskRole

_Parent = aliased(Task)


async def lit_tasks(
    session: AsyncSession, light: Light, kind: NoticeKind, now: datetime, limit: int
) -> Sequence[tuple[Task, WorkOrder, str]]:
    """Tasks that show this light and no worse one, untold: with the order, and the unit they serve.

    Their orders are locked, as commands do first; those in others' hands wait for the next look.
    """
    query = (
        select(Task, WorkOrder, _Parent.department)
        .join(WorkOrder, WorkOrder.id == Task.order_id)
        .outerjoin(_Parent, _Parent.id == Task.parent_id)
        .where(*_shows(light, now), ~_told(kind))
        .where(WorkOrder.state.in_(IN_HAND), WorkOrder.suspended_at.is_(None))
        .limit(limit)
    )
    rows = await session.execute(query.with_for_update(of=WorkOrder, skip_locked=True))
    return [(task, order, above or order.lead_department) for task, order, above in rows]


def _shows(light: Light, now: datetime) -> list[ColumnElement[bool]]:
    begins = {
        Light.YELLOW: Task.light_yellow_at,
        Light.ORANGE: Task.light_orange_at,
        Light.RED: Task.due_at,
    }
    worse = {Light.YELLOW: Light.ORANGE, Light.ORANGE: Light.RED}.get(light)
    found = [
        Task.state.in_(UNIT_AT_WORK),
        # The index; no light is before yellow.
        Task.light_yellow_at < now,
        begins[light] < now,
        or_(Task.parent_id.is_not(None), Task.role == TaskRole.JOINT),
    ]
    if worse is not None:
        found.append(begins[worse] >= now)
    return found


def _told(kind: NoticeKind) -> ColumnElement[bool]:
    return exists().where(
        Notice.order_id == Task.order_id,
        Notice.task_id == Task.id,
        Notice.kind == kind,
        Notice.due_at == Task.due_at,
    )
