"""Drafts that never became an order: the shift leader is called, once for each.

What a machine wrote into the form is no demand that somebody took in, and a message that nobody has
taken up is a call-back's matter. Whoever opens the order, or deals with it otherwise, ends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.floor import LeftDraftRule
from dispatch.rules import Rules
from models.clock import Clock
from models.ports import AlertPort
from models.store import Store
from models.tables import Call, Draft, FloorAlert, Staff
from models.vocabulary import AlertKind

_MATTER = "draft:"
#: Words of the form that say what somebody wants.
_WORDS = ("title", "content", "demand")
#: Of a draft without a title so much of its words is shown.
_SHOWN = 20


class LeftDraftWatch:
    """Looks at drafts that no order was opened from. One per process; any number of processes."""

    def __init__(
        self, store: Store, clock: Clock, rules: Rules, alerts: AlertPort, rule: LeftDraftRule
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._alerts = alerts
        self._minutes = timedelta(minutes=rule.minutes)
        self._days = timedelta(days=rule.days)

    async def look(self) -> None:
        """Call for what was left lying, settle what was opened since. Run it every minute."""
        async with self._store.read() as session:
            left = await self._left(session)
            over = await self._over(session)
        for draft, name, call_id in left:
            await self._raise(draft, name, call_id)
        for matter in over:
            await self._alerts.settle(matter)

    async def _left(self, session: AsyncSession) -> list[tuple[Draft, str, str | None]]:
        """With the name of the agent, and the call if there was one; nobody was called for them."""
        now = self._clock.now()
        query = (
            select(Draft, Staff.name, Call.id)
            .join(Staff, Staff.id == Draft.agent_id)
            .outerjoin(Call, Call.id == Draft.id)
            .where(Draft.order_id.is_(None))
            .where(Draft.updated_at < now - self._minutes, Draft.updated_at > now - self._days)
            .where(or_(Call.id.is_(None), Call.ended_at < now - self._minutes))
            .order_by(Draft.updated_at, Draft.id)
        )
        rows = [(draft, name, call_id) for draft, name, call_id in await session.execute(query)]
        known = await self._known(session, [_MATTER + draft.id for draft, _, _ in rows])
        return [
            (draft, name, call_id)
            for draft, name, call_id in rows
            if typed_words(draft.content) and _MATTER + draft.id not in known
        ]

    async def _known(self, session: AsyncSession, matters: Sequence[str]) -> set[str]:
        query = select(FloorAlert.matter).where(FloorAlert.matter.in_(matters))
        return set(await session.scalars(query))

    async def _over(self, session: AsyncSession) -> list[str]:
        """Matters whose draft is an order now, or too old to be looked at."""
        going_on = select(FloorAlert.matter).where(
            FloorAlert.kind == AlertKind.DRAFT_LEFT, FloorAlert.ended_at.is_(None)
        )
        matters = list(await session.scalars(going_on))
        ids = [matter.removeprefix(_MATTER) for matter in matters]
        old = Draft.updated_at <= self._clock.now() - self._days
        query = select(Draft.id).where(Draft.id.in_(ids), Draft.order_id.is_not(None) | old)
        return [_MATTER + draft_id for draft_id in await session.scalars(query)]

    async def _raise(self, draft: Draft, name: str, call_id: str | None) -> None:
        at = self._rules.counter.local(draft.updated_at)
        words = typed_words(draft.content)[:_SHOWN]
        minutes = round(self._minutes.total_seconds() / 60)
        await self._alerts.raise_alert(
            AlertKind.DRAFT_LEFT,
            _MATTER + draft.id,
            f"{name}{at:%H:%M}填写的“{words}”超过{minutes}分钟没有登记成工单，请督促登记或确认无需登记",
            call_id=call_id,
            agent_id=draft.agent_id,
        )


def typed_words(content: Mapping[str, Any]) -> str:
    """What a person wrote of a demand; empty when only the machine did.

    A form without ``origins`` was filled in by a person.
    """
    origins = content.get("origins")
    for name in _WORDS:
        ours = not isinstance(origins, dict) or origins.get(name) == "agent"
        if ours and (words := str(content.get(name) or "").strip()):
            return words
    return ""
