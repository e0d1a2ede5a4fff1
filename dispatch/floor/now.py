"""The floor at this moment, as numbers on a wall: who waits, who works, how today goes."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.floor.call_facts import Span
from dispatch.floor.cells import Narrowing
from dispatch.floor.counting import Chosen, Counting, Sums
from dispatch.floor.expected import midnight, read_forecaster, slot_of
from dispatch.floor.figures import require_figures
from dispatch.floor.forecast import Counts
from dispatch.floor.sheet import Value
from dispatch.rules import Rules
from models.clock import Clock
from models.guards import Actor
from models.store import Store
from models.tables import AgentPresenceRow, Call, Callback, CallParty
from models.vocabulary import (
    AgentState,
    CallbackState,
    CallDirection,
    CallState,
    ContactOutcome,
)

_RECENT = timedelta(minutes=30)
_TALKING = (AgentState.TALKING, AgentState.HOLD, AgentState.CONSULT, AgentState.CONFERENCE)
_WHOLE = Narrowing()
_AWAY = (AgentState.BUSY, AgentState.REST, AgentState.MEAL, AgentState.TRAINING, AgentState.MEETING)


class StateCount(BaseModel):
    """Agents in one state."""

    state: AgentState
    label: str
    count: int


class FloorNow(BaseModel):
    """One look at the floor."""

    at: datetime
    #: Of all queues together, as the floor's page shows them: not those whom an agent's phone rings
    #: for, nor those who have booked a call-back.
    waiting: int
    longest_wait_s: float | None
    talking_calls: int
    #: Signed in, free, in calls, away.
    agents: int
    ready: int
    talking: int
    away: int
    states: list[StateCount]
    #: Today so far; each opens to its calls.
    offered: Value
    answered: Value
    abandoned: Value
    connection: Value
    service_level: Value
    #: What "in time" means, and for which share of calls it is wanted.
    service_seconds: float
    target_share: float
    #: A wait is too long from here on; the shift leader is called for it.
    long_wait_seconds: float
    #: Of the last half hour.
    recent_service_level: Value
    #: Expected until now, and for the whole day; None without a past.
    forecast_so_far: float | None
    forecast_day: float | None
    callbacks_open: int
    callbacks_overdue: int


class FloorWall:
    """Looks."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        #: The forecast of a day does not change in its course: kept, for the wall asks often.
        self._forecast: tuple[date, Counts | None] | None = None

    async def now(self, actor: Actor) -> FloorNow:
        """The floor now.

        :raises Forbidden: for a reader without the permission of figures.
        """
        require_figures(self._rules, actor)
        now, zone = self._clock.now(), self._rules.zone
        start = midnight(now.astimezone(zone).date(), zone)
        since = (now - _RECENT).replace(microsecond=0)  # cells know whole seconds
        lately = Narrowing(start=since, end=now + timedelta(seconds=1))
        async with self._store.read() as session:
            today = await self._count(session, start, now)
            recent = await self._count(session, since, now)
            so_far, whole = await self._foreseen(session, now)
            states = await _states(session)
            waiting, longest, talking = await _calls(session, now)
            owed, overdue = await _callbacks(session, now)
        return FloorNow(
            at=now,
            waiting=waiting,
            longest_wait_s=longest,
            talking_calls=talking,
            agents=sum(states.values()),
            ready=states[AgentState.READY],
            talking=sum(states[state] for state in _TALKING),
            away=sum(states[state] for state in _AWAY),
            states=[
                StateCount(state=s, label=s.label, count=states[s]) for s in AgentState if states[s]
            ],
            offered=_count(today, "offered"),
            answered=_count(today, "answered"),
            abandoned=_count(today, "abandoned"),
            connection=_share(today, "answered", "offered", "short"),
            service_level=_share(today, "in_time", "answered"),
            service_seconds=self._rules.figures.service_seconds,
            target_share=self._rules.figures.staffing.target_share,
            long_wait_seconds=self._rules.floor.alerts.long_wait.seconds,
            recent_service_level=_share(recent, "in_time", "answered", narrow=lately),
            forecast_so_far=so_far,
            forecast_day=whole,
            callbacks_open=owed,
            callbacks_overdue=overdue,
        )

    async def _count(self, session: AsyncSession, start: datetime, now: datetime) -> Sums:
        span = Span(start=start, end=now, now=now)
        return await Counting(span, self._rules.figures, Chosen()).calls(session)

    async def _foreseen(
        self, session: AsyncSession, now: datetime
    ) -> tuple[float | None, float | None]:
        local = now.astimezone(self._rules.zone)
        today = local.date()
        if self._forecast is None or self._forecast[0] != today:
            forecaster = await read_forecaster(session, self._rules, today)
            self._forecast = today, forecaster.day(today)
        counts = self._forecast[1]
        if counts is None:
            return None, None
        slot = slot_of(local)
        part = (local.minute % 15 * 60 + local.second) / 900
        so_far = float(counts[:slot].sum() + part * counts[slot])
        return round(so_far, 1), round(float(counts.sum()), 1)


async def _states(session: AsyncSession) -> Counter[AgentState]:
    row = AgentPresenceRow
    query = select(row.state, func.count()).where(row.state != AgentState.OFFLINE)
    return Counter({state: n for state, n in await session.execute(query.group_by(row.state))})


async def _calls(session: AsyncSession, now: datetime) -> tuple[int, float | None, int]:
    """How many wait, how long the first has waited, how many are in talk."""
    open_ = (Call.ended_at.is_(None), Call.direction == CallDirection.INBOUND)
    waits = and_(
        Call.state.in_((CallState.QUEUED, CallState.SELF_SERVICE)),
        Call.queued_at.is_not(None),
        Call.outcome != ContactOutcome.CALLBACK_BOOKED,
    )
    # Who has talked waits anew since the last of those has left who took part.
    left = select(func.max(CallParty.left_at)).where(
        CallParty.call_id == Call.id, CallParty.joined_at.is_not(None)
    )
    begun = func.coalesce(left.scalar_subquery(), Call.queued_at)
    query = select(func.count(), func.min(begun)).where(*open_, waits)
    waiting, since = (await session.execute(query)).one()
    talks = (CallState.TALKING, CallState.HELD, CallState.CONSULTING, CallState.CONFERENCE)
    talking = await session.scalar(select(func.count()).where(*open_, Call.state.in_(talks)))
    return waiting, (now - since).total_seconds() if since else None, talking or 0


async def _callbacks(session: AsyncSession, now: datetime) -> tuple[int, int]:
    owed = Callback.state.in_((CallbackState.OPEN, CallbackState.CALLING))
    query = select(func.count(), func.count().filter(Callback.due_at < now)).where(owed)
    count, overdue = (await session.execute(query)).one()
    return count, overdue


def _count(sums: Sums, code: str) -> Value:
    return Value(value=sums.get(code, 0), cell=Narrowing().cell(code))


def _share(sums: Sums, hits: str, of: str, less: str = "", *, narrow: Narrowing = _WHOLE) -> Value:
    whole = sums.get(of, 0) - (sums.get(less, 0) if less else 0)
    part = sums.get(hits, 0)
    return Value(
        value=part / whole if whole else None,
        hits=part,
        of=whole,
        cell=narrow.cell(f"{of}-{less}" if less else of),
        hits_cell=narrow.cell(hits),
    )
