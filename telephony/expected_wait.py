"""What a waiting caller is told: the place, and how long it will probably take.

The place is that among all who wait for the same agents: agents serve several queues, and who is
the first of the own queue may have many before. Pure, but for what it remembers of recent calls.

Each of ``n`` agents at work becomes free once in an average handling time ``h``, so the line moves
one place every ``h / n``: the caller at place ``p`` waits about ``p × h / n``. With too few recent
calls, with nobody at work, or beyond a limit, nothing is said of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from config.waiting import ExpectedWaitRules
from models.vocabulary import AgentState
from telephony.agents import Agent
from telephony.distribution import Waiting, serves

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


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What one who waits can be told."""

    #: From 1; 0 for one who does not wait.
    place: int = 0
    #: Seconds; None when it cannot be told.
    wait: float | None = None


class WaitEstimates:
    """What those who wait now can expect."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def of(self, call_id: str) -> Expected:
        """The place among all who wait for the same agents, of whatever queue, and how long."""
        exchange = self._exchange
        waiting = exchange.line.get(call_id)
        if waiting is None:
            return Expected()
        here = [agent for agent in exchange.board if self._serves(agent, waiting.queue)]
        at_work = [agent for agent in here if is_at_work(agent)]
        place = self._place(waiting, at_work or here)
        wait = exchange.handling.expected_wait(place, len(at_work), exchange.clock.now())
        return Expected(place=place, wait=wait.total_seconds() if wait is not None else None)

    def _serves(self, agent: Agent, queue: str) -> bool:
        """Whether somebody who is signed in gets callers of this queue, sooner or later."""
        rules = self._exchange.queues
        able = self._everybody or serves(agent, rules.queue(queue), rules)
        return able and agent.state is not AgentState.OFFLINE

    def _place(self, waiting: Waiting, agents: list[Agent]) -> int:
        """One after those who stand before in the line, and whom one of ``agents`` serves too."""
        queues, line = self._exchange.queues, self._exchange.line
        beside = {code for code in queues.queues if self._share(waiting.queue, code, agents)}
        before = takewhile(lambda one: one.call_id != waiting.call_id, line.in_order())
        return 1 + sum(queues.queue(one.queue).code in beside for one in before)

    def _share(self, queue: str, other: str, agents: list[Agent]) -> bool:
        """Whether both queues wait for the same agents; with nobody there, for the same groups."""
        if queue == other or agents:
            return queue == other or any(self._serves(agent, other) for agent in agents)
        rules = self._exchange.queues
        groups = {step.code for step in rules.queue(queue).groups}
        return any(step.code in groups for step in rules.queue(other).groups)

    @property
    def _everybody(self) -> bool:
        """In a surge the agents of all groups serve all queues."""
        return self._exchange.front.surge.all_serve_all
