"""What the office had to do about an order, as facts of its assessment."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.assessment.opening import Opening
from models.tables import OrderRequest, Oversight, WorkOrder
from models.vocabulary import (
    OversightKind,
    OversightState,
    RequestKind,
    RequestState,
    SupervisionReason,
)


async def oversight_counts(
    session: AsyncSession, order: WorkOrder, opening: Opening
) -> dict[str, int]:
    """How often each deduction of the rules happened; of an order that was opened again, since."""
    counts = Counter(await _supervisions(session, order, opening))
    # That it was opened again is the fault of the unit that had led it to its end.
    again = opening.before == opening.last.department
    query = select(OrderRequest).where(OrderRequest.order_id == order.id)
    for asked in await session.scalars(query):
        refused = asked.kind is RequestKind.RETURN and asked.state is RequestState.REFUSED
        if refused and opening.holds(asked.asked_at):
            counts["return_refused"] += 1
        faulty = asked.state is RequestState.GRANTED and asked.granted.get("unit_fault")
        if asked.kind is RequestKind.REOPENING and faulty and again:
            counts["reopened"] += 1
    return dict(counts)


async def _supervisions(
    session: AsyncSession, order: WorkOrder, opening: Opening
) -> dict[str, int]:
    """By level. One that came with a redo is not counted beside the redo itself; one that has gone
    with the order from unit to unit is one, as it was issued once."""
    query = (
        select(Oversight.level, func.count(Oversight.issued_at.distinct()))
        .where(Oversight.order_id == order.id, Oversight.kind == OversightKind.SUPERVISION)
        .where(Oversight.reason_code != SupervisionReason.REDO)
        .where(Oversight.state != OversightState.LIFTED)
        .group_by(Oversight.level)
    )
    if opening.since is not None:
        query = query.where(Oversight.issued_at >= opening.since)
    return {f"supervised_{level}": count for level, count in await session.execute(query)}


async def offences(session: AsyncSession, order: WorkOrder, opening: Opening) -> tuple[str, ...]:
    """What a leader has found that makes the score nothing; opening the order again washes nobody
    clean, but is not held against another unit."""
    query = select(Oversight.id).where(
        Oversight.order_id == order.id, Oversight.reason_code == SupervisionReason.UNTRUE
    )
    if opening.since is not None:
        own = Oversight.department == opening.last.department
        query = query.where(or_(Oversight.issued_at >= opening.since, own))
    return ("untrue_answer",) if (await session.scalars(query.limit(1))).first() else ()
