"""When the citizen does not accept the result."""

from __future__ import annotations

from pydantic import Field

from dispatch.commands.base import DecideRequest, OrderCommand
from models.vocabulary import Action, PanelFinding


class DecideRedo(DecideRequest):
    """Have it done again, or close it on what the citizen says."""

    action = Action.DECIDE_REDO


class DecidePanel(OrderCommand):
    """What leaders and units agreed on about an order that was done again often enough."""

    action = Action.DECIDE_PANEL

    request_id: str | None = Field(None, max_length=26)
    finding: PanelFinding
    reason: str = Field(min_length=5, max_length=2000)
    #: What is planned and who is in charge, where it is shelved.
    plan: str = Field("", max_length=2000)
    leader: str = Field("", max_length=50)
