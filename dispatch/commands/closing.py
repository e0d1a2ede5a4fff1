"""Audit and follow-up."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import OrderCommand, WithFiles
from models.vocabulary import (
    Action,
    FollowUpWay,
    RedoReason,
    Satisfaction,
    SendBackReason,
    SolvedByCaller,
)


class ApproveResult(OrderCommand):
    """The auditor passes the result. Marks by item; None: the item does not apply."""

    action = Action.APPROVE_RESULT

    quality_items: dict[str, float | None]
    process_items: dict[str, float | None]
    note: str = Field("", max_length=1000)


class SendBack(OrderCommand):
    """Whoever audits a result, or leads a joint order, sends a result back."""

    action = Action.SEND_BACK

    #: What does not stand up; one at least.
    faults: list[SendBackReason] = Field(min_length=1, max_length=10)
    reason: str = Field(min_length=5, max_length=1000)


class RecordFollowUp(WithFiles):
    """One attempt to ask the citizen, shown by a call of the house, a file, or from where and when.

    ``redo``: the citizen wants it done again, because it is unsolved or not as the unit says.
    """

    action = Action.RECORD_FOLLOW_UP

    reached: bool
    #: Did the unit contact the citizen? As the citizen says.
    contacted: bool | None = None
    solved: SolvedByCaller | None = None
    satisfaction: Satisfaction | None = None
    service_satisfaction: Satisfaction | None = None
    note: str = Field("", max_length=1000)
    call_id: str | None = Field(None, max_length=26)
    evidence: str = Field("", max_length=500)
    redo: bool = False
    redo_code: RedoReason = RedoReason.UNSOLVED
    redo_reason: str = Field("", max_length=1000)
    #: How it was found that the result is not as the unit says, where that is the reason.
    verification: str = Field("", max_length=1000)
    way: FollowUpWay = FollowUpWay.PHONE
    #: Of an answer by link: who sent it.
    asked_by: str = Field("", max_length=26)


class InviteFollowUp(OrderCommand):
    """Send the citizen a link to say how it was."""

    action = Action.INVITE_FOLLOW_UP
