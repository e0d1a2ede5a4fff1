"""What units ask for, and what is decided about it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand, RequestCommand
from models.vocabulary import (
    Action,
    ExtensionReason,
    LimitUnit,
    ReturnReason,
    SuspensionReason,
)


class RequestReturn(RequestCommand):
    """Not ours: by which clause, and whose then."""

    action = Action.REQUEST_RETURN

    reason_code: ReturnReason
    #: The clause of the duty list that says so.
    clause: str = Field(min_length=2, max_length=1000)
    #: Whose it is, as the unit believes.
    suggested_department: str = ""
    #: What came to light after the time for returning had passed.
    new_facts: str = Field("", max_length=1000)


class DecideReturn(DecideRequest):
    """Grant or refuse a return; a granted lead task needs another unit."""

    action = Action.DECIDE_RETURN

    #: The unit that gets the task.
    department: str = ""


class OpenDispute(RequestCommand):
    """The unit does not agree with the refusal of its return."""

    action = Action.OPEN_DISPUTE

    clause: str = Field(min_length=2, max_length=1000)
    suggested_department: str = ""


class SettleDispute(OrderCommand):
    """The office rules whose the order is: for good."""

    action = Action.SETTLE_DISPUTE

    request_id: str | None = Field(None, max_length=26)
    department: str
    joint: list[str] = Field(default_factory=list, max_length=20)
    reason: str = Field(min_length=5, max_length=1000)
    #: What the offices for posts and for law say (编办、司法意见).
    opinion: str = Field("", max_length=2000)


class RequestExtension(RequestCommand):
    """More time for a task."""

    action = Action.REQUEST_EXTENSION

    reason_code: ExtensionReason
    amount: int = Field(ge=1, le=100)
    unit: Literal[LimitUnit.WD, LimitUnit.NH] = LimitUnit.WD
    evidence: str = Field(min_length=2, max_length=1000)
    #: The citizen has been told that it will take longer.
    caller_informed: bool = False


class DecideExtension(DecideRequest):
    """Grant or refuse more time; ``amount`` when less is granted than asked for."""

    action = Action.DECIDE_EXTENSION

    amount: int | None = Field(None, ge=1, le=100)


class RequestSuspension(RequestCommand):
    """Let the clocks rest while something outside the unit's power is waited for."""

    action = Action.REQUEST_SUSPENSION

    reason_code: SuspensionReason
    #: Working days.
    days: int = Field(ge=1, le=366)
    evidence: str = Field(min_length=2, max_length=1000)
    caller_informed: bool = False


class DecideSuspension(DecideRequest):
    """Grant or refuse a suspension."""

    action = Action.DECIDE_SUSPENSION


class Resume(OrderCommand):
    """The clocks run again."""

    action = Action.RESUME

    reason: str = Field(min_length=1, max_length=1000)


class WithdrawRequest(OrderCommand):
    """The unit takes its request back."""

    action = Action.WITHDRAW_REQUEST

    request_id: str = Field(max_length=26)


class LapseRequest(OrderCommand):
    """Nobody decided in time."""

    action = Action.LAPSE_REQUEST

    request_id: str = Field(max_length=26)
