"""Progress and urging for citizens on the phone: what they hear of their orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.self_service import SelfServiceRules
from dispatch.commands import Urge
from dispatch.numbers import valid_order_no
from dispatch.rules import Rules
from dispatch.service import OrderService
from models.clock import Clock
from models.errors import TransitionRefused
from models.guards import Actor
from models.phone_numbers import normal_number, spellings
from models.progress import OrderProgress, UrgeAnswer
from models.store import Store
from models.tables import OrderEvent, WorkOrder
from models.vocabulary import Action, OrderState, Role
from models.workflow import OPEN_STATES

#: The citizen who urges by key, as the order's history names them.
CITIZEN = Actor(id="citizen", name="诉求人（电话自助）", roles=frozenset({Role.SYSTEM}))

#: The citizen has the hotline's answer.
_OVER = (OrderState.CLOSED, OrderState.ARCHIVED, OrderState.REFUSED)
#: Orders read out by the calling number, at most.
_MOST = 9
#: Wrong query codes on one order before it is shut for the rest of the hour.
_WRONG_CODES = 10
_SHUT_FOR = timedelta(hours=1)
#: A longer answer is cut at a sentence: nobody listens to five minutes.
_LONGEST_ANSWER = 300


class PhoneProgress:
    """Implements :class:`models.progress.ProgressDesk`."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, wording: SelfServiceRules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._wording = wording
        self._orders = OrderService(store, clock, rules)
        self._wrong: defaultdict[str, list[datetime]] = defaultdict(list)

    async def of_number(self, number: str) -> list[OrderProgress]:
        """See :meth:`models.progress.ProgressDesk.of_number`."""
        dresses = sorted(spellings(normal_number(number)))
        if not dresses or not self._wording.by_number:
            return []
        since = self._clock.now() - timedelta(days=self._wording.closed_days)
        query = (
            select(WorkOrder)
            .where(
                or_(WorkOrder.caller_phone.in_(dresses), WorkOrder.callback_phone.in_(dresses)),
                WorkOrder.confidential.is_(False),
                _worth_telling(since),
            )
            .order_by(WorkOrder.accepted_at.desc(), WorkOrder.id.desc())
            .limit(_MOST)
        )
        async with self._store.read() as session:
            return [self._told(order) for order in await session.scalars(query)]

    async def of_code(self, order_no: str, query_code: str) -> OrderProgress | None:
        """See :meth:`models.progress.ProgressDesk.of_code`."""
        self._refuse_guessing(order_no)
        async with self._store.read() as session:
            order = await session.scalar(select(WorkOrder).where(WorkOrder.order_no == order_no))
        if order is None or not query_code or order.query_code != query_code:
            if order is not None:
                self._wrong[order_no].append(self._clock.now())
            return None
        self._wrong.pop(order_no, None)
        return self._told(order)

    def is_order_no(self, digits: str) -> bool:
        """See :meth:`models.progress.ProgressDesk.is_order_no`."""
        return valid_order_no(digits)

    async def urge(self, order_id: str, call_id: str) -> UrgeAnswer:
        """See :meth:`models.progress.ProgressDesk.urge`."""
        if before := await self._urged_at(order_id):
            return UrgeAnswer(done=False, spoken=self._say("urged_before", date=self._day(before)))
        command = Urge(
            reason="诉求人通过电话自助催办",
            by_caller=True,
            idempotency_key=f"phone-{call_id}-{order_id}",
        )
        await self._orders.act(CITIZEN, order_id, command)
        return UrgeAnswer(done=True, spoken=self._say("urged"))

    # --- inside ---------------------------------------------------------------------------------

    def _refuse_guessing(self, order_no: str) -> None:
        since = self._clock.now() - _SHUT_FOR
        lately = [at for at in self._wrong.get(order_no, ()) if at > since]
        if lately:
            self._wrong[order_no] = lately
        if len(lately) >= _WRONG_CODES:
            raise TransitionRefused("该工单的查询码输错次数过多，请稍后再试")

    async def _urged_at(self, order_id: str) -> datetime | None:
        """When the citizen last urged it, if that is too short ago to do it again."""
        since = self._clock.now() - timedelta(hours=self._wording.urge_again_hours)
        async with self._store.read() as session:
            return await _last_urge_by_caller(session, order_id, since)

    def _told(self, order: WorkOrder) -> OrderProgress:
        parts = [
            self._say("subject", date=self._day(order.accepted_at), subject=order.title),
            self._say("state", state=self._wording.states[order.state]),
            *self._promise(order),
            *self._answer(order),
        ]
        return OrderProgress(
            order_id=order.id,
            order_no=order.order_no,
            spoken="".join(parts),
            open=order.state in (*OPEN_STATES, OrderState.MERGED),
        )

    def _promise(self, order: WorkOrder) -> Sequence[str]:
        """Unit and due date, while a unit works on it."""
        if order.state not in (OrderState.DISPATCHED, OrderState.REDO):
            return ()
        unit = self._say("unit", unit=self._rules.unit_name(order.lead_department))
        if order.due_at is None:
            return (unit,)
        if order.due_at < self._clock.now():
            return unit, self._say("overdue")
        return unit, self._say("due", date=self._day(order.due_at))

    def _answer(self, order: WorkOrder) -> Sequence[str]:
        if order.state not in _OVER or not order.public_answer:
            return ()
        return (self._say("answer", answer=_cut(order.public_answer)),)

    def _say(self, sentence: str, **values: str) -> str:
        return self._wording.sentences[sentence].format(**values)

    def _day(self, at: datetime) -> str:
        local = at.astimezone(self._rules.zone)
        return f"{local.month}月{local.day}日"


def _worth_telling(since: datetime) -> ColumnElement[bool]:
    return or_(
        WorkOrder.state.in_(OPEN_STATES),
        WorkOrder.state == OrderState.MERGED,
        WorkOrder.state.in_((OrderState.CLOSED, OrderState.ARCHIVED))
        & (WorkOrder.closed_at >= since),
        (WorkOrder.state == OrderState.REFUSED) & (WorkOrder.accepted_at >= since),
    )


async def _last_urge_by_caller(
    session: AsyncSession, order_id: str, since: datetime
) -> datetime | None:
    query = select(OrderEvent).where(
        OrderEvent.order_id == order_id,
        OrderEvent.action == Action.URGE.value,
        OrderEvent.at > since,
    )
    events = await session.scalars(query.order_by(OrderEvent.seq.desc()))
    return next((one.at for one in events if one.changes.get("by_caller", [None, None])[1]), None)


def _cut(answer: str) -> str:
    if len(answer) <= _LONGEST_ANSWER:
        return answer
    head = answer[:_LONGEST_ANSWER]
    end = max(head.rfind(sign) for sign in "。！？；")
    return head[: end + 1] if end > 0 else head
