"""Orders that other systems give us: each (system, id) is one order, however often it is sent."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.chain import canonical_json
from dispatch.commands import TITLE_LENGTH, CommandResult, OpenOrder, OrderCommand
from dispatch.notices.news import tasks_of
from dispatch.platform.given import GivenOrder, given_order
from dispatch.platform.systems import Partner
from dispatch.rules import Rules
from dispatch.service import OrderService
from models.clock import Clock
from models.errors import AlreadyGiven, Forbidden, NotFound
from models.ids import new_id
from models.store import Store
from models.tables import WorkOrder
from models.tables.partners import ExternalRef
from models.vocabulary import Channel, Direction, RequestType, Urgency


class GiveOrder(BaseModel):
    """An order as another system gives it. ``category`` and codes are ours."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    #: The number that people over there use.
    external_no: str = Field("", max_length=64)
    #: By when the result is wanted.
    deadline: AwareDatetime | None = None
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    content: str = Field(min_length=1, max_length=5000)
    demand: str = Field("", max_length=1000)
    request_type: RequestType
    category: str = Field(max_length=32)
    urgency: Urgency = Urgency.NORMAL
    place: str = Field("", max_length=200)
    occurred: str = Field("", max_length=100)
    caller_name: str = Field("", max_length=50)
    caller_phone: str = Field("", max_length=32)
    callback_phone: str = Field("", max_length=32)
    confidential: bool | None = None
    want_reply: bool = True
    #: The unit that the giver proposes.
    department: str = Field("", max_length=32)


class OrderIntake:
    """Takes orders of other systems, and tells how they are."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, orders: OrderService) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._orders = orders

    async def give(self, partner: Partner, external_id: str, given: GiveOrder) -> GivenOrder:
        """Take it; sent again with the same content it is the same order.

        :raises AlreadyGiven: the id stands for an order with other content.
        """
        if not partner.gives_orders:
            raise Forbidden("该系统没有转入工单的权限", system=partner.code)
        try:
            return await self._give(partner, external_id, given)
        except IntegrityError:  # the same at the same moment: the other was faster
            return await self._give(partner, external_id, given)

    async def _give(self, partner: Partner, external_id: str, given: GiveOrder) -> GivenOrder:
        async with self._store.transaction() as work:
            ref = await find_ref(work.session, partner, external_id)
            if ref is None:
                opened = await self._orders.open_in(work, partner.giver(), _command(given))
                ref = self._ref(partner, external_id, given, opened)
                work.session.add(ref)
                await work.session.flush()
            elif ref.content_hash != _content_hash(given):
                raise _already(ref, given)
            return await _shown(work.session, self._rules, ref)

    def _ref(
        self, partner: Partner, external_id: str, given: GiveOrder, opened: CommandResult
    ) -> ExternalRef:
        return ExternalRef(
            id=new_id(),
            system=partner.code,
            external_id=external_id,
            external_no=given.external_no,
            direction=Direction.IN,
            order_id=opened.order_id,
            deadline=given.deadline,
            content_hash=_content_hash(given),
            received=given.model_dump(mode="json"),
            at=self._clock.now(),
        )

    async def order(self, partner: Partner, external_id: str) -> GivenOrder:
        """How an order is.

        :raises NotFound: this system gave none with that id.
        """
        async with self._store.read() as session:
            return await _shown(
                session, self._rules, await given_ref(session, partner, external_id)
            )

    async def given_between(
        self, partner: Partner, since: datetime, until: datetime
    ) -> list[GivenOrder]:
        """The orders that a system gave us in that time, the oldest first."""
        query = select(ExternalRef).where(
            ExternalRef.system == partner.code,
            ExternalRef.direction == Direction.IN,
            ExternalRef.at >= since,
            ExternalRef.at < until,
        )
        async with self._store.read() as session:
            refs = list(await session.scalars(query.order_by(ExternalRef.id)))
            return [await _shown(session, self._rules, ref) for ref in refs]

    async def act(self, partner: Partner, external_id: str, command: OrderCommand) -> GivenOrder:
        """What a giver may do: urge, add a note, take it back."""
        async with self._store.transaction() as work:
            ref = await given_ref(work.session, partner, external_id)
            await self._orders.act_in(work, partner.giver(), ref.order_id, command)
            await work.session.flush()
            return await _shown(work.session, self._rules, ref)


async def find_ref(session: AsyncSession, partner: Partner, external_id: str) -> ExternalRef | None:
    """What a system's id stands for."""
    query = select(ExternalRef).where(
        ExternalRef.system == partner.code, ExternalRef.external_id == external_id
    )
    return await session.scalar(query)


async def given_ref(session: AsyncSession, partner: Partner, external_id: str) -> ExternalRef:
    """The same for an order that the system gave us.

    :raises NotFound: there is none.
    """
    ref = await find_ref(session, partner, external_id)
    if ref is None or ref.direction is not Direction.IN:
        raise NotFound("该系统没有转来这个编号的工单", external_id=external_id)
    return ref


async def _shown(session: AsyncSession, rules: Rules, ref: ExternalRef) -> GivenOrder:
    order = await session.get_one(WorkOrder, ref.order_id)
    return await given_order(session, rules, ref, order, await tasks_of(session, order.id))


def _command(given: GiveOrder) -> OpenOrder:
    fields = given.model_dump(exclude={"external_no", "deadline"})
    return OpenOrder(**fields, channel=Channel.IMPORT, external_due=given.deadline)


def _content_hash(given: GiveOrder) -> str:
    body = canonical_json(given.model_dump(mode="json"))
    return hashlib.sha256(body.encode()).hexdigest()


def _already(ref: ExternalRef, given: GiveOrder) -> AlreadyGiven:
    sent: dict[str, Any] = given.model_dump(mode="json")
    different = sorted(name for name in sent if sent[name] != ref.received.get(name))
    return AlreadyGiven(
        f"编号 {ref.external_id} 已经转来过，内容与此次不同；"
        "补充情况请用“备注”，重新转来请用新编号",
        external_id=ref.external_id,
        different_fields=different,
    )
