"""Orders that cannot be solved now."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand
from models.vocabulary import Action


class AskShelf(OrderCommand):
    """Shelve it, with a plan and somebody in charge."""

    action = Action.ASK_SHELF

    reason: str = Field(min_length=5, max_length=1000)
    plan: str = Field(min_length=5, max_length=2000)
    #: Who is in charge of it until it is solved.
    leader: str = Field(min_length=2, max_length=50)
    #: When and how the citizen was told.
    caller_informed: str = Field(min_length=2, max_length=500)


class DecideShelf(DecideRequest):
    """Shelve it or not."""

    action = Action.DECIDE_SHELF


class ReviewShelf(OrderCommand):
    """How far it has come."""

    action = Action.REVIEW_SHELF

    progress: str = Field(min_length=5, max_length=2000)


class TakeOffShelf(OrderCommand):
    """It can be solved now."""

    action = Action.TAKE_OFF_SHELF

    reason: str = Field(min_length=5, max_length=1000)
