"""Reading calls, and who may read which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_console.call_views import (
    CallerView,
    CallFacts,
    CallRow,
    RecentOrder,
    UtteranceView,
)
from agent_console.errors import HandedOn
from agent_console.people import Person
from agent_console.services import Console
from dispatch.views.privacy import mask_phone
from models.errors import NotFound, TransitionRefused
from models.phone_numbers import normal_number, spellings
from models.ports import CallView
from models.speech import Correction
from models.tables import Call, Callback, CallParty, Contact, Staff, UtteranceRow, WorkOrder
from models.vocabulary import PriorityReason

#: A call, or one that waits.
C = TypeVar("C", bound=CallView)

RECENT = timedelta(days=30)
RECENT_ORDERS = 5


def mask_call(call: C, person: Person) -> C:
    """The call with its number as this person may see it."""
    if person.sees_number_of(call.agent_id):
        return call
    return replace(call, caller_number=mask_phone(call.caller_number))


async def visible_call(
    session: AsyncSession, call_id: str, person: Person, *, at_hand: bool = False
) -> Call:
    """The call, if this person may open it.

    One's own, also for a part of it; any, for those who watch over the floor; those behind an
    order, for those who see all orders; those behind a call-back task, for those who call back.

    :param at_hand: the call is at this person's telephone now, if only ringing.
    :raises NotFound: there is none, or it is nobody's business of this person.
    """
    call = await session.get(Call, call_id)
    if call is None or not (at_hand or await _may_open(session, call, person)):
        raise NotFound("没有这通电话，或您无权查看", call_id=call_id)
    return call


def rings_at(console: Console, person: Person, call_id: str) -> bool:
    """Whether the call is at this person's telephone now, if only ringing."""
    return person.may("call.seat") and console.calls.presence(person.staff_id).call_id == call_id


async def writes_order(session: AsyncSession, call: Call, person: Person) -> bool:
    """Whether the order of this call is this person's to write.

    One's own call, also when it is over, and one whose call-back task one has taken.
    """
    if call.agent_id == person.staff_id:
        return True
    return await _is_owed(session, call, person, Callback.taken_by == person.staff_id)


async def need_in_hand(session: AsyncSession, call_id: str, person: Person) -> None:
    """The order of the call is this person's to write.

    :raises HandedOn: it is somebody else's, and this person may know whose.
    :raises TransitionRefused: nobody has taken its call-back task yet.
    :raises NotFound: there is none, or it is nobody's business of this person.
    """
    call = await session.get(Call, call_id)
    if call is not None and await writes_order(session, call, person):
        return
    if call is None or not await _may_open(session, call, person):
        raise NotFound("没有这通电话，或不是由您接听", call_id=call_id)
    if call.agent_id is None and await _is_owed(session, call, person):
        raise TransitionRefused("请先领取这通电话的回拨任务，再登记工单", call_id=call_id)
    names = await names_of(session, [call.agent_id]) if call.agent_id else {}
    holder = names.get(call.agent_id or "", "")
    words = f"这通电话由{holder}接听，草稿由其填写" if holder else "这通电话已转出，正在等候接听"
    raise HandedOn(words, call_id=call_id, holder=holder)


async def _may_open(session: AsyncSession, call: Call, person: Person) -> bool:
    if call.agent_id == person.staff_id or person.may("call.floor"):
        return True
    took_part = CallParty.agent_id == person.staff_id, CallParty.joined_at.is_not(None)
    own = select(CallParty.id).where(CallParty.call_id == call.id, *took_part)
    if await session.scalar(own.limit(1)):
        return True
    if await _is_owed(session, call, person):
        return True
    return person.may("order.view_all") and bool(await orders_of(session, [call]))


async def _is_owed(
    session: AsyncSession, call: Call, person: Person, *such: ColumnElement[bool]
) -> bool:
    """Whether the citizen is (or was) owed a call for this one, and this person calls back."""
    if not person.may("floor.callback"):
        return False
    task = select(Callback.id).where(Callback.call_id == call.id, *such).limit(1)
    return await session.scalar(task) is not None


async def orders_of(session: AsyncSession, calls: Sequence[Call]) -> dict[str, list[WorkOrder]]:
    """Orders that came from a call or that an outbound call was about, by call id."""
    query = select(WorkOrder).where(WorkOrder.call_id.in_([call.id for call in calls]))
    found: dict[str, list[WorkOrder]] = defaultdict(list)
    for order in await session.scalars(query.order_by(WorkOrder.accepted_at)):
        if order.call_id:
            found[order.call_id].append(order)
    for call in calls:
        if call.order_id and (subject := await session.get(WorkOrder, call.order_id)):
            found[call.id].append(subject)
    return found


async def names_of(session: AsyncSession, staff_ids: Sequence[str]) -> dict[str, str]:
    """Names of staff by id."""
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(staff_ids)))
    return {staff_id: name for staff_id, name in rows}


async def call_rows(session: AsyncSession, calls: Sequence[Call], person: Person) -> list[CallRow]:
    """Lines of the list."""
    orders = await orders_of(session, calls)
    names = await names_of(session, [call.agent_id for call in calls if call.agent_id])
    return [
        CallRow(
            id=call.id,
            direction=call.direction,
            citizen_number=_glance(call, person),
            agent_name=names.get(call.agent_id or ""),
            started_at=call.started_at,
            answered_at=call.answered_at,
            ended_at=call.ended_at,
            outcome=call.outcome,
            reason=call.reason,
            order_nos=[order.order_no for order in orders.get(call.id, [])],
            duration_s=_talked(call),
        )
        for call in calls
    ]


def call_facts(call: Call, agent_name: str | None, number: str) -> CallFacts:
    """One call in full; ``number`` as the reader may see it."""
    return CallFacts(
        call_id=call.id,
        contact_id=call.contact_id,
        direction=call.direction,
        state=call.state,
        caller_number=number,
        agent_id=call.agent_id,
        agent_name=agent_name,
        started_at=call.started_at,
        queued_at=call.queued_at,
        answered_at=call.answered_at,
        order_id=call.order_id,
        ended_at=call.ended_at,
        duration_s=_talked(call),
        outcome=call.outcome,
        reason=call.reason,
        queue=call.queue,
        priority=call.priority,
        priority_reasons=call.priority_reasons,
        transfers=call.transfers,
        satisfaction=call.satisfaction,
        callback_id=call.callback_id,
        citizen_recording=bool(call.citizen_recording),
        agent_recording=bool(call.agent_recording),
        agent_recording_offset_s=(
            (call.agent_recording_at - call.started_at).total_seconds()
            if call.agent_recording_at
            else None
        ),
        transcript_incomplete=call.transcript_incomplete,
        transcript_coverage=call.transcript_coverage,
        speech_model=call.speech_model,
    )


async def utterances_of(session: AsyncSession, call_id: str) -> list[UtteranceView]:
    """What was said, in the order of speaking."""
    spoke = CallParty.id == UtteranceRow.party_id
    query = select(UtteranceRow, CallParty).join(CallParty, spoke, isouter=True)
    rows = await session.execute(
        query.where(UtteranceRow.call_id == call_id).order_by(UtteranceRow.start, UtteranceRow.id)
    )
    return [
        UtteranceView(
            utterance_id=row.id,
            leg=row.leg,
            speaker=party.speaker if party else None,
            start=row.start,
            end=row.end,
            text=row.text,
            raw=row.raw,
            confidence=row.confidence,
            corrections=[Correction(**one) for one in row.corrections],
        )
        for row, party in rows
    ]


async def caller_of(
    session: AsyncSession, call: Call, number: str, person: Person, now: datetime
) -> CallerView:
    """What is known of the number, in whatever dress it came; of a hidden one nothing. Confidential
    orders do not give their caller away.
    """
    same = sorted(spellings(normal_number(call.citizen_number)))
    if not same:
        return CallerView(number=number, recent_orders=[], recent_contacts=0)
    contacts = await session.scalar(
        select(func.count())
        .select_from(Contact)
        .where(Contact.citizen_number.in_(same))
        .where(Contact.started_at > now - RECENT)
        .where(Contact.id != (call.contact_id or ""))
    )
    orders = await _recent_orders(session, same, person)
    return CallerView(number=number, recent_orders=orders, recent_contacts=contacts or 0)


async def _recent_orders(
    session: AsyncSession, numbers: Sequence[str], person: Person
) -> list[RecentOrder]:
    if not person.may("order.view_all"):
        return []
    query = (
        select(WorkOrder)
        .where(WorkOrder.caller_phone.in_(numbers))
        .where(or_(~WorkOrder.confidential, WorkOrder.accepted_by == person.staff_id))
        .order_by(WorkOrder.accepted_at.desc())
        .limit(RECENT_ORDERS)
    )
    return [
        RecentOrder(
            id=order.id,
            order_no=order.order_no,
            title=order.title,
            state=order.state,
            accepted_at=order.accepted_at,
        )
        for order in await session.scalars(query)
    ]


async def call_view_of(console: Console, call_id: str) -> CallView | None:
    """A call as it is now; from the records when it is over."""
    floor = console.calls.floor()
    for call in (*floor.calls, *floor.waiting):
        if call.call_id == call_id:
            return call
    async with console.store.read() as session:
        row = await session.get(Call, call_id)
    return _view_of_row(row) if row else None


def _view_of_row(row: Call) -> CallView:
    return CallView(
        call_id=row.id,
        contact_id=row.contact_id,
        direction=row.direction,
        state=row.state,
        caller_number=row.citizen_number,
        agent_id=row.agent_id,
        started_at=row.started_at,
        queued_at=row.queued_at,
        answered_at=row.answered_at,
        order_id=row.order_id,
        queue=row.queue,
        priority=row.priority,
        priority_reasons=tuple(map(PriorityReason, row.priority_reasons)),
        transfers=row.transfers,
        satisfaction=row.satisfaction,
        callback_id=row.callback_id,
    )


def before(cursor: tuple[datetime, str]) -> ColumnElement[bool]:
    """Rows after the cursor's in a list sorted newest first."""
    at, call_id = cursor
    return or_(Call.started_at < at, and_(Call.started_at == at, Call.id < call_id))


def _glance(call: Call, person: Person) -> str:
    clear = person.sees_number_of(call.agent_id)
    return call.citizen_number if clear else mask_phone(call.citizen_number)


def _talked(call: Call) -> float | None:
    """Seconds of talk: it is over when the citizen is asked for a grade, who may listen on."""
    return _seconds(call.answered_at, call.rating_asked_at or call.ended_at)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 1) if start and end else None
