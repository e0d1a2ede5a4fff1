"""An alarm for whoever must decide a request, answer a supervision or look at the answer: once
before the end of the time, and once after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.notices.board import NoticeBoard
from dispatch.notices.results import unlooked_results
from dispatch.promises import Promise
from dispatch.rules import Rules
from dispatch.waiting import LONGEST, runs, waiting_light
from models.clock import Clock
from models.events import UnitsNotified
from models.ids import new_id
from models.states import IN_HAND
from models.store import Store
from models.tables import OrderRequest, Oversight, WorkOrder
from models.tables.notices import Notice
from models.vocabulary import (
    OPEN_REQUEST,
    Action,
    Light,
    NoticeAudience,
    NoticeKind,
    OrderState,
    OversightKind,
    OversightState,
    RequestKind,
    RequestState,
    Role,
    SupervisionLevel,
)
from models.workflow import TRANSITIONS

#: Rows told of in one transaction.
BATCH = 200
_DECISION = {Light.YELLOW: NoticeKind.DECISION_DUE, Light.RED: NoticeKind.DECISION_OVERDUE}
#: Ends of a request that nobody decides.
_NO_DECISION = (Action.WITHDRAW_REQUEST, Action.LAPSE_REQUEST)
#: That nobody answered a supervision is an event of its own, told as such.
_ANSWER = {Light.YELLOW: NoticeKind.ANSWER_DUE}
_REVIEW = {Light.YELLOW: NoticeKind.REVIEW_DUE, Light.RED: NoticeKind.REVIEW_OVERDUE}
_RESULT = {Light.YELLOW: NoticeKind.RESULT_DUE, Light.RED: NoticeKind.RESULT_OVERDUE}
#: States in which the office may look at an answer.
_REVIEWED = (*IN_HAND, OrderState.TO_AUDIT)


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """Something that somebody owes."""

    id: str
    order: WorkOrder
    unit: str
    since: datetime
    due: datetime
    kinds: dict[Light, NoticeKind]
    #: Only the leader can do it.
    leader: bool = False


class WaitingWatch:
    """Looks at all undecided requests and unanswered supervisions that end soon or have ended."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, board: NoticeBoard) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._board = board

    async def look(self) -> int:
        """Tell of all whose light has turned; returns how many."""
        told = 0
        hotline = self._rules.departments.hotline
        for find in (_requests, _supervisions, _answers, _results):
            async with self._store.transaction() as work:
                found = list(await find(work.session, self._clock.now(), hotline))
                units = [unit for one in found if (unit := await self._tell(work.session, one))]
                if units:
                    at, names = self._clock.now(), tuple(sorted(set(units)))
                    work.record(UnitsNotified(at=at, departments=names))
                told += len(units)
        return told

    async def _tell(self, session: AsyncSession, one: _Waiting) -> str:
        """The unit that was told; empty when the light has not turned."""
        now = self._clock.now()
        light = waiting_light(one.since, one.due, self._rules, now)
        kind = one.kinds.get(light)
        if kind is None or await session.scalar(select(_told(one, kind))):
            return ""
        notice = Notice(
            id=new_id(),
            key=f"{kind.value}:{one.id}:{one.due.timestamp():.6f}",
            department=one.unit,
            kind=kind,
            audience=_audience(one, light),
            order_id=one.order.id,
            subject_id=one.id,
            due_at=one.due,
            at=now,
        )
        await self._board.post(session, notice, one.order)
        return one.unit


def _audience(one: _Waiting, light: Light) -> NoticeAudience:
    if one.leader:
        return NoticeAudience.LEADER
    return NoticeAudience.BOTH if light is Light.RED else NoticeAudience.UNIT


def _told(one: _Waiting, kind: NoticeKind) -> ColumnElement[bool]:
    return exists().where(
        Notice.order_id == one.order.id,
        Notice.subject_id == one.id,
        Notice.kind == kind,
        Notice.due_at == one.due,
    )


def _said(kind: NoticeKind, row: type[OrderRequest] | type[Oversight]) -> ColumnElement[bool]:
    """Told of this row and this end of its time."""
    return exists().where(
        Notice.order_id == row.order_id,
        Notice.subject_id == row.id,
        Notice.kind == kind,
        Notice.due_at == row.due_at,
    )


def _unsaid(
    kinds: Mapping[Light, NoticeKind], row: type[OrderRequest] | type[Oversight], now: datetime
) -> ColumnElement[bool]:
    """Ends soon or has ended, and nobody was told: before the end, and again after it."""
    before = and_(row.due_at >= now, ~_said(kinds[Light.YELLOW], row))
    after = and_(row.due_at < now, ~_said(kinds[Light.RED], row))
    return and_(row.due_at < now + LONGEST, or_(before, after))


async def _requests(session: AsyncSession, now: datetime, _hotline: str) -> Iterable[_Waiting]:
    """Undecided ones that nobody was told of."""
    query = (
        select(OrderRequest, WorkOrder)
        .join(WorkOrder, WorkOrder.id == OrderRequest.order_id)
        .where(OrderRequest.state.in_(OPEN_REQUEST), _unsaid(_DECISION, OrderRequest, now))
        .order_by(OrderRequest.due_at, OrderRequest.id)
        .limit(BATCH)
    )
    rows = await session.execute(query.with_for_update(of=WorkOrder, skip_locked=True))
    return [
        _Waiting(
            id=asked.id,
            order=order,
            unit=asked.decider,
            since=asked.asked_at,
            due=asked.due_at,
            kinds=_DECISION,
            leader=_for_leader(asked),
        )
        for asked, order in rows
        if asked.due_at is not None
    ]


def _for_leader(asked: OrderRequest) -> bool:
    return asked.state is RequestState.AGREED or asked.kind in _LEADERS_OWN


def _leaders_own() -> frozenset[RequestKind]:
    """Kinds of requests that nobody but the leader decides."""
    deciding = (row for row in TRANSITIONS if row.action not in _NO_DECISION)
    rows = [(kind, row.roles) for row in deciding for kind in row.pending]
    return frozenset(
        kind
        for kind in {kind for kind, _ in rows}
        if {role for one, roles in rows if one is kind for role in roles} <= {Role.MANAGER}
    )


_LEADERS_OWN = _leaders_own()


async def _supervisions(session: AsyncSession, now: datetime, _hotline: str) -> Iterable[_Waiting]:
    """Unanswered ones that end soon, of units that can answer."""
    query = (
        select(Oversight, WorkOrder)
        .join(WorkOrder, WorkOrder.id == Oversight.order_id)
        .where(Oversight.state == OversightState.OPEN, Oversight.kind == OversightKind.SUPERVISION)
        .where(Oversight.due_at >= now, Oversight.due_at < now + LONGEST)
        .where(runs())
        .order_by(Oversight.due_at, Oversight.id)
        .limit(BATCH)
    )
    rows = await session.execute(query.with_for_update(of=WorkOrder, skip_locked=True))
    return [
        _Waiting(
            id=row.id,
            order=order,
            unit=row.department,
            since=row.issued_at,
            due=row.due_at,
            kinds=_ANSWER,
        )
        for row, order in rows
    ]


async def _answers(session: AsyncSession, now: datetime, hotline: str) -> Iterable[_Waiting]:
    """Answers of units that nobody of the office has looked at."""
    query = (
        select(Oversight, WorkOrder)
        .join(WorkOrder, WorkOrder.id == Oversight.order_id)
        .where(Oversight.state == OversightState.ANSWERED, WorkOrder.state.in_(_REVIEWED))
        .where(_unsaid(_REVIEW, Oversight, now))
        .order_by(Oversight.due_at, Oversight.id)
        .limit(BATCH)
    )
    rows = await session.execute(query.with_for_update(of=WorkOrder, skip_locked=True))
    return [
        _Waiting(
            id=row.id,
            order=order,
            unit=hotline,
            since=row.answered_at or row.issued_at,
            due=row.due_at,
            kinds=_REVIEW,
            leader=row.level == SupervisionLevel.ONE.rank,
        )
        for row, order in rows
    ]


async def _results(session: AsyncSession, now: datetime, _hotline: str) -> Iterable[_Waiting]:
    """Of units below, that the unit above has not looked at."""
    return [
        _Waiting(
            id=task.id,
            order=order,
            unit=above,
            since=task.submitted_at or task.dispatched_at,
            due=Promise.from_json(task.clocks["audit"]).due,
            kinds=_RESULT,
        )
        for task, order, above in await unlooked_results(session, _RESULT, now, BATCH)
    ]
