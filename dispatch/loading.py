"""Everything of an order that a command needs, locked, in as few questions as can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import bindparam, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.chain import GENESIS, latest_hash
from models.guards import Actor
from models.tables import DoneCommand, OrderRequest, Task, TimerRow, WorkOrder
from models.vocabulary import Action

# Statements are put together once: that costs as much as sending them.
_ID: Any = bindparam("order_id", type_=WorkOrder.id.type)
_FRESH = {"populate_existing": True}
_ORDER = select(WorkOrder).where(WorkOrder.id == _ID).execution_options(**_FRESH)
_LOCKED = _ORDER.with_for_update()
_LOCKED_IF_FREE = _ORDER.with_for_update(skip_locked=True)
_DONE = (
    DoneCommand.actor_id == bindparam("actor_id"),
    DoneCommand.command == bindparam("command"),
    DoneCommand.key == bindparam("key"),
)
#: One row for each task, and one without a task where there is none.
_TASKS = (
    select(
        Task,
        latest_hash(_ID).label("latest_hash"),
        exists().where(OrderRequest.order_id == _ID).label("asked"),
        exists().where(*_DONE).label("done"),
    )
    .select_from(select(literal(1)).subquery().outerjoin(Task, Task.order_id == _ID))
    .order_by(Task.dispatched_at, Task.id)
    .execution_options(**_FRESH)
)
_REQUESTS = (
    select(OrderRequest)
    .where(OrderRequest.order_id == _ID)
    .order_by(OrderRequest.asked_at, OrderRequest.id)
    .execution_options(**_FRESH)
)
_TIMERS = select(TimerRow).where(TimerRow.subject_id == _ID).execution_options(**_FRESH)
_ANSWER = select(DoneCommand).where(*_DONE)
#: The same for many orders at once.
_IDS: Any = bindparam("order_ids", expanding=True, type_=WorkOrder.id.type)
_LOCKED_OF = select(WorkOrder).where(WorkOrder.id.in_(_IDS)).order_by(WorkOrder.id)
_LOCKED_OF = _LOCKED_OF.with_for_update(skip_locked=True).execution_options(**_FRESH)
_HASHES_OF = select(WorkOrder.id, latest_hash(WorkOrder.id)).where(WorkOrder.id.in_(_IDS))
_TASKS_OF = (
    select(Task)
    .where(Task.order_id.in_(_IDS))
    .order_by(Task.order_id, Task.dispatched_at, Task.id)
    .execution_options(**_FRESH)
)
_REQUESTS_OF = (
    select(OrderRequest)
    .where(OrderRequest.order_id.in_(_IDS))
    .order_by(OrderRequest.order_id, OrderRequest.asked_at, OrderRequest.id)
    .execution_options(**_FRESH)
)
_TIMERS_OF = (
    select(TimerRow)
    .where(TimerRow.subject_id.in_(_IDS))
    .order_by(TimerRow.subject_id)
    .execution_options(**_FRESH)
)
#: Orders that the session has locked, and those that it has read as well, among what it knows
#: (``session.info``).
_HELD, _READ = "held orders", "orders read"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """An order and what belongs to it. ``done``: a command with this key was done before."""

    order: WorkOrder
    tasks: list[Task] = field(default_factory=list)
    requests: list[OrderRequest] = field(default_factory=list)
    timers: list[TimerRow] = field(default_factory=list)
    latest_hash: str = GENESIS
    done: bool = False


async def hold(session: AsyncSession, order_id: str) -> bool:
    """Lock an order for the rest of the transaction; False when somebody else has it."""
    order = await session.scalar(_LOCKED_IF_FREE, {"order_id": order_id})
    if order is not None:
        session.info.setdefault(_HELD, {})[order_id] = order
    return order is not None


async def hold_all(session: AsyncSession, order_ids: Sequence[str]) -> set[str]:
    """Lock many for the rest of the transaction; returns those that nobody else has.

    One that does not exist is nobody's: whoever loads it will be told.
    """
    found = list(await session.scalars(_LOCKED_OF, {"order_ids": order_ids}))
    session.info.setdefault(_HELD, {}).update((order.id, order) for order in found)
    missing = set(order_ids) - {order.id for order in found}
    if missing:
        there = select(WorkOrder.id).where(WorkOrder.id.in_(missing))
        missing &= set(await session.scalars(there))
    return set(order_ids) - missing


async def read_all(session: AsyncSession, order_ids: Sequence[str]) -> None:
    """Read orders that are locked, so that :func:`load` finds each of them at hand."""
    asked = {"order_ids": order_ids}
    tasks = _by(await session.scalars(_TASKS_OF, asked), "order_id")
    requests = _by(await session.scalars(_REQUESTS_OF, asked), "order_id")
    timers = _by(await session.scalars(_TIMERS_OF, asked), "subject_id")
    hashes = {order_id: found for order_id, found in await session.execute(_HASHES_OF, asked)}
    held, read = session.info[_HELD], session.info.setdefault(_READ, {})
    for order_id in held.keys() & set(order_ids):
        read[order_id] = Loaded(
            order=held.pop(order_id),
            tasks=tasks.get(order_id, []),
            requests=requests.get(order_id, []),
            timers=timers.get(order_id, []),
            latest_hash=hashes[order_id] or GENESIS,
        )


def at_hand(session: AsyncSession, order_id: str) -> bool:
    """Whether nothing of the order has changed since it was read with many others."""
    return order_id in session.info.get(_READ, {})


async def load(
    session: AsyncSession, order_id: str, actor: Actor, action: Action, key: str | None
) -> Loaded | None:
    """Lock it and read it; None when there is no such order."""
    read: Loaded | None = session.info.get(_READ, {}).pop(order_id, None)
    if read is not None and key is None:
        return read
    order = session.info.get(_HELD, {}).pop(order_id, None)
    order = order or await session.scalar(_LOCKED, {"order_id": order_id})
    return await _rest(session, order, actor, action, key) if order else None


async def load_if_free(
    session: AsyncSession, order_id: str, actor: Actor, action: Action
) -> Loaded | None:
    """The same; None, too, while somebody else has it locked."""
    session.info.get(_READ, {}).pop(order_id, None)
    order = await session.scalar(_LOCKED_IF_FREE, {"order_id": order_id})
    return await _rest(session, order, actor, action, None) if order else None


async def _rest(
    session: AsyncSession, order: WorkOrder, actor: Actor, action: Action, key: str | None
) -> Loaded:
    """Read after the lock: what is read with it may be older than what the lock waited for."""
    values = {"order_id": order.id}
    rows = (await session.execute(_TASKS, values | done_key(actor, action, key))).all()
    asked = await session.scalars(_REQUESTS, values) if rows[0].asked else ()
    return Loaded(
        order=order,
        tasks=[row.Task for row in rows if row.Task is not None],
        requests=list(asked),
        timers=list(await session.scalars(_TIMERS, values)),
        latest_hash=rows[0].latest_hash or GENESIS,
        done=bool(rows[0].done),
    )


_R = TypeVar("_R", Task, OrderRequest, TimerRow)


def _by(rows: Iterable[_R], column: str) -> dict[str, list[_R]]:
    """Rows in the order of the column, by it."""
    return {key: list(same) for key, same in groupby(rows, lambda row: getattr(row, column))}


def done_key(actor: Actor, action: Action, key: str | None) -> dict[str, Any]:
    """What an idempotency key is kept under."""
    return {"actor_id": actor.id, "command": action.value, "key": key}


async def answer_of(
    session: AsyncSession, actor: Actor, action: Action, key: str
) -> DoneCommand | None:
    """The command that was done under a key."""
    return await session.scalar(_ANSWER, done_key(actor, action, key))
