"""Calls the shift leader when an agent's break lasts too long."""

from __future__ import annotations

from datetime import datetime

import structlog

from models.ports import AlertPort
from models.vocabulary import AlertKind
from telephony.agents import Agent
from telephony.presence import PresenceBoard

log = structlog.get_logger(__name__)


class StateWatch:
    """Looks at the board; each break is told once, and settled when it is over."""

    def __init__(self, board: PresenceBoard, alerts: AlertPort) -> None:
        self._board = board
        self._alerts = alerts
        #: Agent → since when the overrun break lasts.
        self._told: dict[str, datetime] = {}
        #: Whom this process has looked at: an earlier one may have left an alert open.
        self._known: set[str] = set()

    async def look(self, now: datetime) -> None:
        """To be called again and again."""
        await self._settle_of_earlier(now)
        for agent_id, since in list(self._told.items()):
            agent = self._board.get(agent_id)
            if agent is None or agent.since != since:
                await self._settle(agent_id)
        for agent in self._board:
            if _overrun(agent, now) and agent.agent_id not in self._told:
                await self._tell(agent)

    async def _settle_of_earlier(self, now: datetime) -> None:
        for agent in self._board:
            if agent.agent_id in self._known:
                continue
            if _overrun(agent, now) or await self._settle(agent.agent_id):
                self._known.add(agent.agent_id)

    async def _tell(self, agent: Agent) -> None:
        self._told[agent.agent_id] = agent.since
        text = f"{agent.agent_name}“{agent.state.label}”已超过规定时间"
        try:
            await self._alerts.raise_alert(
                AlertKind.STATE_OVERRUN, _matter(agent.agent_id), text, agent_id=agent.agent_id
            )
        except Exception as error:  # told again at the next look
            log.warning("overrun.not_told", agent_id=agent.agent_id, error=repr(error))
            del self._told[agent.agent_id]

    async def _settle(self, agent_id: str) -> bool:
        """False: to be tried again."""
        try:
            await self._alerts.settle(_matter(agent_id))
        except Exception as error:
            log.warning("overrun.not_settled", agent_id=agent_id, error=repr(error))
            return False
        self._told.pop(agent_id, None)
        return True


def _overrun(agent: Agent, now: datetime) -> bool:
    return agent.on_break and agent.overdue(now)


def _matter(agent_id: str) -> str:
    return f"overrun:{agent_id}"
