"""Changing orders: every action of the table, carried to dispatch as it is.

The routes are made from dispatch's own list of commands, so that an action added there is an
address here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, create_model, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from agent_console.handlers.orders import read_order
from agent_console.order_views import OrderDetail
from agent_console.routing import Ask, Routes
from agent_console.validation import Body, readable
from agent_console.versions import tell_changes, with_version
from dispatch.commands import COMMANDS, TITLE_LENGTH, Dispatch, OpenOrder, OrderCommand
from models.errors import Conflict, Forbidden
from models.vocabulary import Action, RequestType, Urgency
from models.workflow import names_of, rows_of

routes = Routes("工单操作")

#: A field that is nobody's to send.
NotInBody: TypeAlias = SkipJsonSchema[None]
Mode = Literal["answered", "dispatch_queue", "dispatch_now", "refused"]


class OpenOrderBody(Body):
    """The order form, and what is to become of it."""

    mode: Mode = Field(title="处理方式")
    request_type: RequestType
    category: str = Field(max_length=32)
    urgency: Urgency = Urgency.NORMAL
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    content: str = Field(min_length=1, max_length=5000)
    demand: str = Field("", max_length=1000)
    place: str = Field("", max_length=200)
    occurred: str = Field("", max_length=100)
    caller_name: str = Field("", max_length=50)
    caller_phone: str = Field("", max_length=32)
    callback_phone: str = Field("", max_length=32)
    confidential: bool | None = None
    want_reply: bool = True
    #: The unit the agent proposes, or (``dispatch_now``) the one that gets it.
    lead_department: str = Field("", max_length=32)
    department: str = Field("", max_length=32)
    call_id: str | None = Field(None, max_length=26)
    contact_id: str | None = Field(None, max_length=26)
    public_answer: str = Field("", max_length=5000)
    knowledge_id: str = Field("", max_length=32, title="知识条目")
    dispatch_note: str = Field("", max_length=1000, title="派单说明")
    #: Why it is not accepted (``GET /api/refusals``).
    refusal: str = Field("", max_length=16, title="不予受理原因")
    #: What the machine proposed, an Understanding. Kept as training data.
    proposal: dict[str, Any] | None = None

    @property
    def unit(self) -> str:
        """The unit meant."""
        return self.department or self.lead_department

    @model_validator(mode="after")
    def _unit_for_now(self) -> Self:
        if self.mode == "dispatch_now" and not self.unit:
            raise ValueError("直接派单的请选择承办单位")
        if (self.mode == "refused") != bool(self.refusal):
            raise ValueError("不予受理的请选择原因，受理的不要填写不予受理原因")
        return self


@routes.route("POST", "/api/orders", summary="受理登记工单", permission="order.create")
async def open_order(ask: Ask, body: OpenOrderBody, idempotency_key: str) -> OrderDetail:
    """Answered on the spot, to the dispatcher, or (for those who may dispatch) to a unit at once.

    Sent again with the same key, the same order is given back.
    """
    if body.mode == "dispatch_now":
        _check_may_dispatch(ask)
    actor, orders = ask.person.actor(), ask.console.orders
    opened = await orders.open_order(actor, _command(body, idempotency_key))
    if body.mode == "dispatch_now":
        onward = Dispatch(
            department=body.unit,
            note=body.dispatch_note,
            expected_version=1,
            idempotency_key=idempotency_key,
        )
        await orders.act(actor, opened.order_id, onward)
    return await read_order(ask, opened.order_id, opened.query_code)


def _check_may_dispatch(ask: Ask) -> None:
    """Before anything is done: an order must not be left half way."""
    roles = dict.fromkeys(role for row in rows_of(Action.DISPATCH) for role in row.roles)
    if not set(roles) & set(ask.person.roles):
        raise Forbidden(f"直接派单由{names_of(roles)}操作，请选择转派单")


def _command(body: OpenOrderBody, key: str) -> OpenOrder:
    given = body.model_dump(exclude={"mode", "lead_department", "department", "dispatch_note"})
    return OpenOrder(
        **given, department=body.unit, answered=body.mode == "answered", idempotency_key=key
    )


def _body_of(command: type[OrderCommand]) -> type[OrderCommand]:
    """The command as a request: the version is required, here or as If-Match; the key comes in
    the header."""
    return create_model(
        f"{command.__name__}Body",
        __base__=command,
        __doc__=command.__doc__,
        expected_version=(int | None, Field(None, ge=1, title="版本号")),
        idempotency_key=(NotInBody, None),
        __validators__={"readable": field_validator("*")(readable)},
    )


async def _say_what_changed(ask: Ask, order_id: str, seen: int, conflict: Conflict) -> None:
    """As this person may read it."""
    now = await read_order(ask, order_id)
    tell_changes(conflict, [event for event in now.events if event.seq > seen])


def _carry(action: Action, body_type: type[OrderCommand]) -> Callable[..., Awaitable[OrderDetail]]:
    async def carry(
        ask: Ask, order_id: str, body: OrderCommand, idempotency_key: str
    ) -> OrderDetail:
        seen = with_version(ask, body)
        command = seen.model_copy(update={"idempotency_key": idempotency_key})
        try:
            await ask.console.orders.act(ask.person.actor(), order_id, command)
        except Conflict as conflict:
            await _say_what_changed(ask, order_id, command.expected_version or 0, conflict)
            raise
        return await read_order(ask, order_id)

    carry.__name__ = f"{action.value}_order"
    carry.__doc__ = body_type.__doc__
    carry.__annotations__["body"] = body_type
    return carry


for _action, _command_type in COMMANDS.items():
    _body_type = _body_of(_command_type)
    routes.route("POST", f"/api/orders/{{order_id}}/{_action.value}", summary=_action.label)(
        _carry(_action, _body_type)
    )
