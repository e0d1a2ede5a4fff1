"""Calls as the telephone leaves them behind, for tests that have no telephone."""

from __future__ import annotations

from models.clock import ManualClock
from models.ids import new_id
from models.store import Store
from models.tables import Call
from models.vocabulary import CallDirection, CallState, ContactOutcome


async def call_with(
    store: Store,
    clock: ManualClock,
    number: str,
    *,
    answered: bool = True,
    order_id: str | None = None,
) -> str:
    """A call with that number, that began now; ours when it is about an order."""
    call = Call(
        id=new_id(),
        direction=CallDirection.OUTBOUND if order_id else CallDirection.INBOUND,
        state=CallState.ENDED,
        order_id=order_id,
        citizen_number=number,
        started_at=clock.now(),
        answered_at=clock.now() if answered else None,
        outcome=ContactOutcome.SERVED if answered else ContactOutcome.NOT_REACHED,
        priority_reasons=[],
    )
    async with store.transaction() as work:
        work.session.add(call)
    return call.id
