"""Which part of an order's life is assessed: all of it, or what came after it was opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.rounds import opened_again
from models.tables import OrderEvent, Task, WorkOrder
from models.task_tree import first_lead_task, lead_task, redone_by
from models.vocabulary import Action

#: By what a unit gets an order: its own task, or that of the order it was merged into as its own.
_GIVEN_OUT = (Action.DISPATCH.value, Action.ANSWER_MERGED.value)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The present one of an order."""

    #: When it was opened again; None: it never was.
    since: datetime | None
    #: The lead task of its first round, and those that did it again, the oldest first.
    rounds: tuple[Task, ...]
    #: The lead task that counts now.
    last: Task
    #: Unit that had led it to its end when it was opened again; empty: none.
    before: str = ""

    @property
    def first(self) -> Task:
        """The lead task of its first round."""
        return self.rounds[0]

    def holds(self, moment: datetime) -> bool:
        """Whether something happened in it."""
        return self.since is None or moment >= self.since

    def has(self, task: Task) -> bool:
        """Whether a lead task, also one that was taken back, is of it."""
        again = {one.id for one in self.rounds} | {self.first.redo_of}
        return self.since is None or task.redo_of in again


async def opening_of(session: AsyncSession, order: WorkOrder, tasks: Sequence[Task]) -> Opening:
    """By the order's events, and not by time: a clock may be set back."""
    last, first, since = lead_task(tasks), first_lead_task(tasks), None
    if order.reopen_count and (start := await _dispatched_anew(session, order.id)):
        since, task_id = start
        follows = next((one.redo_of for one in tasks if one.id == task_id), None)
        first = first_lead_task(tasks, follows)
    assert first is not None and last is not None, "an order is assessed only with a lead task"
    before = next((one.department for one in tasks if one.id == first.redo_of), "")
    rounds = (first, *redone_by(first, tasks))
    return Opening(since=since, rounds=rounds, last=last, before=before)


async def _dispatched_anew(session: AsyncSession, order_id: str) -> tuple[datetime, str] | None:
    """When it was opened again the last time, and the task by which a unit then got it."""
    of_order, opened = OrderEvent.order_id == order_id, opened_again(order_id)
    since = select(OrderEvent.at).where(of_order, OrderEvent.seq == opened)
    given_out = (
        select(OrderEvent.task_id)
        .where(of_order, OrderEvent.seq > opened)
        .where(OrderEvent.action.in_(_GIVEN_OUT), OrderEvent.task_id.is_not(None))
        .order_by(OrderEvent.seq)
        .limit(1)
    )
    at, task_id = await session.scalar(since), await session.scalar(given_out)
    return (at, task_id) if at and task_id else None
