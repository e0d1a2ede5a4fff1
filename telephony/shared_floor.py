"""Several processes, one floor: each claims before it rings, and learns of the others' agents.

Off by default (``telephony.shared_floor``). What the other processes do is read from the agents'
rows: a row whose version is not the one that this process has written was changed by another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog
from sqlalchemy import select

from models.store import Store
from models.tables import AgentPresenceRow, Call
from models.vocabulary import CallState
from telephony.agents import Agent
from telephony.claims import Claim, Claims
from telephony.distribution import Waiting, WaitingLine
from telephony.neighbours import Neighbours
from telephony.records import Records

log = structlog.get_logger(__name__)


class SharedFloor:
    """What the sessions and the clock of one process ask.

    :param reread: takes over an agent's row.
    :param line: where callers of the other processes stand beside ours; None: they have telephones
        of their own.
    """

    def __init__(
        self,
        store: Store,
        claims: Claims,
        records: Records,
        reread: Callable[[str], Awaitable[None]],
        neighbours: Neighbours,
        line: WaitingLine | None = None,
    ) -> None:
        self.neighbours = neighbours
        self._store = store
        self._line = line
        self._claims = claims
        self._records = records
        self._reread = reread

    async def claim(self, call_id: str, agent: Agent, holder: str | None = None) -> bool:
        """Whether the agent, reserved on our board, is ours in the database as well.

        A database that does not answer gives nobody: two agents at one phone are worse than one
        caller who waits on.
        """
        await self._records.flush()
        version = self._records.version_of(agent.agent_id)
        won = None
        if version is not None:
            claim = Claim(
                call_id=call_id,
                agent_id=agent.agent_id,
                version=version,
                holder=holder,
                before=agent.before,
            )
            won = await self._try(claim)
            self._records.was_claimed(call_id)
        if won is None:
            log.info("claim.lost", call_id=call_id, agent_id=agent.agent_id)
            await self._reread(agent.agent_id)
            return False
        self._records.knows_version(agent.agent_id, won)
        return True

    async def _try(self, claim: Claim) -> int | None:
        try:
            return await self._claims.take(claim)
        except Exception as error:
            log.warning("claim.failed", call_id=claim.call_id, error=repr(error))
            return None

    async def learn(self) -> bool:
        """Take over what other processes have changed; whether there was anything."""
        table = AgentPresenceRow
        async with self._store.read() as session:
            rows = await session.execute(select(table.agent_id, table.version))
            changed = [agent_id for agent_id, version in rows if self._is_news(agent_id, version)]
        for agent_id in changed:
            await self._reread(agent_id)
        return await self._learn_line() or bool(changed)

    async def _learn_line(self) -> bool:
        """Who waits at other processes: agents go to whoever comes first of all."""
        if self._line is None:
            return False
        columns = (Call.id, Call.queued_at, Call.queue, Call.priority)
        others = select(*columns).where(
            Call.ended_at.is_(None),
            Call.app != self.neighbours.app,
            Call.state.in_((CallState.QUEUED, CallState.SELF_SERVICE)),
            Call.queued_at.is_not(None),
        )
        async with self._store.read() as session:
            rows = (await session.execute(others)).all()
        return self._line.learn_elsewhere(
            Waiting(call_id=row.id, since=row.queued_at, queue=row.queue, priority=row.priority)
            for row in rows
        )

    async def known_callers(self, channel_ids: Iterable[str]) -> set[str]:
        """Those who belong to a call that any process has written down."""
        column = Call.citizen_channel
        async with self._store.read() as session:
            return set(await session.scalars(select(column).where(column.in_(list(channel_ids)))))

    async def ended(self, call_ids: Iterable[str]) -> set[str]:
        """Those that are over, whoever held them."""
        query = select(Call.id).where(Call.id.in_(list(call_ids)), Call.ended_at.is_not(None))
        async with self._store.read() as session:
            return set(await session.scalars(query))

    def _is_news(self, agent_id: str, version: int) -> bool:
        """What this process has neither read nor written."""
        if self._records.is_writing(agent_id):
            return False
        known = self._records.version_of(agent_id)
        return known is None or version > known
