"""What a load test counts on its own side, counted here: to be compared call by call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.floor.call_facts import Span
from dispatch.floor.counting import Chosen, Counting
from dispatch.rules import Rules
from models.store import Store


@dataclass(frozen=True, kw_only=True)
class CountedCalls:
    """Inbound calls that began in a span of time. Each offered call is in one of the others."""

    offered: int
    answered: int
    abandoned: int
    #: Served by the machine: self-service, call-back booked, message left.
    served_otherwise: int
    failed: int
    running: int


async def counted_calls(
    store: Store, rules: Rules, start: datetime, end: datetime, now: datetime
) -> CountedCalls:
    """The same figures as the report's, between two instants (the second not included)."""
    span = Span(start=start, end=end, now=now)
    async with store.read() as session:
        sums = await Counting(span, rules.figures, Chosen()).calls(session)
    otherwise = ("self_served", "booked", "voicemail")
    return CountedCalls(
        offered=sums.get("offered", 0),
        answered=sums.get("answered", 0),
        abandoned=sums.get("abandoned", 0),
        served_otherwise=sum(sums.get(code, 0) for code in otherwise),
        failed=sums.get("failed", 0),
        running=sums.get("running", 0),
    )
