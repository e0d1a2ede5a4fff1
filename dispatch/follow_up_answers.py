"""What citizens say of a result by the link they were sent: once, and without signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import RecordFollowUp
from dispatch.follow_up_links import hash_of
from dispatch.rules import Rules
from dispatch.service import OrderService
from models.clock import Clock
from models.errors import NotFound, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.tables import FollowUpLink, WorkOrder
from models.vocabulary import (
    FollowUpWay,
    OrderState,
    RedoReason,
    Role,
    Satisfaction,
    SolvedByCaller,
)

#: Who it is in the order's history.
CITIZEN = Actor(id="citizen", name="诉求人（短信链接）", roles=frozenset({Role.SYSTEM}))
_NOT_HERE = "链接不存在或已过期，如需反映情况请拨打12345"
#: Fewer signs than these do not say what is not so.
LEAST_SAID = 5
_UNHAPPY = (Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED)


class AskedView(BaseModel):
    """What the citizen is asked about. Nothing of it says who the citizen is."""

    order_no: str
    title: str
    department_name: str
    public_answer: str
    until: datetime
    #: Said already, or settled by telephone meanwhile.
    over: bool


class CitizenAnswer(BaseModel):
    """What the citizen says."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    contacted: bool
    solved: SolvedByCaller
    satisfaction: Satisfaction
    service_satisfaction: Satisfaction | None = None
    #: The result is not as it is told here; ``note`` says what is not so.
    untrue: bool = False
    note: str = Field("", max_length=500)

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.untrue and len(self.note) < LEAST_SAID:
            raise ValueError(f"请在“其他意见”中写明哪些与实际不符，至少{LEAST_SAID}字")
        return self


class FollowUpAnswers:
    """Opens links, and takes what is said by them."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, orders: OrderService) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._orders = orders

    async def view(self, secret: str) -> AskedView:
        """What a link is about.

        :raises NotFound: no such link, or not any more.
        """
        async with self._store.read() as session:
            link = await self._find(session, secret)
            order = await session.get_one(WorkOrder, link.order_id)
        return AskedView(
            order_no=order.order_no,
            title=order.title,
            department_name=self._rules.unit_name(order.lead_department),
            public_answer=order.public_answer,
            until=link.expires_at,
            over=link.answered_at is not None or order.state is not OrderState.TO_FOLLOW_UP,
        )

    async def answer(self, secret: str, said: CitizenAnswer) -> None:
        """Record it as the follow-up: who is content closes the order, who is not asks for a redo.

        :raises TransitionRefused: it was said before, or settled meanwhile.
        """
        async with self._store.transaction() as work:
            link = await self._find(work.session, secret)
            command = _command(said, link.staff_id)
            if link.answered_at is not None:
                raise TransitionRefused("您已经评价过，谢谢")
            await self._orders.act_in(work, CITIZEN, link.order_id, command)
            link.answered_at = self._clock.now()

    async def _find(self, session: AsyncSession, secret: str) -> FollowUpLink:
        query = select(FollowUpLink).where(FollowUpLink.secret_hash == hash_of(secret))
        link = await session.scalar(query)
        if link is None or link.expires_at < self._clock.now():
            raise NotFound(_NOT_HERE)
        return link


def _command(said: CitizenAnswer, asked_by: str) -> RecordFollowUp:
    unhappy = said.solved is SolvedByCaller.UNSOLVED and said.satisfaction in _UNHAPPY
    redo = unhappy or said.untrue
    return RecordFollowUp(
        reached=True,
        way=FollowUpWay.WEB,
        asked_by=asked_by,
        redo=redo,
        redo_code=RedoReason.UNTRUE if said.untrue else RedoReason.UNSOLVED,
        redo_reason=(said.note or "诉求人表示未解决且不满意，未填写原因") if redo else "",
        verification=f"诉求人通过短信链接反映：{said.note}" if said.untrue else "",
        **said.model_dump(exclude={"untrue"}),
    )
