"""Everything that the database holds of one order, and what of it can be worked out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.assessment.facts import ClosureFacts
from dispatch.assessment.record import gather_facts
from dispatch.order_timers import SYSTEM
from dispatch.rules import Rules
from dispatch.step import Step
from dispatch.timetable import timers_of
from models.clock import ManualClock
from models.store import UnitOfWork
from models.tables import (
    ClosureScore,
    FollowUp,
    OrderEvent,
    OrderRequest,
    Oversight,
    Task,
    TimerRow,
    WorkOrder,
)
from models.vocabulary import Action, OrderState, TaskRole


@dataclass(kw_only=True)
class File:
    """Everything of one order."""

    order: WorkOrder
    tasks: Sequence[Task]
    events: Sequence[OrderEvent]
    requests: Sequence[OrderRequest]
    follow_ups: Sequence[FollowUp]
    #: The newest last.
    scores: Sequence[ClosureScore]
    oversights: Sequence[Oversight]
    timers: dict[str, TimerRow]
    #: The timers that the order as it stands asks for.
    wanted: dict[str, datetime]
    #: What the closure assessment would look at now; None: the order has none.
    facts: ClosureFacts | None
    #: How many orders wait for this one's answer.
    waiting: int
    #: By number: what callers of orders that were ever merged into this one had been promised, by
    #: column.
    merged: dict[str, dict[str, list[datetime]]]

    def task(self, task_id: str | None) -> Task | None:
        """One of its tasks."""
        return next((one for one in self.tasks if one.id == task_id), None)

    def had_before(self, task: Task) -> list[Task]:
        """Tasks by which its unit led the order earlier in the same round, in the order of their
        events: a clock may be set back."""
        if task.parent_id is not None or task.role is not TaskRole.LEAD:
            return []
        rows = (self.task(row) for row in self._made)
        led = [one for one in rows if one and one.parent_id is None and one.role is TaskRole.LEAD]
        mine = [one for one in led if _hands(one) == _hands(task)]
        return mine[: mine.index(task)] if task in mine else []

    @cached_property
    def _made(self) -> list[str]:
        """Ids of the tasks as the events tell of them, the first first."""
        told = (self.place(path, event) for event in self.events for path in event.changes)
        return list(dict.fromkeys(row for row, name in told if name == "department"))

    def place(self, path: str, event: OrderEvent) -> tuple[str, str]:
        """Id of the row and name of the column that a change of an event is about."""
        whose, _, rest = path.partition(".")
        if whose in ("tasks", "requests"):
            row, _, name = rest.partition(".")
            return row, name
        if whose == "task":
            return str(event.task_id), rest
        return event.order_id, path

    def as_of(self, event: OrderEvent) -> WorkOrder:
        """The order as it was after an event: what came later is taken back, change by change."""
        names = [column.key for column in inspect(WorkOrder).column_attrs]
        facts = {name: getattr(self.order, name) for name in names}
        for later in reversed([one for one in self.events if one.seq > event.seq]):
            for name, (before, _after) in later.changes.items():
                if name in facts:
                    facts[name] = _typed(before, facts[name])
        return WorkOrder(**facts)


def _typed(plain: Any, like: Any) -> Any:
    """A value of an event as the column holds it."""
    if plain is None or like is None:
        return plain
    return datetime.fromisoformat(plain) if isinstance(like, datetime) else type(like)(plain)


def _hands(task: Task) -> tuple[str, str | None]:
    return task.department, task.redo_of


async def read_file(session: AsyncSession, order_id: str, rules: Rules) -> File:
    """Read it, and work out again what follows from other rows."""

    async def rows(table: Any, column: Any) -> list[Any]:
        return list(await session.scalars(select(table).where(column == order_id)))

    order = await session.get_one(WorkOrder, order_id)
    in_turn = select(Task).where(Task.order_id == order_id).order_by(Task.dispatched_at, Task.id)
    tasks = list(await session.scalars(in_turn))
    events = sorted(await rows(OrderEvent, OrderEvent.order_id), key=lambda one: one.seq)
    requests = await rows(OrderRequest, OrderRequest.order_id)
    scores = await rows(ClosureScore, ClosureScore.order_id)
    waiting = select(func.count()).where(
        WorkOrder.merged_into == order_id, WorkOrder.state == OrderState.MERGED
    )
    timers = await rows(TimerRow, TimerRow.subject_id)
    assessed = scores and order.state in (OrderState.CLOSED, OrderState.ARCHIVED)
    return File(
        order=order,
        tasks=tasks,
        events=events,
        requests=requests,
        follow_ups=await rows(FollowUp, FollowUp.order_id),
        scores=sorted(scores, key=lambda one: one.revision),
        oversights=await rows(Oversight, Oversight.order_id),
        timers={row.key: row for row in timers},
        wanted=await _wanted(session, order, tasks, requests, events[-1].at, rules),
        facts=await gather_facts(session, order, tasks, rules) if assessed else None,
        waiting=await session.scalar(waiting) or 0,
        merged=await _merged(session, events) if any("order" in e.changes for e in events) else {},
    )


async def _wanted(
    session: AsyncSession,
    order: WorkOrder,
    tasks: list[Task],
    requests: list[OrderRequest],
    now: datetime,
    rules: Rules,
) -> dict[str, datetime]:
    """As the last step on the order has set them."""
    step = Step(
        work=UnitOfWork(session, ManualClock(now)),
        rules=rules,
        now=now,
        actor=SYSTEM,
        action=Action.NOTE,
        order=order,
        tasks=tasks,
        requests=requests,
        timers=[],
        previous_hash="",
        from_state=order.state,
    )
    return {timer.key: timer.due for timer in await timers_of(step)}


async def _merged(
    session: AsyncSession, events: Sequence[OrderEvent]
) -> dict[str, dict[str, list[datetime]]]:
    numbers = {event.changes["order"][1] for event in events if "order" in event.changes}
    found: dict[str, dict[str, list[datetime]]] = {number: {} for number in numbers}
    query = select(WorkOrder.order_no, OrderEvent.changes).join(
        OrderEvent, OrderEvent.order_id == WorkOrder.id
    )
    for number, changes in await session.execute(query.where(WorkOrder.order_no.in_(numbers))):
        for path, (_before, after) in changes.items():
            column = path.rpartition(".")[2]
            if after is not None and column.endswith(("_due", "due_at")):
                found[number].setdefault(column, []).append(datetime.fromisoformat(after))
    return found
