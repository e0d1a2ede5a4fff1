"""Who waits, and who gets the next call. Pure: nothing here speaks to anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from telephony.presence import Agent, PresenceBoard


def longest_idle(agents: Iterable[Agent]) -> Agent | None:
    """Of the free agents the one who has been without a call longest; None when nobody is free."""
    free = [agent for agent in agents if agent.free]
    return min(free, key=lambda agent: (agent.idle_since, agent.agent_id), default=None)


class WaitingLine:
    """Callers in the order in which they came to the queue.

    One who could not be connected keeps the old place, because the time of coming is kept.
    """

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._since, key=lambda call_id: (self._since[call_id], call_id)))

    def __len__(self) -> int:
        return len(self._since)

    def __contains__(self, call_id: object) -> bool:
        return call_id in self._since

    def add(self, call_id: str, since: datetime) -> None:
        """Begin to wait, or go back to the old place."""
        self._since[call_id] = since

    def remove(self, call_id: str) -> None:
        """Wait no longer."""
        self._since.pop(call_id, None)


def distribute(line: WaitingLine, board: PresenceBoard, give: Callable[[str, Agent], None]) -> None:
    """Give waiting callers to free agents, first come first served.

    ``give(call_id, agent)`` is called after the agent was reserved and the caller left the line.
    It must not await: nobody may run in between.
    """
    for call_id in line:
        agent = longest_idle(board)
        if agent is None:
            return
        if board.reserve(agent.agent_id, call_id):
            line.remove(call_id)
            give(call_id, agent)
