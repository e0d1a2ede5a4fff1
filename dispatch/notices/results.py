"""Results from below that the unit above has not looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from dispatch.waiting import LONGEST
from models.states import IN_HAND
from models.tables import Task, WorkOrder
from models.tables.notices import Notice
from models.vocabulary import Light, NoticeKind, TaskState

_Above = aliased(Task)
#: The end of the time to look at a result is a clock of the task. Times in UTC sort as text.
_DUE = Task.clocks["audit"]["due"].as_string()


async def unlooked_results(
    session: AsyncSession, kinds: Mapping[Light, NoticeKind], now: datetime, limit: int
) -> Sequence[tuple[Task, WorkOrder, str]]:
    """Those whose time ends soon or has ended, untold, with the unit that must look at them."""
    query = (
        select(Task, WorkOrder, _Above.department)
        .join(WorkOrder, WorkOrder.id == Task.order_id)
        .join(_Above, _Above.id == Task.parent_id)
        .where(Task.state == TaskState.SUBMITTED, WorkOrder.state.in_(IN_HAND))
        .where((now + LONGEST).isoformat() > _DUE, _untold(kinds, now))
        .order_by(_DUE, Task.id)
        .limit(limit)
    )
    rows = await session.execute(query.with_for_update(of=WorkOrder, skip_locked=True))
    return [(task, order, above) for task, order, above in rows]


def _untold(kinds: Mapping[Light, NoticeKind], now: datetime) -> ColumnElement[bool]:
    """Of this result: one that was sent back and comes again is told of again."""

    def said(kind: NoticeKind) -> ColumnElement[bool]:
        return exists().where(
            Notice.order_id == Task.order_id,
            Notice.subject_id == Task.id,
            Notice.kind == kind,
            Notice.at > Task.submitted_at,
        )

    moment = _text(now)
    return or_(
        and_(moment <= _DUE, ~said(kinds[Light.YELLOW])),
        and_(moment > _DUE, ~said(kinds[Light.RED])),
    )


def _text(moment: datetime) -> str:
    """As promises are stored."""
    return moment.astimezone(UTC).isoformat()
