"""Orders that are closed."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand, WithFiles
from models.vocabulary import Action, ExclusionReason, ReopeningReason


class Archive(OrderCommand):
    """Put away for good."""

    action = Action.ARCHIVE


class AskReopening(WithFiles):
    """It should be handled again: something new is known, or the citizen appeals."""

    action = Action.ASK_REOPENING

    reason_code: ReopeningReason
    reason: str = Field(min_length=5, max_length=1000)
    evidence: str = Field(min_length=2, max_length=1000)


class DecideReopening(DecideRequest):
    """Open it again or not. ``unit_fault``: because of what the unit did; its score suffers."""

    action = Action.DECIDE_REOPENING

    unit_fault: bool = False


class AskExclusion(WithFiles):
    """The unit asks that the order does not count in its statistics."""

    action = Action.ASK_EXCLUSION

    reason_code: ExclusionReason
    reason: str = Field(min_length=5, max_length=1000)
    evidence: str = Field(min_length=2, max_length=1000)


class DecideExclusion(DecideRequest):
    """The office agrees or not."""

    action = Action.DECIDE_EXCLUSION


class ConfirmExclusion(DecideRequest):
    """A leader has the last word."""

    action = Action.CONFIRM_EXCLUSION
