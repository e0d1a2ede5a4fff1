"""What is done about an order without handling it."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import OrderCommand
from models.vocabulary import Action


class Urge(OrderCommand):
    """Ask for speed; a citizen's call about an open order is an urge, not a new order."""

    action = Action.URGE

    reason: str = Field(min_length=1, max_length=500)
    #: The citizen asked for it.
    by_caller: bool = False


class Note(OrderCommand):
    """Write something down. ``internal``: not shown to the units."""

    action = Action.NOTE

    text: str = Field(min_length=1, max_length=2000)
    internal: bool = False


class Withdraw(OrderCommand):
    """Take the order back at the citizen's wish."""

    action = Action.WITHDRAW

    reason: str = Field(min_length=1, max_length=500)
    #: How the citizen agreed: a recording, a letter.
    consent: str = Field(min_length=1, max_length=500)
