"""Giving a call to an agent when several processes share the floor: in the database, once.

One process needs none of this: its board is the truth, and nobody can come between looking and
changing. Several processes have a board each, which may be a moment behind. So before an agent is
rung, the agent's row and the call's row are changed together, each only if it still is what this
process believes. Whoever comes second changes nothing, and learns what is so now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, Update, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.clock import Clock
from models.ids import new_id
from models.store import Store
from models.tables import AgentPresenceRow, AgentStateLogRow, Call
from models.vocabulary import AgentState, CallState
from telephony.agents import Before


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What this process believes, and wants."""

    call_id: str
    agent_id: str
    #: Of the agent's row, as last read or written by this process.
    version: int
    #: Who has the call now: nobody, or the agent from whom it is taken.
    holder: str | None = None
    #: What the agent goes back to after the call.
    before: Before | None = None


class _Lost(Exception):
    """Another was faster; what was changed already is taken back."""


class Claims:
    """Makes claims. ``app``: only calls that this process holds can be given to anybody."""

    def __init__(self, store: Store, clock: Clock, app: str = "") -> None:
        self._app = app
        self._store = store
        self._clock = clock

    async def take(self, claim: Claim) -> int | None:
        """Give the call to the agent. The new version of the agent's row; None: came too late."""
        try:
            async with self._store.transaction() as work:
                await self._take_agent(work.session, claim)
                await self._take_call(work.session, claim)
        except _Lost:
            return None
        return claim.version + 1

    async def _take_agent(self, session: AsyncSession, claim: Claim) -> None:
        table, now = AgentPresenceRow, self._clock.now()
        unchanged = (table.agent_id == claim.agent_id, table.version == claim.version)
        await _one(
            session,
            update(table)
            .where(*unchanged)
            .values(
                state=AgentState.RINGING,
                reason="",
                since=now,
                until=None,
                call_id=claim.call_id,
                version=claim.version + 1,
                **Before.columns(claim.before),
            ),
        )
        log = AgentStateLogRow
        still_open = update(log).where(log.agent_id == claim.agent_id, log.until.is_(None))
        await session.execute(still_open.values(until=now))
        line = {"agent_id": claim.agent_id, "call_id": claim.call_id, "since": now}
        await session.execute(
            insert(log).values(id=new_id(), state=AgentState.RINGING, reason="", **line)
        )

    async def _take_call(self, session: AsyncSession, claim: Claim) -> None:
        mine = Call.agent_id.is_(None) if claim.holder is None else Call.agent_id == claim.holder
        await _one(
            session,
            update(Call)
            .where(Call.id == claim.call_id, mine, Call.ended_at.is_(None), Call.app == self._app)
            .where(Call.state.in_((CallState.QUEUED, CallState.RINGING)))
            .values(agent_id=claim.agent_id, state=CallState.RINGING, ringing_at=self._clock.now()),
        )


async def _one(session: AsyncSession, change: Update) -> None:
    """Change exactly one row."""
    result: Any = await session.execute(change)
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise _Lost
