"""What is done about an order without handling it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand, WithFiles
from models.vocabulary import Action, SupervisionLevel, SupervisionReason, Urgency


class Urge(OrderCommand):
    """Ask for speed; a citizen's call about an open order is an urge, not a new order."""

    action = Action.URGE

    reason: str = Field(min_length=1, max_length=500)
    #: The citizen asked for it.
    by_caller: bool = False


class AnswerUrge(OrderCommand):
    """The unit says how far it is."""

    action = Action.ANSWER_URGE

    answer: str = Field(min_length=5, max_length=1000)


class LapseUrge(OrderCommand):
    """The time to answer an urge is over."""

    action = Action.LAPSE_URGE

    oversight_id: str = Field(max_length=26)


class Supervise(OrderCommand):
    """The office, or a leader, makes the unit answer for an order."""

    action = Action.SUPERVISE

    level: SupervisionLevel
    reason_code: SupervisionReason
    reason: str = Field(min_length=5, max_length=1000)


class AnswerSupervision(WithFiles):
    """The unit answers for itself."""

    action = Action.ANSWER_SUPERVISION

    answer: str = Field(min_length=10, max_length=2000)


class LapseSupervision(OrderCommand):
    """The time to answer a supervision is over."""

    action = Action.LAPSE_SUPERVISION

    oversight_id: str = Field(max_length=26)


class SettleSupervision(OrderCommand):
    """The office accepts the answer, or wants another one."""

    action = Action.SETTLE_SUPERVISION

    granted: bool
    remark: str = Field(min_length=1, max_length=1000)


class RaiseUrgency(OrderCommand):
    """It is more urgent than it was thought to be."""

    action = Action.RAISE_URGENCY

    urgency: Urgency
    reason: str = Field(min_length=5, max_length=500)


class Note(OrderCommand):
    """Write something down. ``internal``: not shown to the units."""

    action = Action.NOTE

    text: str = Field(min_length=1, max_length=2000)
    internal: bool = False


class AskWithdrawal(WithFiles):
    """The citizen does not want it any more: shown by a call, a file, or words that name who said
    so when."""

    action = Action.ASK_WITHDRAWAL

    reason: str = Field(min_length=1, max_length=500)
    call_id: str | None = Field(None, max_length=26)
    consent: str = Field("", max_length=500)


class DecideWithdrawal(DecideRequest):
    """A second person has looked at what the citizen said, and takes the order back."""

    action = Action.DECIDE_WITHDRAWAL


class Watch(OrderCommand):
    """Special attention: the order stands out everywhere."""

    action = Action.WATCH

    reason: str = Field(min_length=2, max_length=200)


class Unwatch(OrderCommand):
    """No special attention any more."""

    action = Action.UNWATCH

    reason: str = Field(min_length=2, max_length=200)


class Attach(WithFiles):
    """Files for the order, without anything else."""

    action = Action.ATTACH

    files: list[Annotated[str, Field(max_length=26)]] = Field(min_length=1, max_length=20)
    note: str = Field("", max_length=500)


class Withdraw(OrderCommand):
    """The system that gave the order takes it back, at the citizen's wish."""

    action = Action.WITHDRAW

    reason: str = Field(min_length=1, max_length=500)
    #: How the citizen agreed: a recording, a letter.
    consent: str = Field(min_length=1, max_length=500)


class ProposeSupervision(OrderCommand):
    """Ask a leader to supervise the unit."""

    action = Action.PROPOSE_SUPERVISION

    reason_code: SupervisionReason
    reason: str = Field(min_length=5, max_length=1000)


class DecideSupervision(DecideRequest):
    """The leader does, or does not."""

    action = Action.DECIDE_SUPERVISION
