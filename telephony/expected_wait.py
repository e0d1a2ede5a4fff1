"""How long a caller will probably wait. Pure, but for what it remembers of recent calls.

Each of ``n`` agents at work becomes free once in an average handling time ``h``, so the line moves
one place every ``h / n``: the caller at place ``p`` waits about ``p × h / n``. With too few recent
calls, with nobody at work, or beyond a limit, nothing is said of it.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.waiting import ExpectedWaitRules
from models.vocabulary import AgentState
from telephony.agents import Agent
from telephony.distribution import serves

if TYPE_CHECKING:
    from telephony.exchange import Exchange

#: States of agents who take the next call as soon as they can.
AT_WORK = frozenset({
    AgentState.READY, AgentState.RINGING, AgentState.TALKING, AgentState.HOLD,
    AgentState.CONSULT, AgentState.CONFERENCE, AgentState.WRAP_UP, AgentState.OUTBOUND,
})  # fmt: skip
#: Calls remembered: more tell nothing new.
REMEMBERED = 500


def is_at_work(agent: Agent) -> bool:
    """Whether the agent serves callers now."""
    return agent.phone_online and agent.state in AT_WORK


class HandlingTimes:
    """What recent calls took: talking, holding and wrapping up."""

    def __init__(self, rules: ExpectedWaitRules) -> None:
        self._rules = rules
        self._calls: deque[tuple[datetime, timedelta]] = deque(maxlen=REMEMBERED)

    def note(self, answered_at: datetime, ended_at: datetime, wrap_up: timedelta) -> None:
        """A call was served."""
        self._calls.append((ended_at, max(timedelta(), ended_at - answered_at) + wrap_up))

    def average(self, now: datetime) -> timedelta | None:
        """Of the calls in the window; None when they are too few to tell."""
        recent = [took for ended, took in self._calls if ended > now - self._rules.window]
        if len(recent) < self._rules.least_calls:
            return None
        return sum(recent, timedelta()) / len(recent)

    def expected_wait(self, place: int, agents: int, now: datetime) -> timedelta | None:
        """For the caller at ``place`` (the first is 1); None when it cannot be told."""
        average = self.average(now)
        if average is None or agents < 1 or place < 1:
            return None
        wait = average * place / agents
        return wait if wait <= self._rules.longest else None


class WaitEstimates:
    """Expected waits of those who wait now."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def of(self, call_id: str) -> float | None:
        """Seconds; None when it cannot be told.

        Counted are the agents at work who serve this caller, and everybody before in the line whom
        one of these agents serves too.
        """
        exchange = self._exchange
        waiting = exchange.line.get(call_id)
        if waiting is None:
            return None
        agents = self._at_work(waiting.queue)
        place = 1
        for other in exchange.line.in_order():
            if other.call_id == call_id:
                break
            queue = exchange.queues.queue(other.queue)
            place += any(serves(agent, queue, exchange.queues) for agent in agents)
        expected = exchange.handling.expected_wait(place, len(agents), exchange.clock.now())
        return expected.total_seconds() if expected is not None else None

    def _at_work(self, queue: str) -> list[Agent]:
        rules = self._exchange.queues
        return [
            agent
            for agent in self._exchange.board
            if is_at_work(agent) and serves(agent, rules.queue(queue), rules)
        ]
