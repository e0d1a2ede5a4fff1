"""For other systems: giving us orders, working a unit's tasks, comparing day by day.

Each comes with its own key (``hotline platform``); see docs/platform.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Literal, TypeVar

from pydantic import BaseModel, Field, create_model, field_validator

from agent_console.handlers.order_commands import NotInBody
from agent_console.routing import Ask, Routes
from agent_console.validation import Body, readable
from agent_console.versions import maybe_version, tag
from dispatch.commands import COMMANDS, OrderCommand
from dispatch.platform.comparing import Comparison, TheirOrder
from dispatch.platform.given import GivenOrder
from dispatch.platform.intake import GiveOrder
from dispatch.platform.our_list import OurOrder
from dispatch.platform.transfers import ACTIONS as TRANSFER_ACTIONS
from dispatch.platform.transfers import Transfer, TransferDone
from dispatch.platform.work import WorkPage, WorkTask
from models.errors import InvalidInput
from models.states import UNIT
from models.vocabulary import Action, Role
from models.workflow import rows_of

R = TypeVar("R", bound=BaseModel)
Seen = TypeVar("Seen", GivenOrder, WorkTask, Transfer, TransferDone)

routes = Routes("外部系统")


class GiveOrderBody(GiveOrder):
    """An order as another system gives it. Codes: see ``/api/platform/codes``."""

    _readable = field_validator("*")(readable)


class GivenQuery(Body):
    """Orders given on one local day."""

    day: date


class WorkQuery(Body):
    """Which tasks. ``all`` includes those that are over."""

    state: Literal["open", "all"] = "open"
    cursor: str = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)


class Reference(Body):
    """What the other system calls a task."""

    external_id: str = Field(pattern=r"^[\w.+\-]{1,64}$")
    external_no: str = Field("", max_length=64)


class TheirList(Body):
    """The other side's list of a day."""

    orders: list[TheirOrder] = Field(max_length=20_000)


class Code(BaseModel):
    """A code and what it stands for."""

    code: str
    name: str


class Codes(BaseModel):
    """What may be written in ``category`` and ``department``."""

    taxonomy_version: str
    categories: list[Code]
    departments: list[Code]


@routes.route("GET", "/api/platform/codes", summary="诉求分类和承办单位的编码", partner=True)
async def get_partner_codes(ask: Ask) -> Codes:
    """Categories of the third level, with those above them."""
    taxonomy = ask.console.services.taxonomy
    return Codes(
        taxonomy_version=taxonomy.version,
        categories=[
            Code(code=item.code, name="/".join(item.path))
            for item in taxonomy
            if not taxonomy.children(item.code)
        ],
        departments=[
            Code(code=unit.code, name=unit.name) for unit in ask.console.services.departments
        ],
    )


@routes.route("PUT", "/api/platform/orders/{external_id}", summary="转来工单", partner=True)
async def give_order(ask: Ask, external_id: str, body: GiveOrderBody) -> GivenOrder:
    """Sent again with the same content it is the same order; with other content: 409."""
    return await ask.console.intake.give(ask.partner, external_id, body)


@routes.route("GET", "/api/platform/orders", summary="某日转来的工单", partner=True)
async def list_given_orders(ask: Ask, query: GivenQuery) -> list[GivenOrder]:
    """As they are now, the oldest first."""
    zone = ask.console.services.rules.zone
    since, until = (
        datetime.combine(day, time(), zone) for day in (query.day, query.day + timedelta(days=1))
    )
    return await ask.console.intake.given_between(ask.partner, since, until)


@routes.route(
    "GET", "/api/platform/orders/{external_id}", summary="转来工单的进度和结果", partner=True
)
async def get_given_order(ask: Ask, external_id: str) -> GivenOrder:
    """The result comes with the closing."""
    return _tagged(ask, await ask.console.intake.order(ask.partner, external_id))


@routes.route("GET", "/api/platform/tasks", summary="由该系统承办的任务", partner=True)
async def list_partner_tasks(ask: Ask, query: WorkQuery) -> WorkPage:
    """The oldest first."""
    return await ask.console.work.page(
        ask.partner, only_open=query.state == "open", cursor=query.cursor, limit=query.limit
    )


@routes.route("GET", "/api/platform/tasks/{task_id}", summary="承办任务的详情", partner=True)
async def get_partner_task(ask: Ask, task_id: str) -> WorkTask:
    """With what may be done now."""
    return _tagged(ask, await ask.console.work.task(ask.partner, task_id))


@routes.route(
    "PUT", "/api/platform/tasks/{task_id}/reference", summary="登记对方的任务编号", partner=True
)
async def put_task_reference(ask: Ask, task_id: str, body: Reference) -> WorkTask:
    """Safe to repeat, and to correct."""
    return await ask.console.work.refer(ask.partner, task_id, body.external_id, body.external_no)


@routes.route("GET", "/api/platform/transfers", summary="转给该系统、尚未答复的工单", partner=True)
async def list_transfers(ask: Ask) -> list[str]:
    """Our numbers of them, the oldest first."""
    return await ask.console.transfers.waiting(ask.partner)


@routes.route("GET", "/api/platform/transfers/{order_no}", summary="转给该系统的工单", partner=True)
async def get_transfer(ask: Ask, order_no: str) -> Transfer:
    """With all that is needed to handle it."""
    return _tagged(ask, await ask.console.transfers.one(ask.partner, order_no))


@routes.route(
    "PUT",
    "/api/platform/transfers/{order_no}/reference",
    summary="登记转出工单的对方编号",
    partner=True,
)
async def put_transfer_reference(ask: Ask, order_no: str, body: Reference) -> Transfer:
    """Safe to repeat, and to correct."""
    found = await ask.console.transfers.refer(
        ask.partner, order_no, body.external_id, body.external_no
    )
    return _tagged(ask, found)


@routes.route("GET", "/api/platform/comparisons/{day}", summary="我方某日的清单", partner=True)
async def get_our_list(ask: Ask, day: str) -> list[OurOrder]:
    """Orders that were given to us and tasks that went out, on that local day."""
    return await ask.console.comparing.our_list(ask.partner.code, _day(day))


@routes.route("POST", "/api/platform/comparisons/{day}", summary="提交某日的清单对账", partner=True)
async def compare_lists(ask: Ask, day: str, body: TheirList) -> Comparison:
    """All differences. The newest comparison of a day is kept."""
    return await ask.console.comparing.compare(ask.partner.code, _day(day), body.orders)


def _tagged(ask: Ask, found: Seen) -> Seen:
    tag(ask, found.version)
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = "应是日期，如 2026-11-02"
        raise InvalidInput(message, [{"field": "day", "message": message}]) from None


def _body_of(command: type[OrderCommand]) -> type[OrderCommand]:
    """The command as a request: the task stands in the address, the key in the header."""
    return create_model(
        f"{command.__name__}ByPartner",
        __base__=command,
        __doc__=command.__doc__,
        task_id=(NotInBody, None),
        idempotency_key=(NotInBody, None),
        __validators__={"readable": field_validator("*")(readable)},
    )


def _carry_given(action: Action) -> Callable[..., Awaitable[GivenOrder]]:
    async def carry(
        ask: Ask, external_id: str, body: OrderCommand, idempotency_key: str
    ) -> GivenOrder:
        command = maybe_version(ask, _command(action, body, idempotency_key))
        return _tagged(ask, await ask.console.intake.act(ask.partner, external_id, command))

    return _named(carry, f"{action.value}_given_order", COMMANDS[action])


def _carry_work(action: Action) -> Callable[..., Awaitable[WorkTask]]:
    async def carry(ask: Ask, task_id: str, body: OrderCommand, idempotency_key: str) -> WorkTask:
        command = maybe_version(ask, _command(action, body, idempotency_key))
        return _tagged(ask, await ask.console.work.act(ask.partner, task_id, command))

    return _named(carry, f"{action.value}_partner_task", COMMANDS[action])


def _carry_transfer(action: Action) -> Callable[..., Awaitable[TransferDone]]:
    async def carry(
        ask: Ask, order_no: str, body: OrderCommand, idempotency_key: str
    ) -> TransferDone:
        command = maybe_version(ask, _command(action, body, idempotency_key))
        return _tagged(ask, await ask.console.transfers.act(ask.partner, order_no, command))

    return _named(carry, f"{action.value}_given_out", COMMANDS[action])


def _command(action: Action, body: OrderCommand, key: str) -> OrderCommand:
    return COMMANDS[action](**body.model_dump(exclude_unset=True), idempotency_key=key)


def _named(
    handler: Callable[..., Awaitable[R]], name: str, command: type[OrderCommand]
) -> Callable[..., Awaitable[R]]:
    handler.__name__ = name
    handler.__doc__ = command.__doc__
    handler.__annotations__["body"] = _body_of(command)
    return handler


def _open_to(*roles: Role) -> list[Action]:
    """Actions of the table that one of these posts may do."""
    return [
        action for action in COMMANDS if any(set(row.roles) & set(roles) for row in rows_of(action))
    ]


for _action in _open_to(Role.PARTNER):
    if _action in (*TRANSFER_ACTIONS, Action.REFER_TRANSFER):  # of orders that we gave out
        continue
    routes.route(
        "POST",
        f"/api/platform/orders/{{external_id}}/{_action.value}",
        summary=f"转来工单：{_action.label}",
        partner=True,
    )(_carry_given(_action))
for _action in _open_to(*UNIT):
    routes.route(
        "POST",
        f"/api/platform/tasks/{{task_id}}/{_action.value}",
        summary=f"承办任务：{_action.label}",
        partner=True,
    )(_carry_work(_action))
for _action in TRANSFER_ACTIONS:
    routes.route(
        "POST",
        f"/api/platform/transfers/{{order_no}}/{_action.value}",
        summary=f"转出工单：{_action.label}",
        partner=True,
    )(_carry_transfer(_action))
