"""Demands that are not accepted, or of which something is missing."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand
from models.vocabulary import Action


class DecideRefusal(DecideRequest):
    """Another person agrees that the demand is not accepted, or has it accepted."""

    action = Action.DECIDE_REFUSAL


class ObjectRefusal(OrderCommand):
    """The citizen does not agree."""

    action = Action.OBJECT_REFUSAL

    reason: str = Field(min_length=5, max_length=1000)


class DecideObjection(DecideRequest):
    """Granted: the demand is accepted after all."""

    action = Action.DECIDE_OBJECTION


class AskSupplement(OrderCommand):
    """The order cannot be dispatched as it is."""

    action = Action.ASK_SUPPLEMENT

    missing: str = Field(min_length=2, max_length=500)


class Supplement(OrderCommand):
    """What the citizen said when asked."""

    action = Action.SUPPLEMENT

    text: str = Field(min_length=2, max_length=2000)
    place: str = Field("", max_length=200)
    callback_phone: str = Field("", max_length=32)
