"""Several callers, one matter."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand
from models.vocabulary import Action


class SuggestMerge(OrderCommand):
    """It is about the same as another order. ``into``: that one's number or id."""

    action = Action.SUGGEST_MERGE

    into: str = Field(min_length=1, max_length=40)
    reason: str = Field(min_length=2, max_length=500)


class Merge(OrderCommand):
    """Have another order answer for this one too. ``into``: that one's number or id."""

    action = Action.MERGE

    into: str = Field(min_length=1, max_length=40)
    reason: str = Field(min_length=2, max_length=500)


class DecideMerge(DecideRequest):
    """Merge as suggested, or not."""

    action = Action.DECIDE_MERGE


class Unmerge(OrderCommand):
    """It was another matter after all."""

    action = Action.UNMERGE

    reason: str = Field(min_length=2, max_length=500)


class AnswerMerged(OrderCommand):
    """The lead order's answer is given to those merged into it."""

    action = Action.ANSWER_MERGED
