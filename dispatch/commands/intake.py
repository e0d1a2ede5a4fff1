"""Taking in, correcting, dispatching."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dispatch.commands.base import TITLE_LENGTH, Command, OrderCommand
from models.vocabulary import Action, Channel, Difficulty, RequestType, Urgency


class OpenOrder(Command):
    """Take a demand in. With ``public_answer`` it is answered on the spot and closed."""

    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    content: str = Field(min_length=1, max_length=5000)
    demand: str = Field("", max_length=1000)
    request_type: RequestType
    category: str
    urgency: Urgency = Urgency.NORMAL
    place: str = Field("", max_length=200)
    occurred: str = Field("", max_length=100)
    caller_name: str = Field("", max_length=50)
    caller_phone: str = ""
    callback_phone: str = ""
    #: None: as usual for the type (reports are confidential).
    confidential: bool | None = None
    want_reply: bool = True
    channel: Channel | None = None
    call_id: str | None = None
    contact_id: str | None = None
    #: The draft it was typed in; the call's by default.
    draft_id: str | None = None
    #: The unit the agent proposes.
    department: str = ""
    answered: bool = False
    public_answer: str = Field("", max_length=5000)
    #: The article of the knowledge base that answers.
    knowledge_id: str = Field("", max_length=32)
    #: Code of the reason why it is not accepted (``config/oversight.yaml``).
    refusal: str = Field("", max_length=16)
    #: By when another system wants the result.
    external_due: datetime | None = None
    #: What the machine proposed: an Understanding as JSON. Kept as training data.
    proposal: dict[str, Any] | None = None


class Amend(OrderCommand):
    """Correct what was taken in. Only the fields given are changed."""

    action = Action.AMEND

    reason: str = Field(min_length=1, max_length=500)
    title: str | None = Field(None, min_length=1, max_length=TITLE_LENGTH)
    content: str | None = Field(None, min_length=1, max_length=5000)
    demand: str | None = Field(None, max_length=1000)
    request_type: RequestType | None = None
    category: str | None = None
    urgency: Urgency | None = None
    difficulty: Difficulty | None = None
    place: str | None = Field(None, max_length=200)
    occurred: str | None = Field(None, max_length=100)
    caller_name: str | None = Field(None, max_length=50)
    caller_phone: str | None = None
    callback_phone: str | None = None
    confidential: bool | None = None
    want_reply: bool | None = None


class Dispatch(OrderCommand):
    """Give the order to its lead unit, and to those that help it."""

    action = Action.DISPATCH

    department: str
    #: Units that take part under the lead unit.
    joint: list[str] = Field(default_factory=list, max_length=20)
    #: How hard it is; left out: as it was judged before.
    difficulty: Difficulty | None = None
    note: str = Field("", max_length=1000)


class Reassign(OrderCommand):
    """Give the order to another lead unit, without its asking."""

    action = Action.REASSIGN

    department: str
    reason: str = Field(min_length=5, max_length=1000)


class SaveDraft(BaseModel):
    """What an agent has typed so far. ``content`` is the form as it is, checked only at opening.

    ``based_on`` is the ``updated_at`` of the draft that the form began with; None: there was none.
    Left out: whatever is stored is replaced.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=26)
    content: dict[str, Any]
    based_on: datetime | None = None
