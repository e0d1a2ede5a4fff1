"""Handing work down to the units below, and taking their results."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from dispatch.commands.base import OrderCommand
from models.vocabulary import Action


class Delegate(OrderCommand):
    """Hand the task down: to one lead unit below, and to those that help it."""

    action = Action.DELEGATE

    department: str
    joint: list[str] = Field(default_factory=list, max_length=20)
    note: str = Field("", max_length=1000)
    #: An earlier end than the latest one that the own time limit leaves.
    due_at: AwareDatetime | None = None


class Recall(OrderCommand):
    """Take a task back from the unit below."""

    action = Action.RECALL

    reason: str = Field(min_length=5, max_length=1000)


class AcceptResult(OrderCommand):
    """The unit that handed the task down takes the result."""

    action = Action.ACCEPT_RESULT

    note: str = Field("", max_length=1000)
