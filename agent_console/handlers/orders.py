"""Reading orders: lists, desks' queues, one order."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator
from sqlalchemy import or_, select

from agent_console import order_layout
from agent_console.order_views import Badges, OrderDetail, OrderPage
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from agent_console.versions import tag
from dispatch.views.privacy import Visibility
from dispatch.views.shapes import DeskFilter, OrderFilter
from models.tables import Call, Suggestion, WorkOrder
from models.vocabulary import Light, OrderState

routes = Routes("工单")

Queue = Literal["dispatch", "supplement", "inbox", "audit", "follow_up", "mine", "all"]
#: Queues that are lists of the orders in a state.
_STATES = {"dispatch": OrderState.TO_DISPATCH, "supplement": OrderState.TO_SUPPLEMENT}
#: Whom notices are for: everybody whose desk has something to do.
_TOLD = ("order.view_unit", "order.create", "office.view")


class OrderQuery(Body):
    """What to list. Queues come most pressing first, lists newest first."""

    queue: Queue = "all"
    state: OrderState | None = None
    #: Code of a unit that has or had a task in it.
    department: str = Field("", max_length=32)
    #: Words of title, content or place; an order number or part of it; a phone number.
    q: str = Field("", max_length=100)
    light: Light | None = None
    #: Only those of special attention.
    watched: bool = False
    #: In the inbox: which tasks.
    box: Literal[
        "to_do",
        "to_sign",
        "in_hand",
        "sent_back",
        "delegated",
        "returning",
        "submitted",
        "below",
        "open",
    ] = "open"
    #: A number of the period report, its ``cell``: the orders behind it. Needs the period too.
    ids_of: str = Field("", max_length=100)
    #: Local days of acceptance, both included; with ``ids_of`` the period of the report.
    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")
    cursor: str = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.ids_of and not (self.since and self.until):
            raise ValueError("打开报表数字时请给出报表的起止日期 from、to")
        return self


@routes.route("GET", "/api/orders", summary="工单列表和各岗位队列")
async def list_orders(ask: Ask, query: OrderQuery) -> OrderPage:
    """Only what the reader may see; names and numbers are masked."""
    if query.ids_of and query.since and query.until:
        return await _behind_number(ask, query.ids_of, query.since, query.until)
    if query.queue == "inbox":
        return await _inbox(ask, query)
    if query.queue == "audit":
        found = await ask.console.queues.audit_queue(ask.person.actor(), *_page(query))
        rows = [order_layout.audit_row(item) for item in found.items]
        return OrderPage(items=rows, next_cursor=found.next_cursor)
    if query.queue == "follow_up":
        waiting = await ask.console.queues.follow_up_queue(ask.person.actor(), *_page(query))
        rows = [order_layout.follow_up_row(item) for item in waiting.items]
        return OrderPage(items=rows, next_cursor=waiting.next_cursor)
    if query.queue == "dispatch":
        ask.person.require("queue.dispatch")
    page = await ask.console.lists.orders(ask.person.actor(), _filter(query))
    rows = [order_layout.row(item) for item in page.items]
    return OrderPage(items=rows, next_cursor=page.next_cursor)


@routes.route("GET", "/api/badges", summary="各岗位待办数量")
async def get_badges(ask: Ask) -> Badges:
    """Numbers beside the menu."""
    found = order_layout.badges(await ask.console.queues.badges(ask.person.actor()))
    if ask.person.may("floor.alert"):
        found.alerts = await ask.console.alert_book.count_open()
    if ask.person.may("floor.callback"):
        counts = await ask.console.callbacks.counts(ask.person.actor())
        found.callbacks, found.callbacks_overdue = counts.open, counts.overdue
    if ask.person.may("nuisance.decide"):
        found.nuisance = await ask.console.nuisance.waiting()
    if any(ask.person.may(permission) for permission in _TOLD):
        found.notices = await ask.console.notices.unread(ask.person.actor())
    if ask.person.may("knowledge.write") or ask.person.may("knowledge.review"):
        found.knowledge = await ask.console.knowledge.reader.waiting(ask.person.actor())
    return found


@routes.route("GET", "/api/orders/{order_id}", summary="工单详情")
async def get_order(ask: Ask, order_id: str) -> OrderDetail:
    """With its timeline, tasks, audits, follow-ups, score, and what the reader may do now."""
    return await read_order(ask, order_id)


async def read_order(ask: Ask, order_id: str, query_code: str | None = None) -> OrderDetail:
    """The order as this person may see it; a clear number of somebody else's order is logged."""
    person = ask.person
    found = await ask.console.details.order(person.actor(), order_id)
    numbers = found.caller.phone or found.caller.callback_phone
    clear = found.caller.visibility is Visibility.CLEAR and bool(numbers)
    if clear and found.accepted_by != person.staff_id:
        await ask.console.access.note(person, "caller_identity", order_id)
    calls, suggestion = await _belongings(ask, order_id)
    tag(ask, found.version)
    return order_layout.detail(found, ask.console.services.rules, calls, suggestion, query_code)


async def _belongings(ask: Ask, order_id: str) -> tuple[list[Call], Suggestion | None]:
    """Calls and the machine's proposal; both are the hotline's own business."""
    if not ask.person.may("order.view_all"):
        return [], None
    came_with = select(WorkOrder.call_id).where(WorkOrder.id == order_id).scalar_subquery()
    calls = (
        select(Call)
        .where(or_(Call.order_id == order_id, Call.id == came_with))
        .order_by(Call.started_at)
    )
    proposed = select(Suggestion).where(Suggestion.order_id == order_id)
    async with ask.console.store.read() as session:
        return list(await session.scalars(calls)), await session.scalar(proposed)


def _filter(query: OrderQuery) -> OrderFilter:
    states = [query.state] if query.state else []
    if query.queue in _STATES:
        states = [_STATES[query.queue]]
    return OrderFilter(
        states=states,
        departments=[query.department] if query.department else [],
        lights=[query.light] if query.light else [],
        mine=query.queue == "mine",
        watched=query.watched,
        q=query.q,
        accepted_from=query.since,
        accepted_to=query.until,
        sort="due" if query.queue in _STATES else "newest",
        limit=query.limit,
        cursor=query.cursor,
    )


async def _behind_number(ask: Ask, cell: str, first: date, last: date) -> OrderPage:
    figure, found = await ask.console.reports.opened(ask.person.actor(), first, last, cell)
    rows = [order_layout.row(item) for item in found]
    return OrderPage(items=rows, next_cursor=None, figure=figure)


async def _inbox(ask: Ask, query: OrderQuery) -> OrderPage:
    page = await ask.console.queues.unit_inbox(ask.person.actor(), query.box, *_page(query))
    rows = [order_layout.inbox_row(item) for item in page.items]
    return OrderPage(items=rows, next_cursor=page.next_cursor)


def _page(query: OrderQuery) -> tuple[int, str, DeskFilter]:
    wanted = DeskFilter(
        light=query.light,
        state=query.state,
        department=query.department,
        watched=query.watched,
        q=query.q,
    )
    return query.limit, query.cursor, wanted
