"""When the citizen does not accept the result."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand, WithFiles
from models.vocabulary import Action, PanelFinding


class AskRedo(WithFiles):
    """The house has found by itself that a result is not as the unit says: it is to be done again.

    What was found, and what shows it: a call with the citizen, a file, a document with its number.
    """

    action = Action.ASK_REDO

    reason: str = Field(min_length=5, max_length=1000)
    verification: str = Field(min_length=10, max_length=1000)
    call_id: str | None = Field(None, max_length=26)
    evidence: str = Field("", max_length=500)


class DecideRedo(DecideRequest):
    """Have it done again, or close it on what the citizen says."""

    action = Action.DECIDE_REDO


class DecidePanel(OrderCommand):
    """What leaders and units agreed on about an order that was done again often enough."""

    action = Action.DECIDE_PANEL

    request_id: str | None = Field(None, max_length=26)
    finding: PanelFinding
    reason: str = Field(min_length=5, max_length=2000)
    #: What is planned, who is in charge, when and how the citizen was told, where it is shelved.
    plan: str = Field("", max_length=2000)
    leader: str = Field("", max_length=50)
    caller_informed: str = Field("", max_length=500)
