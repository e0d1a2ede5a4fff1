"""Call-back tasks in agents' hands: listed, taken, called, finished.

The order is that of the line: who booked a call-back keeps the place; then who has told of danger,
in a message or before being lost; then what was lost first.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from config.phones import why_not_rung
from config.settings import TelephonySettings
from config.waiting import CallbackRules
from dispatch.commands import invalid
from dispatch.floor.callback_views import (
    CallbackCounts,
    CallbackPage,
    CallbackView,
    against_calling,
    views_of,
)
from dispatch.floor.owed_calls import (
    UNDONE,
    after_attempt,
    changed,
    count_for_number,
    move,
    overdue,
)
from dispatch.floor.risk_words import told_of_danger
from models.callbacks import BookedPlace
from models.clock import Clock
from models.errors import Forbidden, NotFound, TransitionRefused
from models.guards import Actor
from models.phone_numbers import WITHHELD, normal_number
from models.store import Store, UnitOfWork
from models.tables import Call, Callback
from models.vocabulary import CallbackReason, CallbackState, CallDirection, Role

_OTHERS_TASK = "同一号码的另一项回拨任务正由他人处理"
Box = Literal["open", "mine", "done", "all"]
#: Of two who take the first task at the same moment the second gets the next one.
_TRIES = 5


class CallbackBook:
    """What agents do with call-back tasks."""

    def __init__(
        self, store: Store, clock: Clock, rules: CallbackRules, telephony: TelephonySettings
    ) -> None:
        """``telephony``: tells which numbers may be rung."""
        self._store = store
        self._clock = clock
        self._rules = rules
        self._telephony = telephony

    # --- looking --------------------------------------------------------------------------------

    async def page(
        self, actor: Actor, box: Box, *, clear: bool, cursor: str | None = None, limit: int = 50
    ) -> CallbackPage:
        """Tasks of a box. ``clear``: with the whole number."""
        start = _decode(cursor)
        query = _chosen(actor, box).offset(start).limit(limit + 1)
        async with self._store.read() as session:
            found = list(await session.scalars(query))
            items = await self._views(session, found[:limit], clear)
            counts = await self._counts(session, actor)
        more = str(start + limit) if len(found) > limit else None
        return CallbackPage(items=items, next_cursor=more, counts=counts)

    async def counts(self, actor: Actor) -> CallbackCounts:
        """How much is to be done."""
        async with self._store.read() as session:
            return await self._counts(session, actor)

    async def one(self, callback_id: str, *, clear: bool) -> CallbackView:
        """A task.

        :raises NotFound: when there is no such task.
        """
        async with self._store.read() as session:
            task = await session.get(Callback, callback_id)
            if task is None:
                raise _no_such_task(callback_id)
            return (await self._views(session, [task], clear))[0]

    # --- taking and giving back -----------------------------------------------------------------

    async def take(self, actor: Actor, callback_id: str, expected_version: int) -> None:
        """Take a task on. Of two who do so at the same moment one is refused.

        :raises TransitionRefused: when somebody else has it, or it has changed meanwhile.
        """
        async with self._store.transaction() as work:
            task = await _need(work, callback_id)
            if task.taken_by == actor.id and task.state is CallbackState.OPEN:
                return
            if task.version != expected_version:
                raise TransitionRefused("该回拨任务刚刚有变化，请刷新后再试", state=task.state)
            _refuse_unless_free(task)
            if await self._in_others_hands(work.session, task, actor.id):
                raise TransitionRefused(_OTHERS_TASK, state=task.state)
            if not await self._grab(work, task, actor):
                raise TransitionRefused("该回拨任务刚刚被他人领取", state=task.state)

    async def next(self, actor: Actor) -> str:
        """Take the first task whose time has come; the one in hand, if there is one.

        :raises NotFound: when nothing is to be done.
        """
        for _ in range(_TRIES):
            async with self._store.transaction() as work:
                others = await self._spoken_for(work.session, actor.id)
                task = (await work.session.scalars(self._due(actor, others))).first()
                if task is None:
                    raise NotFound("没有待处理的回拨任务")
                if task.taken_by == actor.id or await self._grab(work, task, actor):
                    return task.id
        raise NotFound("没有待处理的回拨任务")

    async def release(self, actor: Actor, callback_id: str) -> None:
        """Give a task back to all.

        :raises TransitionRefused: while the citizen is being called.
        """
        async with self._store.transaction() as work:
            task = await _need(work, callback_id)
            _check_holder(task, actor)
            _refuse_unless(task, CallbackState.OPEN, "退回")
            if task.taken_by is not None:
                task.taken_by, task.taken_at = None, None
                move(work, task, CallbackState.OPEN, self._clock.now())

    # --- calling: implements :class:`models.callbacks.CallbackDesk` ----------------------------

    async def booked(self) -> list[BookedPlace]:
        """See :meth:`models.callbacks.CallbackDesk.booked`."""
        if not self._rules.auto:
            return []
        keeps = and_(
            Callback.state == CallbackState.OPEN,
            Callback.reason == CallbackReason.BOOKED,
            Callback.taken_by.is_(None),
        )
        async with self._store.read() as session:
            keeps = and_(keeps, Callback.citizen_number.not_in(await self._spoken_for(session)))
            tasks = list(await session.scalars(select(Callback).where(keeps)))
        return [
            BookedPlace(
                callback_id=task.id,
                queue=task.queue,
                priority=task.priority,
                queued_at=task.queued_at or task.lost_at,
            )
            for task in tasks
            if not why_not_rung(self._telephony, task.citizen_number)
        ]

    async def begin_for(self, agent_id: str, callback_id: str) -> str:
        """See :meth:`models.callbacks.CallbackDesk.begin_for`."""
        async with self._store.transaction() as work:
            task = await _need(work, callback_id)
            if task.taken_by not in (None, agent_id):
                raise TransitionRefused("该回拨任务已被他人领取", state=task.state)
            _refuse_unless(task, CallbackState.OPEN, "回拨")
            if against := against_calling(task, self._telephony):
                raise TransitionRefused(against, state=task.state)
            if task.citizen_number in await _calling_in(work.session):
                raise TransitionRefused("来电人正在来电，无需回拨", state=task.state)
            if await self._in_others_hands(work.session, task, agent_id):
                raise TransitionRefused(_OTHERS_TASK, state=task.state)
            now = self._clock.now()
            if task.taken_by is None:
                task.taken_by, task.taken_at = agent_id, now
            task.attempts += 1
            task.last_attempt_at = now
            task.outbound_call_id = None
            move(work, task, CallbackState.CALLING, now)
            return task.citizen_number

    async def called(self, callback_id: str, call_id: str) -> None:
        """See :meth:`models.callbacks.CallbackDesk.called`."""
        async with self._store.transaction() as work:
            task = await _need(work, callback_id)
            task.outbound_call_id = task.outbound_call_id or call_id

    async def not_called(self, callback_id: str) -> None:
        """See :meth:`models.callbacks.CallbackDesk.not_called`."""
        async with self._store.transaction() as work:
            task = await _need(work, callback_id)
            if task.state is CallbackState.CALLING and task.outbound_call_id is None:
                task.attempts -= 1
                by_turn = task.taken_at == task.last_attempt_at  # nobody had taken it by hand
                if by_turn and task.reason is CallbackReason.BOOKED:
                    # It rests, then the line has it again.
                    task.taken_by, task.taken_at = None, None
                move(work, task, CallbackState.OPEN, self._clock.now())

    async def use_number(self, actor: Actor, callback_id: str, number: str) -> None:
        """Call another number that the citizen has left, as the own one cannot be rung.

        :raises TransitionRefused: when it can be rung, or the task is not in the actor's hands.
        :raises InvalidInput: for a number that may not be dialled either.
        """
        if why := why_not_rung(self._telephony, number):
            message = "请填写号码" if normal_number(number) == WITHHELD else why
            raise invalid([{"field": "number", "label": "号码", "message": message}])
        async with self._store.transaction() as work:
            task = await _need(work, callback_id)
            _refuse_unless(task, CallbackState.OPEN, "改用其他号码")
            if task.taken_by != actor.id:
                raise TransitionRefused("请先领取这个回拨任务", state=task.state)
            if not against_calling(task, self._telephony):
                raise TransitionRefused("该任务的来电号码可以回拨", state=task.state)
            task.citizen_number = normal_number(number)
            task.note = f"来电号码无法回拨，{actor.name}改用来电人留下的其他号码"
            move(work, task, CallbackState.OPEN, self._clock.now())

    # --- ends -----------------------------------------------------------------------------------

    async def finish(self, actor: Actor, callback_id: str, note: str, reached: bool) -> None:
        """What came of it, by hand: reached in another way, or not reached.

        A task that our answered call has closed already only gets the note.

        :raises TransitionRefused: when the task is over in another way.
        """
        async with self._store.transaction() as work:
            task = await _need(work, callback_id)
            _check_holder(task, actor)
            if note:
                task.note = note
            if task.state is CallbackState.DONE:
                return
            _refuse_unless(task, CallbackState.OPEN, "完成")
            now = self._clock.now()
            if reached:
                move(work, task, CallbackState.DONE, now)
                return
            task.attempts += 1
            task.last_attempt_at = now
            await count_for_number(work, task, now, self._rules)
            after_attempt(work, task, now, self._rules)

    async def cancel(self, actor: Actor, callback_id: str, reason: str) -> None:
        """Nobody needs to be called. By who has it, or a shift leader.

        :raises TransitionRefused: when it is being called, or over.
        """
        async with self._store.transaction() as work:
            task = await _need(work, callback_id)
            _check_holder(task, actor)
            _refuse_unless(task, CallbackState.OPEN, "取消")
            task.note = reason
            move(work, task, CallbackState.CANCELLED, self._clock.now())

    # --- inside ---------------------------------------------------------------------------------

    async def _grab(self, work: UnitOfWork, task: Callback, actor: Actor) -> bool:
        """False when another was quicker: the version decides."""
        now = self._clock.now()
        guarded = update(Callback).where(
            Callback.id == task.id,
            Callback.version == task.version,
            Callback.taken_by.is_(None),
            Callback.state == CallbackState.OPEN,
        )
        values = {"taken_by": actor.id, "taken_at": now, "version": task.version + 1}
        got = await work.session.scalars(guarded.values(**values).returning(Callback.id))
        if got.first() is None:
            return False
        work.record(changed(task, now))
        return True

    async def _views(
        self, session: AsyncSession, tasks: list[Callback], clear: bool
    ) -> list[CallbackView]:
        return await views_of(session, tasks, self._clock.now(), self._telephony, clear=clear)

    def _due(self, actor: Actor, spoken_for: frozenset[str]) -> Select[Callback]:
        """The actor's own first, then what is free, of numbers that nobody deals with."""
        free = and_(Callback.taken_by.is_(None), Callback.citizen_number.not_in(spoken_for))
        mine = Callback.taken_by == actor.id
        query = select(Callback).where(Callback.state == CallbackState.OPEN, or_(mine, free))
        return query.order_by(case((mine, 0), else_=1), *_IN_ORDER).limit(1)

    async def _in_others_hands(self, session: AsyncSession, task: Callback, agent_id: str) -> bool:
        """Whether somebody else deals with another task of the number: a citizen is called once."""
        query = select(Callback.id).where(
            Callback.citizen_number == task.citizen_number,
            Callback.citizen_number != "",
            Callback.state.in_(UNDONE),
            Callback.id != task.id,
            Callback.taken_by != agent_id,
        )
        return (await session.scalars(query.limit(1))).first() is not None

    async def _spoken_for(self, session: AsyncSession, but: str = "") -> frozenset[str]:
        """Numbers not to be given out now: the citizen is on the line, or has just been rung in
        vain, or somebody has another task of the number in hand. ``but``: whose hands do not count.
        """
        rested = self._clock.now() - self._rules.pause
        in_hand = and_(Callback.taken_by.is_not(None), Callback.taken_by != but)
        calling = Callback.state == CallbackState.CALLING
        query = select(Callback.citizen_number).where(
            Callback.state.in_(UNDONE),
            Callback.citizen_number != "",
            or_(in_hand, calling, Callback.last_attempt_at > rested),
        )
        return frozenset(await session.scalars(query)) | await _calling_in(session)

    async def _counts(self, session: AsyncSession, actor: Actor) -> CallbackCounts:
        undone = Callback.state.in_(UNDONE)
        mine = and_(undone, Callback.taken_by == actor.id)
        late = overdue(self._clock.now())

        async def count(condition: ColumnElement[bool]) -> int:
            return await session.scalar(select(func.count(Callback.id)).where(condition)) or 0

        return CallbackCounts(
            open=await count(undone), overdue=await count(late), mine=await count(mine)
        )


_IN_ORDER = (
    case(
        (Callback.reason == CallbackReason.BOOKED, 0),
        (told_of_danger(Callback.call_id), 1),
        else_=2,
    ),
    case((Callback.reason == CallbackReason.BOOKED, -Callback.priority), else_=0),
    case((Callback.reason == CallbackReason.BOOKED, Callback.queued_at), else_=Callback.lost_at),
    Callback.id,
)


def _chosen(actor: Actor, box: Box) -> Select[Callback]:
    query = select(Callback)
    if box == "mine":
        query = query.where(Callback.state.in_(UNDONE), Callback.taken_by == actor.id)
    elif box == "open":
        query = query.where(Callback.state.in_(UNDONE))
    elif box == "done":
        query = query.where(Callback.state.not_in(UNDONE))
        return query.order_by(Callback.done_at.desc(), Callback.id.desc())
    else:
        return query.order_by(Callback.lost_at.desc(), Callback.id.desc())
    return query.order_by(*_IN_ORDER)


async def _calling_in(session: AsyncSession) -> frozenset[str]:
    """Citizens who are on the line by their own call: it stands at their booked place."""
    living = (Call.ended_at.is_(None), Call.direction == CallDirection.INBOUND)
    numbers = await session.scalars(select(Call.citizen_number).where(*living))
    return frozenset(map(normal_number, numbers)) - {""}


async def _need(work: UnitOfWork, callback_id: str) -> Callback:
    query = select(Callback).where(Callback.id == callback_id).with_for_update()
    task = await work.session.scalar(query)
    if task is None:
        raise _no_such_task(callback_id)
    return task


def _no_such_task(callback_id: str) -> NotFound:
    return NotFound("没有这个回拨任务", callback_id=callback_id)


def _refuse_unless_free(task: Callback) -> None:
    _refuse_unless(task, CallbackState.OPEN, "领取")
    if task.taken_by is not None:
        raise TransitionRefused("该回拨任务已被他人领取", state=task.state)


def _refuse_unless(task: Callback, state: CallbackState, action: str) -> None:
    if task.state is not state:
        raise TransitionRefused(
            f"该回拨任务为“{task.state.label}”，不能{action}", state=task.state, action=action
        )


def _check_holder(task: Callback, actor: Actor) -> None:
    if task.taken_by not in (None, actor.id) and Role.SHIFT_LEADER not in actor.usable_roles:
        raise Forbidden("该回拨任务由他人处理", callback_id=task.id)


def _decode(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not cursor.isdigit() or len(cursor) > 6:
        raise invalid([{"field": "cursor", "message": "不是有效的翻页位置"}])
    return int(cursor)
