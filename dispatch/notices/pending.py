"""Rows that are done until it succeeds: taking them, and writing down how it went.

Taken for a while only: whoever dies with one in hand has it tried again, at least once in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select

from config.notices import SendingRules
from models.clock import Clock
from models.store import Store
from models.tables.notices import Pending

P = TypeVar("P", bound=Pending)

#: Longer than any attempt may last (``timeout_seconds`` is at most two minutes).
LEASE = timedelta(minutes=5)


async def take(store: Store, clock: Clock, kind: type[P], ids: Sequence[str]) -> list[P]:
    """Those of the rows that are due and that nobody else has taken."""
    now = clock.now()
    query = select(kind).where(kind.id.in_(ids), kind.next_at <= now)
    async with store.transaction() as work:
        rows = list(await work.session.scalars(query.with_for_update(skip_locked=True)))
        for row in rows:
            row.next_at = now + LEASE
            row.attempts += 1
    return rows


async def due_ids(store: Store, clock: Clock, kind: type[P], limit: int) -> list[str]:
    """What is due, the longest first."""
    query = select(kind.id).where(kind.next_at <= clock.now()).order_by(kind.next_at)
    async with store.read() as session:
        return list(await session.scalars(query.limit(limit)))


def settle(row: Pending, now: datetime, rules: SendingRules, error: str, final: bool) -> None:
    """How an attempt went. ``error`` empty: well; ``final``: it is no use to try again."""
    row.last_error = error[:1000]
    if not error:
        row.done_at, row.next_at = now, None
        return
    pause = None if final else rules.pause(row.attempts)
    row.next_at = now + pause if pause is not None else None
    if pause is None:
        row.given_up_at = now


def again(row: Pending, now: datetime) -> None:
    """Begin anew, also after success: the other side says what it has had already."""
    row.next_at, row.attempts = now, 0
    row.done_at = row.given_up_at = None
    row.last_error = ""
