"""How an order stands, as a citizen may hear it: what telephony asks and dispatch answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class OrderProgress:
    """One order of the caller."""

    order_id: str
    order_no: str
    #: What is read out, whole sentences.
    spoken: str
    #: Whether the citizen may urge it now; a closed order is not urged.
    open: bool


@dataclass(frozen=True, kw_only=True)
class UrgeAnswer:
    """What became of a citizen's urging."""

    #: False: it was urged a short time ago, and not again.
    done: bool
    spoken: str


class ProgressDesk(Protocol):
    """Looks orders up for callers. Every method may fail when the database is away."""

    async def of_number(self, number: str) -> list[OrderProgress]:
        """What a caller may hear by the calling number alone, the newest first.

        Never a confidential order, and nothing for a withheld number.
        """
        ...

    async def of_code(self, order_no: str, query_code: str) -> OrderProgress | None:
        """The order with this number and query code; None when they do not belong together.

        :raises TransitionRefused: too many wrong codes were tried on this order lately.
        """
        ...

    def is_order_no(self, digits: str) -> bool:
        """Whether the check digit fits: a slip of the finger is told at once."""
        ...

    async def urge(self, order_id: str, call_id: str) -> UrgeAnswer:
        """The citizen asks for speed. Pressed twice in a call, done once."""
        ...
