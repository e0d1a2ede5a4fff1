"""The rounds of an order: opened again (恢复办理) a new one begins, and redos are counted anew.

By the order's events, and not by time: a clock may be set back.
"""

from __future__ import annotations

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables import OrderEvent
from models.vocabulary import Action, OrderState

#: What has an order done again because nobody was content with the result. Taken off a panel's
#: shelf it goes on as planned: nothing was answered that could be wrong.
_HAS_REDONE = (Action.DECIDE_REDO.value, Action.DECIDE_PANEL.value)


#: Of an ``OrderEvent``: whether a round began with it.
OPENS_AGAIN = and_(
    OrderEvent.action == Action.DECIDE_REOPENING.value,
    OrderEvent.to_state == OrderState.TO_DISPATCH.value,
)


async def redos(session: AsyncSession, order_id: str) -> int:
    """How often the order was done again in the present round, before the step in hand."""
    opened = select(func.max(OrderEvent.seq)).where(OrderEvent.order_id == order_id, OPENS_AGAIN)
    return await redos_since(session, order_id, await session.scalar(opened) or 0)


async def redos_since(session: AsyncSession, order_id: str, seq: int) -> int:
    """The same, since the event of this number."""
    query = (
        select(func.count())
        .select_from(OrderEvent)
        .where(OrderEvent.order_id == order_id, OrderEvent.action.in_(_HAS_REDONE))
        .where(OrderEvent.to_state == OrderState.REDO.value, OrderEvent.seq > seq)
    )
    return await session.scalar(query) or 0
