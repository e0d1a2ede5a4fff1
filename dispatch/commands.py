"""What people ask for: one model per action, checked at the edge."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatch.wording import field_label, problem_text
from models.errors import InvalidInput
from models.vocabulary import (
    Action,
    Channel,
    DemandFinding,
    FactFinding,
    OrderState,
    Outcome,
    RequestType,
    Satisfaction,
    SolvedByCaller,
    Urgency,
)

TITLE_LENGTH = 50


class Command(BaseModel):
    """Base of all commands."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    #: Sent again with the same key: the first answer is given again, nothing is done twice.
    idempotency_key: str | None = Field(None, min_length=1, max_length=128)


class OrderCommand(Command):
    """A command on an order that exists."""

    action: ClassVar[Action]

    #: The version the person saw; another one is a conflict. None: not checked.
    expected_version: int | None = Field(None, ge=1)


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
    place: str | None = Field(None, max_length=200)
    occurred: str | None = Field(None, max_length=100)
    caller_name: str | None = Field(None, max_length=50)
    caller_phone: str | None = None
    callback_phone: str | None = None
    confidential: bool | None = None
    want_reply: bool | None = None


class Dispatch(OrderCommand):
    """Give the order to its lead unit."""

    action = Action.DISPATCH

    department: str
    note: str = Field("", max_length=1000)


class SignFor(OrderCommand):
    """The unit takes the task."""

    action = Action.SIGN_FOR


class FirstContact(OrderCommand):
    """The unit spoke, or tried to speak, with the citizen before handling."""

    action = Action.FIRST_CONTACT

    person: str = Field(min_length=1, max_length=50)
    reached: bool
    phone: str = ""
    note: str = Field("", max_length=1000)


class SubmitResult(OrderCommand):
    """The unit's result. ``public_answer`` is for the citizen, ``internal_note`` is not."""

    action = Action.SUBMIT_RESULT

    fact_finding: FactFinding
    demand_finding: DemandFinding
    outcome: Outcome
    public_answer: str = Field(min_length=10, max_length=5000)
    unresolved_reason: str = Field("", max_length=1000)
    internal_note: str = Field("", max_length=5000)


class ApproveResult(OrderCommand):
    """The auditor passes the result. Marks by item; None: the item does not apply."""

    action = Action.APPROVE_RESULT

    quality_items: dict[str, float | None]
    process_items: dict[str, float | None]
    note: str = Field("", max_length=1000)


class SendBack(OrderCommand):
    """The auditor sends the result back."""

    action = Action.SEND_BACK

    reason: str = Field(min_length=5, max_length=1000)


class RecordFollowUp(OrderCommand):
    """One attempt to ask the citizen."""

    action = Action.RECORD_FOLLOW_UP

    reached: bool
    #: Did the unit contact the citizen? As the citizen says.
    contacted: bool | None = None
    solved: SolvedByCaller | None = None
    satisfaction: Satisfaction | None = None
    service_satisfaction: Satisfaction | None = None
    note: str = Field("", max_length=1000)
    call_id: str | None = None
    redo: bool = False
    redo_reason: str = Field("", max_length=1000)


class Urge(OrderCommand):
    """Ask for speed; a citizen's call about an open order is an urge, not a new order."""

    action = Action.URGE

    reason: str = Field(min_length=1, max_length=500)
    #: The citizen asked for it.
    by_caller: bool = False


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


class SaveDraft(BaseModel):
    """What an agent has typed so far. ``content`` is the form as it is, checked only at opening."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=26)
    content: dict[str, Any]


class CommandResult(BaseModel):
    """What a command did. The same again for a repeated idempotency key."""

    order_id: str
    order_no: str
    action: Action
    state: OrderState
    version: int
    task_id: str | None = None
    #: Given to the citizen at opening only.
    query_code: str | None = None
    #: At closing, for orders that a unit handled.
    score: float | None = None
    replayed: bool = False


#: The command of each action on an existing order.
COMMANDS: dict[Action, type[OrderCommand]] = {
    cls.action: cls for cls in OrderCommand.__subclasses__()
}

C = TypeVar("C", bound=BaseModel)


def parse(model: type[C], data: Any) -> C:
    """Read a command.

    :raises InvalidInput: naming each wrong field, in Chinese.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = [
            {"field": ".".join(map(str, item["loc"])), "message": problem_text(item)}
            for item in error.errors(include_url=False)
        ]
        raise invalid(errors) from error


def invalid(errors: list[dict[str, str]]) -> InvalidInput:
    """One error for all wrong fields."""
    text = "；".join(f"{field_label(item['field'])}：{item['message']}" for item in errors)
    return InvalidInput(text, errors=errors)
