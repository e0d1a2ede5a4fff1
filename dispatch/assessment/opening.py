"""Which part of an order's life is assessed: all of it, or what came after it was opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.rounds import OPENS_AGAIN
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
    #: The number of that event; 0: there is none.
    seq: int
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
    """By the order's events, and not by time: a clock may be set back.

    Opened again and then given out of the house, or taken from its unit for that, no unit has
    brought anything to an end since: what was done before stays what is assessed.
    """
    last, first, began = lead_task(tasks), first_lead_task(tasks), None
    if order.reopen_count:
        for one in reversed(await _openings(session, order.id)):
            follows = next((task.redo_of for task in tasks if task.id == one.task_id), None)
            if one.task_id and (led := first_lead_task(tasks, follows)):
                first, began = led, one
                break
    assert first is not None and last is not None, "an order is assessed only with a lead task"
    before = next((one.department for one in tasks if one.id == first.redo_of), "")
    return Opening(
        since=began.at if began else None,
        seq=began.seq if began else 0,
        rounds=(first, *redone_by(first, tasks)),
        last=last,
        before=before,
    )


@dataclass
class _Began:
    """An order was opened again; the task by which a unit then got it, empty: none did."""

    seq: int
    at: datetime
    task_id: str = ""


async def _openings(session: AsyncSession, order_id: str) -> list[_Began]:
    """The first first."""
    query = (
        select(OrderEvent.seq, OrderEvent.at, OrderEvent.task_id, OrderEvent.action)
        .where(OrderEvent.order_id == order_id)
        .where(or_(OPENS_AGAIN, OrderEvent.action.in_(_GIVEN_OUT)))
        .order_by(OrderEvent.seq)
    )
    found: list[_Began] = []
    for seq, at, task_id, action in await session.execute(query):
        if action not in _GIVEN_OUT:
            found.append(_Began(seq=seq, at=at))
        elif found and not found[-1].task_id:
            found[-1].task_id = task_id or ""
    return found
