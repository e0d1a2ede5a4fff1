"""What all commands have in common, and how they are read."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatch.wording import field_label, problem_text
from models.errors import InvalidInput
from models.vocabulary import Action, OrderState

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
    #: The task it is about. None: that of the actor's unit, else the lead task.
    task_id: str | None = Field(None, max_length=26)

    def facts(self) -> dict[str, Any]:
        """What the person filled in, without what only steers the command."""
        return self.model_dump(exclude=set(STEERING))


class WithFiles(OrderCommand):
    """A command that files may support; each was uploaded before, for this order."""

    files: list[Annotated[str, Field(max_length=26)]] = Field(default_factory=list, max_length=20)


class RequestCommand(WithFiles):
    """Unit people ask the office, or the unit above, for something."""

    reason: str = Field(min_length=5, max_length=1000)
    #: Who of those that lead the unit agrees to the request; needless when they ask themselves.
    head: str = Field("", max_length=50)


class DecideRequest(OrderCommand):
    """A yes or no to a request. ``request_id`` None: the one request of this kind on the task."""

    request_id: str | None = Field(None, max_length=26)
    granted: bool
    reason: str = Field(min_length=1, max_length=1000)


#: Fields of commands that say nothing of the matter.
STEERING = frozenset({"expected_version", "idempotency_key", "task_id", "request_id"})


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
    """One error for all wrong fields. An item's ``label`` goes before the field's usual one."""
    text = "；".join(f"{_named(item)}：{item['message']}" for item in errors)
    return InvalidInput(text, errors=errors)


def _named(item: dict[str, str]) -> str:
    return item.get("label") or field_label(item["field"])
