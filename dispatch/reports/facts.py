"""The rows a report counts, read once for a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, load_only

from dispatch.assessment.contact import why_no_contact
from dispatch.commands import invalid
from dispatch.reports.sending import PauseFact, SentFact, paused, sent
from models.states import UNIT_AT_WORK
from models.tables import ClosureScore, FollowUp, Task, WorkOrder
from models.vocabulary import (
    Channel,
    CloseReason,
    OrderState,
    RequestType,
    Satisfaction,
    SolvedByCaller,
    TaskRole,
    TaskState,
)

LONGEST = timedelta(days=366)
#: What was granted not to count in the units' statistics (剔除).
COUNTED = WorkOrder.excluded_at.is_(None)
#: The task whose result another one does again.
_Before = aliased(Task)
#: What is read of the order beside a task.
_OF_ORDER = load_only(
    *(WorkOrder.confidential, WorkOrder.caller_phone, WorkOrder.callback_phone),
    *(WorkOrder.suspended_at, WorkOrder.shelved_at),
    raiseload=True,
)


@dataclass(frozen=True, kw_only=True)
class Period:
    """Local days from ``first`` to ``last``, both included."""

    first: date
    last: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise invalid([{"field": "to", "message": "截止日期不能早于起始日期"}])
        if self.last - self.first > LONGEST:
            raise invalid([{"field": "to", "message": "报表期间不能超过一年"}])

    @property
    def start(self) -> datetime:
        """First instant."""
        return self._midnight(self.first)

    @property
    def end(self) -> datetime:
        """First instant after it."""
        return self._midnight(self.last + timedelta(days=1))

    def holds(self, instant: datetime | None) -> bool:
        """Whether the instant lies in it."""
        return instant is not None and self.start <= instant < self.end

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class OrderFact:
    """An order accepted in the period."""

    order_id: str
    channel: Channel
    request_type: RequestType
    category: str
    answered: bool
    withdrawn: bool


@dataclass(frozen=True, kw_only=True)
class TaskFact:
    """A lead task that was dispatched, or is due, in the period; none that was cancelled."""

    order_id: str
    department: str
    #: The unit does its own result again; another unit that gets a redo has a new order.
    redo: bool
    dispatched_at: datetime
    sign_due: datetime
    signed_at: datetime | None
    #: None: there is nobody to contact.
    first_contact_due: datetime | None
    first_contacted_at: datetime | None
    due_at: datetime
    #: None while the result is still owed, also after it was sent back.
    submitted_at: datetime | None
    #: Since when the clocks of what is still owed stand still: suspended, or on the shelf.
    stopped_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class OpinionFact:
    """The citizen's last valid answer in the period about one order."""

    order_id: str
    department: str
    contacted: bool
    solved: SolvedByCaller
    satisfaction: Satisfaction


@dataclass(frozen=True, kw_only=True)
class ScoreFact:
    """The closure score of an order closed in the period."""

    order_id: str
    department: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a report counts."""

    orders: Sequence[OrderFact]
    tasks: Sequence[TaskFact]
    opinions: Sequence[OpinionFact]
    scores: Sequence[ScoreFact]
    sent: Sequence[SentFact] = ()
    pauses: Sequence[PauseFact] = ()


async def read_facts(session: AsyncSession, period: Period) -> Facts:
    """Read the rows of a period."""
    return Facts(
        orders=await _orders(session, period),
        tasks=await _tasks(session, period),
        opinions=await _opinions(session, period),
        scores=await _scores(session, period),
        sent=await sent(session, period.start, period.end),
        pauses=await paused(session, period.start, period.end),
    )


async def _orders(session: AsyncSession, period: Period) -> list[OrderFact]:
    query = (
        select(
            WorkOrder.id,
            WorkOrder.channel,
            WorkOrder.request_type,
            WorkOrder.category,
            WorkOrder.close_reason,
            WorkOrder.state,
        )
        .where(WorkOrder.accepted_at >= period.start, WorkOrder.accepted_at < period.end)
        .order_by(WorkOrder.accepted_at, WorkOrder.id)
    )
    return [
        OrderFact(
            order_id=row.id,
            channel=row.channel,
            request_type=row.request_type,
            category=row.category,
            answered=row.close_reason is CloseReason.ANSWERED,
            withdrawn=row.state is OrderState.WITHDRAWN,
        )
        for row in await session.execute(query)
    ]


async def _tasks(session: AsyncSession, period: Period) -> list[TaskFact]:
    in_period = or_(
        (Task.dispatched_at >= period.start) & (Task.dispatched_at < period.end),
        (Task.due_at >= period.start) & (Task.due_at < period.end),
    )
    # What units hand down among themselves is not counted twice.
    own = (Task.role == TaskRole.LEAD, Task.parent_id.is_(None), COUNTED)
    query = (
        select(Task, WorkOrder, _Before.department)
        .join(WorkOrder, WorkOrder.id == Task.order_id)
        .outerjoin(_Before, _Before.id == Task.redo_of)
        .options(_OF_ORDER)
        .where(*own, Task.state != TaskState.CANCELLED, in_period)
        .order_by(Task.dispatched_at, Task.id)
    )
    return [_task(*row) for row in await session.execute(query)]


def _task(task: Task, order: WorkOrder, done_by: str | None) -> TaskFact:
    """``done_by``: the unit whose result it does again."""
    contactable = why_no_contact(order, task) is None
    owed = task.state in UNIT_AT_WORK
    return TaskFact(
        order_id=task.order_id,
        department=task.department,
        redo=task.department == done_by,
        dispatched_at=task.dispatched_at,
        sign_due=task.sign_due,
        signed_at=task.signed_at,
        first_contact_due=task.first_contact_due if contactable else None,
        first_contacted_at=task.first_contacted_at,
        due_at=task.due_at,
        submitted_at=None if owed else task.submitted_at,
        stopped_at=(order.suspended_at or order.shelved_at) if owed else None,
    )


async def _opinions(session: AsyncSession, period: Period) -> list[OpinionFact]:
    query = (
        select(FollowUp, Task.department)
        .join(Task, Task.id == FollowUp.task_id)
        .join(WorkOrder, WorkOrder.id == FollowUp.order_id)
        .where(
            COUNTED,
            FollowUp.at >= period.start,
            FollowUp.at < period.end,
            FollowUp.reached,
            FollowUp.contacted.is_not(None),
            FollowUp.solved.is_not(None),
            FollowUp.satisfaction.is_not(None),
        )
        .order_by(FollowUp.at, FollowUp.id)
    )
    last: dict[str, OpinionFact] = {}
    for said, department in await session.execute(query):
        # The conditions above leave no empty answer; this only tells the type checker.
        if said.contacted is None or said.solved is None or said.satisfaction is None:
            continue
        last[said.order_id] = OpinionFact(
            order_id=said.order_id,
            department=department,
            contacted=said.contacted,
            solved=said.solved,
            satisfaction=said.satisfaction,
        )
    return list(last.values())


async def _scores(session: AsyncSession, period: Period) -> list[ScoreFact]:
    newest = (
        select(ClosureScore.order_id, func.max(ClosureScore.revision).label("revision"))
        .group_by(ClosureScore.order_id)
        .subquery()
    )
    query = (
        select(ClosureScore.order_id, WorkOrder.lead_department, ClosureScore.score)
        .join(WorkOrder, WorkOrder.id == ClosureScore.order_id)
        .join(
            newest,
            (newest.c.order_id == ClosureScore.order_id)
            & (newest.c.revision == ClosureScore.revision),
        )
        .where(COUNTED, WorkOrder.closed_at >= period.start, WorkOrder.closed_at < period.end)
        .order_by(WorkOrder.closed_at, WorkOrder.id)
    )
    return [
        ScoreFact(order_id=row.order_id, department=row.lead_department, score=row.score)
        for row in await session.execute(query)
    ]
