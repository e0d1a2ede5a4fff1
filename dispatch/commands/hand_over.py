"""Passing a task on to a colleague."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import OrderCommand
from models.vocabulary import Action


class HandOverTask(OrderCommand):
    """The task gets another handler within its unit."""

    action = Action.HAND_OVER

    handler_id: str = Field(min_length=1, max_length=26)
    reason: str = Field(min_length=1, max_length=500)
