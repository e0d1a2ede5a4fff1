"""What is known of a caller before the first word: from earlier calls, and what was noted then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.queues import QueueRules
from models.clock import Clock
from models.phone_numbers import normal_number, spellings
from models.store import Store
from models.tables import Call, Callback, CallerProfile, Contact
from models.vocabulary import CallbackReason, CallbackState, Channel, ContactOutcome

log = structlog.get_logger(__name__)

#: A caller is served without being known rather than late.
_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class CallerFacts:
    """One number."""

    elderly: bool = False
    enterprise: bool = False
    dialect: bool = False
    #: Calls within the time that makes a repeat caller, before this one.
    calls: int = 0
    #: Who has talked to this number last, within the time that the rules say.
    last_agent: str | None = None
    #: The call-back that was booked, and since when its place in the line is kept.
    booked: str = ""
    booked_since: datetime | None = None


class Callers:
    """Looks callers up. Whatever fails, the call goes on."""

    def __init__(self, store: Store, rules: QueueRules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    async def about(self, number: str, contact_id: str | None) -> CallerFacts:
        """What is known of the number; ``contact_id``: the present one, which does not count."""
        plain = normal_number(number)
        if not spellings(plain):
            return CallerFacts()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._store.read() as session:
                return await self._look_up(session, plain, contact_id or "")
        except Exception as error:  # of a database that is away: nothing known, nothing lost
            log.warning("caller.unknown", contact_id=contact_id, error=repr(error))
            return CallerFacts()

    async def _look_up(self, session: AsyncSession, number: str, contact_id: str) -> CallerFacts:
        now = self._clock.now()
        profile = await session.get(CallerProfile, number)
        booked = (await session.execute(self._booked(number))).first()
        return CallerFacts(
            booked=booked.id if booked else "",
            booked_since=booked.queued_at if booked else None,
            elderly=profile is not None and profile.elderly,
            enterprise=profile is not None and profile.enterprise,
            dialect=profile is not None and profile.dialect,
            calls=await session.scalar(self._calls(number, contact_id, now)) or 0,
            last_agent=await session.scalar(self._last_agent(number, contact_id, now)),
        )

    def _calls(self, number: str, contact_id: str, now: datetime) -> Select[int]:
        return (
            select(func.count())
            .select_from(Contact)
            .where(Contact.citizen_number.in_(sorted(spellings(number))))
            .where(Contact.id != contact_id, Contact.channel == Channel.PHONE)
            .where(Contact.started_at > now - self._rules.repeat_caller.within)
        )

    def _booked(self, number: str) -> Select[str, datetime | None]:
        """The place is kept until the citizen is rung: before that an agent's phone only rings."""
        rung = exists().where(
            Call.callback_id == Callback.id, Call.ended_at.is_(None), Call.ringing_at.is_not(None)
        )
        waits = Callback.state == CallbackState.OPEN
        not_rung_yet = and_(Callback.state == CallbackState.CALLING, ~rung)
        return (
            select(Callback.id, Callback.queued_at)
            .where(Callback.citizen_number == number, or_(waits, not_rung_yet))
            .where(Callback.reason == CallbackReason.BOOKED, Callback.queued_at.is_not(None))
            .order_by(Callback.queued_at)
            .limit(1)
        )

    def _last_agent(self, number: str, contact_id: str, now: datetime) -> Select[str | None]:
        return (
            select(Contact.agent_id)
            .where(Contact.citizen_number.in_(sorted(spellings(number))))
            .where(Contact.id != contact_id, Contact.outcome == ContactOutcome.SERVED)
            .where(Contact.started_at > now - self._rules.same_agent.within)
            .order_by(Contact.started_at.desc())
            .limit(1)
        )
