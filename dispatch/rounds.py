"""The rounds of an order: opened again (恢复办理) a new one begins, and redos are counted anew.

By the order's events, and not by time: a clock may be set back.
"""

from __future__ import annotations

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables import OrderEvent
from models.vocabulary import Action, OrderState

#: What has an order done again because nobody was content with the result. Taken off a panel's
#: shelf it goes on as planned: nothing was answered that could be wrong.
_HAS_REDONE = (Action.DECIDE_REDO.value, Action.DECIDE_PANEL.value)


def opened_again(order_id: str) -> ScalarSelect[int]:
    """Number of the event that began the present round; NULL: the first one."""
    return (
        select(func.max(OrderEvent.seq))
        .where(OrderEvent.order_id == order_id)
        .where(OrderEvent.action == Action.DECIDE_REOPENING.value)
        .where(OrderEvent.to_state == OrderState.TO_DISPATCH.value)
        .correlate(None)
        .scalar_subquery()
    )


async def redos(session: AsyncSession, order_id: str) -> int:
    """How often the order was done again in the present round, before the step in hand."""
    query = (
        select(func.count())
        .select_from(OrderEvent)
        .where(OrderEvent.order_id == order_id, OrderEvent.action.in_(_HAS_REDONE))
        .where(OrderEvent.to_state == OrderState.REDO.value)
        .where(OrderEvent.seq > func.coalesce(opened_again(order_id), 0))
    )
    return await session.scalar(query) or 0
