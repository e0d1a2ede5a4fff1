"""What is done about an order without handling it."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand
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


class AnswerSupervision(OrderCommand):
    """The unit answers for itself."""

    action = Action.ANSWER_SUPERVISION

    answer: str = Field(min_length=10, max_length=2000)


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


class Withdraw(OrderCommand):
    """Take the order back at the citizen's wish."""

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
