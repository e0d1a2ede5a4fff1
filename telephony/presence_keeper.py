"""What changes on the board is written down and told; what another process has changed is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from models.events import AgentStateChanged
from telephony.agents import Agent
from telephony.batch import StateEntry
from telephony.exchange import Exchange
from telephony.inbound import InboundCall
from telephony.state_watch import StateWatch

log = structlog.get_logger(__name__)


class PresenceKeeper:
    """Between the board and the database. ``reread(agent_id)`` takes over what is stored."""

    def __init__(self, exchange: Exchange, reread: Callable[[str], Awaitable[None]]) -> None:
        self._exchange = exchange
        self._reread = reread
        self._states = StateWatch(exchange.board, exchange.alerts)

    def changed(self, before: Agent | None, agent: Agent) -> None:
        """The board's listener."""
        exchange = self._exchange
        event = AgentStateChanged(
            agent_id=agent.agent_id,
            state=agent.state,
            since=agent.since,
            reason=agent.reason,
            call_id=agent.call_id,
            at=exchange.clock.now(),
        )
        claimed = agent.reserved and exchange.shared_floor is not None
        if claimed or (before is not None and _state(before) == _state(agent)):
            exchange.records.tell(event)  # the phone came or went; or the claim writes it
        else:
            exchange.records.enter_state(state_entry(agent, before), event)
        if agent.free:
            exchange.distribute()

    async def conflict(self, agent_id: str) -> None:
        """Another process has the agent: what it wrote counts, and a ring of ours is given up."""
        board, sessions = self._exchange.board, self._exchange.sessions
        held = board.get(agent_id)
        await self._reread(agent_id)
        session = sessions.get(held.call_id or "") if held else None
        now = board.get(agent_id)
        if isinstance(session, InboundCall) and now and now.call_id != session.call.id:
            session.post(session.ringing.withdraw)

    async def look(self) -> None:
        """Breaks that last too long, and what other processes have done. Never raises."""
        try:
            await self._states.look(self._exchange.clock.now())
            shared = self._exchange.shared_floor
            if shared is not None and await shared.learn():
                self._exchange.distribute()
        except Exception as error:  # of a database that is away: asked again the next time
            log.warning("floor.not_learnt", error=repr(error))


def state_entry(agent: Agent, before: Agent | None) -> StateEntry:
    """The line of the ledger; none when only the end of a state has moved."""
    entered = (agent.state, agent.since, agent.call_id)
    return StateEntry(
        agent_id=agent.agent_id,
        state=agent.state,
        reason=agent.reason,
        since=agent.since,
        until=agent.until,
        call_id=agent.call_id,
        idle_since=agent.idle_since,
        before=agent.before,
        new_line=before is None or (before.state, before.since, before.call_id) != entered,
    )


def _state(agent: Agent) -> tuple[object, ...]:
    return agent.state, agent.reason, agent.since, agent.until, agent.call_id
