"""What the system itself does to clocks."""

from __future__ import annotations

from dispatch.commands.base import OrderCommand
from models.vocabulary import Action


class Recount(OrderCommand):
    """Count running limits anew on the calendar as it now is."""

    action = Action.RECOUNT
