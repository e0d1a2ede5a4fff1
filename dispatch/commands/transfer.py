"""Giving an order out to another system or region, and what comes back."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import OrderCommand, WithFiles
from models.vocabulary import Action


class TransferOut(OrderCommand):
    """To a system that speaks with ours, or to any other hotline or office."""

    action = Action.TRANSFER_OUT

    #: Code of the system; empty: it is none of those that are entered here.
    system: str = Field("", max_length=32)
    #: Name of the hotline or office, where it is no such system.
    target: str = Field("", max_length=64)
    #: What the order is called there; a system may say it later.
    external_no: str = Field("", max_length=64)
    reason: str = Field(min_length=5, max_length=1000)
    #: The citizen has been told where it goes.
    caller_informed: bool = False


class ReferTransfer(OrderCommand):
    """What the order is called there."""

    action = Action.REFER_TRANSFER

    external_no: str = Field(min_length=1, max_length=64)


class AnswerTransfer(WithFiles):
    """The other side has answered; the citizen is told so, and the order ends."""

    action = Action.ANSWER_TRANSFER

    answer: str = Field(min_length=10, max_length=5000)
    external_no: str = Field("", max_length=64)
    #: Where the answer stands; needless with files, and from the system itself.
    evidence: str = Field("", max_length=500)


class ReturnTransfer(OrderCommand):
    """The other side does not do it, or the hotline takes it back."""

    action = Action.RETURN_TRANSFER

    reason: str = Field(min_length=5, max_length=1000)
