"""The one-key incident order: the surge's template and the call make an ordinary order."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from dispatch.checks import Faults
from dispatch.commands import TITLE_LENGTH, OpenOrder, parse
from dispatch.rules import Rules
from dispatch.service import OrderService
from models.errors import NotFound, TransitionRefused
from models.guards import Actor
from models.phone_numbers import WITHHELD, normal_number
from models.store import Store
from models.tables import Call, Surge, WorkOrder
from models.vocabulary import RequestType, Urgency


class OrderTemplate(BaseModel):
    """What every order of the incident has in common: fields of the order form."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    request_type: RequestType
    category: str = Field(max_length=32)
    urgency: Urgency = Urgency.NORMAL
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    content: str = Field(min_length=1, max_length=5000)
    demand: str = Field("", max_length=1000)
    place: str = Field("", max_length=200)
    lead_department: str = Field("", max_length=32)


def check_template(data: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """A template that would make an order; an empty one makes none.

    :raises InvalidInput: naming each wrong field.
    """
    if not data:
        return {}
    template = parse(OrderTemplate, data)
    faults = Faults(rules)
    faults.category("category", template.category)
    if template.lead_department:
        faults.department("lead_department", template.lead_department)
    faults.raise_any()
    return template.model_dump(mode="json")


class IncidentOrders:
    """Opens them: for one call one order, however often the key is pressed."""

    def __init__(self, store: Store, orders: OrderService) -> None:
        self._store = store
        self._orders = orders

    async def open(self, actor: Actor, call_id: str, place: str | None = None) -> tuple[str, str]:
        """The order's id, and the query code to tell the citizen (empty when it was told before).

        :raises TransitionRefused: when no surge lasts, it has no template, or the call is not the
            actor's.
        """
        surge, call, existing = await self._ground(actor, call_id)
        if existing is not None:
            return existing, ""
        template = OrderTemplate.model_validate(surge.order_template)
        command = _command(template, call, place, f"surge-{surge.id}-{call.id}")
        opened = await self._orders.open_order(actor, command)
        return opened.order_id, opened.query_code or ""

    async def _ground(self, actor: Actor, call_id: str) -> tuple[Surge, Call, str | None]:
        async with self._store.read() as session:
            surge = await session.scalar(select(Surge).where(Surge.ended_at.is_(None)).limit(1))
            call = await session.get(Call, call_id)
            if call is None:
                raise NotFound("没有这个通话", call_id=call_id)
            if call.agent_id != actor.id:
                raise TransitionRefused("这不是您接听的通话")
            if surge is None or not surge.order_template:
                raise TransitionRefused("当前没有启动激增模式，或没有设置事件工单模板")
            same = select(WorkOrder.id).where(
                WorkOrder.call_id == call_id, WorkOrder.title == surge.order_template["title"]
            )
            return surge, call, await session.scalar(same.limit(1))


def _command(template: OrderTemplate, call: Call, place: str | None, key: str) -> OpenOrder:
    number = normal_number(call.citizen_number)
    known = number != WITHHELD
    values = template.model_dump(exclude={"lead_department", "place"})
    return OpenOrder(
        **values,
        place=template.place if place is None else place,
        department=template.lead_department,
        caller_phone=number if known else "",
        want_reply=known,
        call_id=call.id,
        idempotency_key=key,
    )
