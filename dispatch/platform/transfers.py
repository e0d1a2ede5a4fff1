"""Orders that went out to another system as a whole: what it reads of them, and what it may do.

It names them by our number until it has said what it calls them. What it may do stands in the
table, like everything else: say its number, answer, give the order back.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import OrderCommand, ReferTransfer
from dispatch.platform.systems import Partner
from dispatch.rules import Rules
from dispatch.running import ORDER_CLOCKS
from dispatch.service import OrderService
from models.clock import Clock
from models.errors import AlreadyGiven, NotFound
from models.store import Store
from models.tables import AccessLog, OrderRequest, WorkOrder
from models.tables.partners import ExternalRef
from models.vocabulary import (
    AccessKind,
    Action,
    Direction,
    OrderState,
    RequestKind,
    RequestState,
    RequestType,
    Urgency,
)

_MOST = 200
#: What the system does with an order that it was given.
ACTIONS = (Action.ANSWER_TRANSFER, Action.RETURN_TRANSFER)


class Transfer(BaseModel):
    """An order that was given out, with all that is needed to handle it."""

    order_no: str
    #: What the system calls it; our number until it has said so.
    external_id: str
    external_no: str
    version: int
    state: OrderState
    urgency: Urgency
    transferred_at: datetime
    reason: str
    #: By when an answer is expected.
    answer_due: datetime | None
    request_type: RequestType
    category: str
    category_name: str
    title: str
    content: str
    demand: str
    place: str
    occurred: str
    #: Of a confidential order neither name nor number goes out.
    confidential: bool
    caller_name: str
    caller_phone: str
    callback_phone: str


class TransferDone(BaseModel):
    """What an answer, or giving it back, has made of it."""

    order_no: str
    state: OrderState
    state_label: str
    version: int


class TransferDesk:
    """The orders given out to one system."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, orders: OrderService) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._orders = orders

    async def waiting(self, partner: Partner) -> list[str]:
        """Our numbers of all that have no answer yet, the oldest first."""
        query = (
            select(WorkOrder.order_no)
            .join(ExternalRef, ExternalRef.order_id == WorkOrder.id)
            .where(*_of(partner), WorkOrder.state == OrderState.TRANSFERRED_OUT)
            .order_by(ExternalRef.at, ExternalRef.id)
        )
        async with self._store.read() as session:
            return list(await session.scalars(query.limit(_MOST)))

    async def one(self, partner: Partner, order_no: str) -> Transfer:
        """One of them. Reading a citizen's number is written down.

        :raises NotFound: it was not given to this system.
        """
        async with self._store.transaction() as work:
            ref, order = await _given(work.session, partner, order_no)
            found = await self._shown(work.session, ref, order)
            if found.caller_phone or found.callback_phone:
                work.session.add(self._reading(partner, order))
        return found

    async def act(self, partner: Partner, order_no: str, command: OrderCommand) -> TransferDone:
        """Answer, or give back; the same again gets the same answer."""
        async with self._store.transaction() as work:
            order = await _ever_given(work.session, partner, order_no)
            await self._orders.act_in(work, partner.giver(), order.id, command)
            await work.session.flush()
            return TransferDone(
                order_no=order.order_no,
                state=order.state,
                state_label=order.state.label,
                version=order.version,
            )

    async def refer(
        self, partner: Partner, order_no: str, external_id: str, external_no: str
    ) -> Transfer:
        """The system says what it calls the order. Safe to repeat, and to correct.

        :raises AlreadyGiven: that id is another one's.
        """
        try:
            async with self._store.transaction() as work:
                ref, order = await _given(work.session, partner, order_no)
                named = external_no or external_id
                if (ref.external_id, ref.external_no) != (external_id, named):
                    command = ReferTransfer(external_no=named)
                    await self._orders.act_in(work, partner.giver(), order.id, command)
                    ref.external_id = external_id
                    await work.session.flush()
                return await self._shown(work.session, ref, order)
        except IntegrityError:
            message = f"编号 {external_id} 已用于另一件工单"
            raise AlreadyGiven(message, external_id=external_id, different_fields=[]) from None

    def _reading(self, partner: Partner, order: WorkOrder) -> AccessLog:
        return AccessLog(
            at=self._clock.now(),
            staff_id=partner.staff_id,
            staff_name=partner.name,
            what=AccessKind.CALLER_IDENTITY.value,
            subject=order.id,
            address=partner.address,
        )

    async def _shown(self, session: AsyncSession, ref: ExternalRef, order: WorkOrder) -> Transfer:
        asked = (await session.scalars(_asked(order))).first()
        clock = order.clocks.get(ORDER_CLOCKS[OrderState.TRANSFERRED_OUT])
        plain = (
            *("order_no", "version", "state", "urgency", "request_type", "category"),
            *("title", "content", "demand", "place", "occurred", "confidential"),
        )
        hidden = order.confidential
        return Transfer(
            **{name: getattr(order, name) for name in plain},
            external_id=ref.external_id,
            external_no=ref.external_no,
            transferred_at=ref.at,
            reason=asked.reason if asked else "",
            answer_due=datetime.fromisoformat(clock["due"]) if clock else None,
            category_name=self._rules.category_name(order.category),
            caller_name="" if hidden else order.caller_name,
            caller_phone="" if hidden else order.caller_phone,
            callback_phone="" if hidden else order.callback_phone,
        )


def _of(partner: Partner) -> tuple[ColumnElement[bool], ...]:
    return (
        ExternalRef.system == partner.code,
        ExternalRef.direction == Direction.OUT,
        ExternalRef.task_id.is_(None),
    )


async def _given(
    session: AsyncSession, partner: Partner, order_no: str
) -> tuple[ExternalRef, WorkOrder]:
    query = (
        select(ExternalRef, WorkOrder)
        .join(WorkOrder, WorkOrder.id == ExternalRef.order_id)
        .where(*_of(partner), WorkOrder.order_no == order_no)
    )
    found = (await session.execute(query.limit(1))).first()
    if found is None:
        raise _none(order_no)
    return found[0], found[1]


async def _ever_given(session: AsyncSession, partner: Partner, order_no: str) -> WorkOrder:
    """Also one that has come back meanwhile: the table says what may still be done."""
    query = (
        select(WorkOrder)
        .join(OrderRequest, OrderRequest.order_id == WorkOrder.id)
        .where(WorkOrder.order_no == order_no, OrderRequest.kind == RequestKind.TRANSFER)
        .where(OrderRequest.decider == partner.staff_id)
    )
    found = (await session.scalars(query.limit(1))).first()
    if found is None:
        raise _none(order_no)
    return found


def _none(order_no: str) -> NotFound:
    return NotFound("没有转给该系统的这张工单", order_no=order_no)


def _asked(order: WorkOrder) -> Select[OrderRequest]:
    return (
        select(OrderRequest)
        .where(OrderRequest.order_id == order.id, OrderRequest.kind == RequestKind.TRANSFER)
        .where(OrderRequest.state.in_((RequestState.OPEN, RequestState.GRANTED)))
        .order_by(OrderRequest.asked_at.desc())
        .limit(1)
    )
