"""Who is owed a call, and what becomes of it: no lost caller is forgotten.

A call that ends without having been served makes one call-back task, keyed by the call. The end of
our call to the citizen closes the task or puts it back. All of it is done again from the stored
calls of the last day: a process that dies at any point leaves nothing out and does nothing twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from config.waiting import CallbackRules
from models.bus import Bus
from models.callbacks import is_nuisance_unheard
from models.clock import Clock
from models.events import CallAnswered, CallbackChanged, CallEnded
from models.ids import new_id
from models.phone_numbers import WITHHELD, normal_number, spellings
from models.ports import AlertPort
from models.store import Store, UnitOfWork
from models.tables import Call, Callback
from models.vocabulary import (
    AlertKind,
    CallbackReason,
    CallbackState,
    CallDirection,
    CallState,
    ContactOutcome,
)

log = structlog.get_logger(__name__)

UNDONE = (CallbackState.OPEN, CallbackState.CALLING)
#: Lost calls of so long ago still get their task.
MAKE_GOOD = timedelta(days=1)
#: A call of which nothing is known so long after it was begun was never made.
_NEVER_MADE = timedelta(minutes=2)
_OVERDUE = "callbacks-overdue"
_LOST = (
    ContactOutcome.CALLBACK_BOOKED,
    ContactOutcome.VOICEMAIL_LEFT,
    ContactOutcome.FAILED,
    ContactOutcome.ABANDONED_QUEUE,
    ContactOutcome.ABANDONED_RINGING,
)


def reason_owed(call: Call, short: timedelta) -> CallbackReason | None:
    """Why a citizen is owed a call for this one; None when nothing is owed.

    ``short``: who hangs up earlier than that has not waited.
    """
    if call.direction is not CallDirection.INBOUND or call.ended_at is None:
        return None
    if call.outcome is ContactOutcome.CALLBACK_BOOKED:
        return CallbackReason.BOOKED
    if call.outcome is ContactOutcome.VOICEMAIL_LEFT:
        return CallbackReason.VOICEMAIL
    if call.answered_at is None and is_nuisance_unheard(call.priority_reasons):
        return None
    if call.interrupted or call.outcome is ContactOutcome.FAILED:
        return CallbackReason.INTERRUPTED
    if call.outcome in _LOST and call.ended_at - (call.queued_at or call.started_at) >= short:
        return CallbackReason.ABANDONED
    return None


class OwedCalls:
    """Makes call-back tasks, follows the calls made for them, and looks after all of it."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        rules: CallbackRules,
        alerts: AlertPort,
        zone: ZoneInfo,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._alerts = alerts
        self._zone = zone
        bus.subscribe("callbacks", self._on_call_ended, CallEnded)
        bus.subscribe("callbacks-served", self._on_answered, CallAnswered)

    async def look(self) -> None:
        """A duty of every minute: whatever was not told or not done is made good."""
        await self._make_good()
        await self._follow_calls()
        await self._give_back()
        await self._call_for_help()

    # --- lost calls -----------------------------------------------------------------------------

    async def _on_call_ended(self, event: CallEnded) -> None:
        async with self._store.read() as session:
            call = await session.get(Call, event.call_id)
        if call is None:
            return  # not stored yet: :meth:`look` finds it
        if call.direction is CallDirection.INBOUND:
            await self._make(call)
        elif call.callback_id:
            await self._close(call.callback_id, call)

    async def _on_answered(self, event: CallAnswered) -> None:
        """A caller who is served now is not owed the earlier calls any more."""
        if event.direction is CallDirection.INBOUND:
            async with self._store.transaction() as work:
                await self._settle(work, event.caller_number, event.at)

    async def _make_good(self) -> None:
        ended = Call.ended_at.is_not(None) & (Call.ended_at > self._clock.now() - MAKE_GOOD)
        lost = or_(Call.outcome.in_(_LOST), Call.interrupted.is_(True))
        without = Call.id.not_in(select(Callback.call_id).where(Callback.call_id.is_not(None)))
        query = select(Call).where(ended, lost, without).order_by(Call.ended_at)
        async with self._store.read() as session:
            calls = list(await session.scalars(query))
        for call in calls:
            await self._make(call)

    async def _make(self, call: Call) -> None:
        """The task of a lost call, once."""
        reason = reason_owed(call, self._rules.short_abandon)
        number = normal_number(call.citizen_number)
        # A hidden number cannot be called; but a message of such a caller must be listened to.
        if reason is None or (number == WITHHELD and reason is not CallbackReason.VOICEMAIL):
            return
        task = self._task(call, reason, "" if number == WITHHELD else number)
        try:
            async with self._store.transaction() as work:
                if await _has_task(work.session, call.id):
                    return
                if await self._served_since(work.session, task):
                    task.state, task.done_at = CallbackState.SETTLED, self._clock.now()
                work.session.add(task)
                work.record(changed(task, self._clock.now()))
        except IntegrityError:  # another process has just made it
            return
        log.info("callback.owed", callback_id=task.id, call_id=call.id, reason=reason)

    def _task(self, call: Call, reason: CallbackReason, number: str) -> Callback:
        lost_at = call.ended_at or self._clock.now()
        return Callback(
            id=new_id(),
            reason=reason,
            state=CallbackState.OPEN,
            citizen_number=number,
            call_id=call.id,
            contact_id=call.contact_id,
            queue=call.queue,
            lost_at=lost_at,
            queued_at=call.queued_at,
            priority=call.priority,
            due_at=lost_at + self._rules.limits[reason],
            attempts=0,
            note="",
            version=0,
        )

    async def _served_since(self, session: AsyncSession, task: Callback) -> bool:
        """Whether the caller has called again and been served since being lost."""
        if task.reason is CallbackReason.VOICEMAIL:
            return False
        later = select(Call.id).where(
            Call.citizen_number.in_(spellings(task.citizen_number)),
            Call.direction == CallDirection.INBOUND,
            Call.answered_at > task.lost_at,
        )
        return (await session.scalars(later.limit(1))).first() is not None

    async def _settle(self, work: UnitOfWork, number: str, at: datetime) -> None:
        """Tasks of a citizen to whom somebody talks now. A message is still to be dealt with."""
        plain = normal_number(number)
        if plain == WITHHELD:
            return
        query = select(Callback).where(
            Callback.citizen_number == plain,
            Callback.state == CallbackState.OPEN,
            Callback.reason != CallbackReason.VOICEMAIL,
            Callback.lost_at <= at,
        )
        for task in await work.session.scalars(query.with_for_update()):
            move(work, task, CallbackState.SETTLED, at)

    # --- our calls to citizens ------------------------------------------------------------------

    async def _close(self, callback_id: str, call: Call) -> None:
        """Our call has ended: the citizen was reached, or is to be tried again."""
        async with self._store.transaction() as work:
            query = select(Callback).where(Callback.id == callback_id).with_for_update()
            task = await work.session.scalar(query)
            if task is None or task.state is not CallbackState.CALLING:
                return
            if task.outbound_call_id not in (None, call.id):
                return  # an earlier one, told again
            task.outbound_call_id = call.id
            now = self._clock.now()
            if call.answered_at is not None and not call.interrupted:
                move(work, task, CallbackState.DONE, now)
                await self._settle(work, task.citizen_number, call.answered_at)
                await _hand_messages(work, task, now)
                return
            if call.ringing_at is None:  # the agent did not answer: the citizen was not rung
                await _take_attempt_back(work.session, task)
            await self._not_reached(work, task, now, rung=call.ringing_at is not None)

    async def _not_reached(
        self, work: UnitOfWork, task: Callback, now: datetime, *, rung: bool
    ) -> None:
        """To be tried again, unless the citizen has called in meanwhile and been served."""
        if await self._served_since(work.session, task):
            move(work, task, CallbackState.SETTLED, now)
            return
        if rung:
            await count_for_number(work, task, now, self._rules)
        after_attempt(work, task, now, self._rules)

    async def _follow_calls(self) -> None:
        """Tasks being called whose call has ended, or never came to be."""
        async with self._store.read() as session:
            calling = select(Callback).where(Callback.state == CallbackState.CALLING)
            for task in list(await session.scalars(calling)):
                made = select(Call).where(Call.callback_id == task.id)
                call = await session.scalar(made.order_by(Call.started_at.desc()).limit(1))
                await self._follow(task, call)

    async def _follow(self, task: Callback, call: Call | None) -> None:
        begun = task.last_attempt_at or task.lost_at
        if call is not None and call.started_at >= begun - timedelta(seconds=1):
            if call.state is CallState.ENDED:
                await self._close(task.id, call)
        elif begun < self._clock.now() - _NEVER_MADE:
            async with self._store.transaction() as work:
                fresh = await work.session.get(Callback, task.id, with_for_update=True)
                if fresh is not None and fresh.version == task.version:
                    await _take_attempt_back(work.session, fresh)
                    await self._not_reached(work, fresh, self._clock.now(), rung=False)

    # --- what is left lying ---------------------------------------------------------------------

    async def _give_back(self) -> None:
        """Tasks that someone took and did not call."""
        now = self._clock.now()
        query = select(Callback).where(
            Callback.state == CallbackState.OPEN,
            Callback.taken_at.is_not(None),
            Callback.taken_at < now - self._rules.taken,
        )
        async with self._store.transaction() as work:
            for task in await work.session.scalars(query.with_for_update()):
                task.taken_by, task.taken_at = None, None
                move(work, task, CallbackState.OPEN, now)

    async def _call_for_help(self) -> None:
        """The shift leader hears of it once, for as long as any task is past its limit."""
        now = self._clock.now()
        query = select(Callback.due_at).where(overdue(now)).order_by(Callback.due_at)
        async with self._store.read() as session:
            due = list(await session.scalars(query))
        if not due:
            await self._alerts.settle(_OVERDUE)
            return
        first = _told(due[0], now, self._zone)
        text = f"有 {len(due)} 个回拨任务超过时限，最早的应在 {first} 前回拨"
        await self._alerts.raise_alert(
            AlertKind.CALLBACK_OVERDUE, _OVERDUE, text, detail={"count": len(due)}
        )


def _told(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The time of day, with its date unless that is today's."""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local.month}月{local.day}日{local:%H:%M}"


def overdue(now: datetime) -> ColumnElement[bool]:
    """Tasks past their limit."""
    return and_(Callback.state.in_(UNDONE), Callback.due_at < now)


def after_attempt(work: UnitOfWork, task: Callback, now: datetime, rules: CallbackRules) -> None:
    """Not reached: again after a pause, or not any more."""
    task.taken_by, task.taken_at = None, None
    enough = task.attempts >= rules.attempts
    move(work, task, CallbackState.UNREACHED if enough else CallbackState.OPEN, now)


async def count_for_number(
    work: UnitOfWork, task: Callback, now: datetime, rules: CallbackRules
) -> None:
    """A ring in vain counts for all that the citizen was owed by then: nobody is rung three times
    for each lost call. A message is not given up unheard for it: one attempt stays its own.
    """
    rung_at = task.last_attempt_at or now
    for other in await _others_of_number(work.session, task):
        if other.lost_at > rung_at:
            continue
        unheard = other.reason is CallbackReason.VOICEMAIL
        most = max(other.attempts, rules.attempts - 1) if unheard else rules.attempts
        other.attempts = min(other.attempts + 1, most)
        other.last_attempt_at = rung_at
        after_attempt(work, other, now, rules)


def move(work: UnitOfWork, task: Callback, state: CallbackState, now: datetime) -> None:
    """Into a state, told of."""
    task.state = state
    task.version += 1
    if state not in (CallbackState.OPEN, CallbackState.CALLING):
        task.done_at = now
    work.record(changed(task, now))


def changed(task: Callback, now: datetime) -> CallbackChanged:
    """The event of a task as it is."""
    return CallbackChanged(
        at=now,
        callback_id=task.id,
        state=task.state,
        reason=task.reason,
        due_at=task.due_at,
    )


async def _hand_messages(work: UnitOfWork, task: Callback, now: datetime) -> None:
    """Messages of a citizen who was reached are for who reached them; forgotten, they go back."""
    for other in await _others_of_number(work.session, task):
        if other.taken_by is None and task.taken_by is not None:
            other.taken_by, other.taken_at = task.taken_by, now
            move(work, other, CallbackState.OPEN, now)


async def _others_of_number(session: AsyncSession, task: Callback) -> list[Callback]:
    """What else is open for the citizen of a task."""
    query = select(Callback).where(
        Callback.citizen_number == task.citizen_number,
        Callback.citizen_number != "",
        Callback.state == CallbackState.OPEN,
        Callback.id != task.id,
    )
    return list(await session.scalars(query.order_by(Callback.id).with_for_update()))


async def _take_attempt_back(session: AsyncSession, task: Callback) -> None:
    """Nobody was rung: no attempt, and no pause after it."""
    rung = select(func.max(Call.ringing_at)).where(Call.callback_id == task.id)
    task.attempts -= 1
    task.last_attempt_at = await session.scalar(rung)


async def _has_task(session: AsyncSession, call_id: str) -> bool:
    query = select(Callback.id).where(Callback.call_id == call_id)
    return (await session.scalars(query)).first() is not None
