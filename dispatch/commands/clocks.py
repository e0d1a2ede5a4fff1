"""What moves clocks from outside."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from dispatch.commands.base import OrderCommand
from models.vocabulary import Action


class Recount(OrderCommand):
    """Count running limits anew on the calendar as it now is."""

    action = Action.RECOUNT


class MoveDeadline(OrderCommand):
    """The system that gave us the order allows it more time."""

    action = Action.MOVE_DEADLINE

    external_due: AwareDatetime
    reason: str = Field(min_length=2, max_length=500)
    #: What shows that it does; needless when that system says so itself.
    evidence: str = Field("", max_length=1000)
