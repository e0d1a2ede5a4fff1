"""A unit's own work, and the part of those who help it."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import OrderCommand, WithFiles
from models.vocabulary import Action, DemandFinding, FactFinding, Outcome


class SignFor(OrderCommand):
    """The unit takes the task."""

    action = Action.SIGN_FOR


class FirstContact(WithFiles):
    """The unit spoke, or tried to speak, with the citizen before handling.

    Shown by a call of the house, by a file, or by words that say from where and when.
    """

    action = Action.FIRST_CONTACT

    person: str = Field(min_length=1, max_length=50)
    reached: bool
    phone: str = ""
    note: str = Field("", max_length=1000)
    #: The call that was placed through the house.
    call_id: str | None = Field(None, max_length=26)
    evidence: str = Field("", max_length=500)


class ReportProgress(OrderCommand):
    """How far the unit is, before there is a result."""

    action = Action.REPORT_PROGRESS

    progress: str = Field(min_length=5, max_length=2000)


class LapseProgress(OrderCommand):
    """The time to say how far the unit is is over."""

    action = Action.LAPSE_PROGRESS


class SubmitResult(WithFiles):
    """The unit's result. ``public_answer`` is for the citizen, ``internal_note`` is not."""

    action = Action.SUBMIT_RESULT

    fact_finding: FactFinding
    demand_finding: DemandFinding
    outcome: Outcome
    public_answer: str = Field(min_length=10, max_length=5000)
    unresolved_reason: str = Field("", max_length=1000)
    internal_note: str = Field("", max_length=5000)
    #: What shows it, and where it is kept; needless with files.
    evidence: str = Field("", max_length=1000)
    #: Who of those that lead the unit has looked at it; needless when they submit it themselves.
    head: str = Field("", max_length=50)


class SubmitPart(WithFiles):
    """What a joint unit found and did, for the lead unit."""

    action = Action.SUBMIT_PART

    opinion: str = Field(min_length=5, max_length=5000)


class AddJoint(OrderCommand):
    """One more unit takes part under the lead unit."""

    action = Action.ADD_JOINT

    department: str
    note: str = Field(min_length=1, max_length=1000)


class DismissJoint(OrderCommand):
    """A joint unit need not take part any more."""

    action = Action.DISMISS_JOINT

    reason: str = Field(min_length=5, max_length=1000)
