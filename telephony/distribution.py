"""Who waits, and who gets the next call. Pure: nothing here speaks to anybody.

A caller has points: those of the queue, those of the reasons why this caller goes before others,
and some for each minute of waiting, so that nobody waits for ever behind callers with more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config.queues import WORST_LEVEL, Queue, QueueRules
from models.clock import Clock
from models.vocabulary import AgentState, QueueStrategy
from telephony.agents import Agent
from telephony.presence import PresenceBoard


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One caller in the line."""

    call_id: str
    #: When the caller first came; kept by one who could not be connected.
    since: datetime
    queue: str = ""
    priority: int = 0
    #: Who has talked to this caller lately.
    last_agent: str | None = None
    #: Of a caller whom another process holds: since when we know. Only that process gives an agent.
    elsewhere: datetime | None = None

    def waited(self, now: datetime) -> float:
        """Seconds."""
        return (now - self.since).total_seconds()


class WaitingLine:
    """Callers of all queues, whoever is next first.

    :param for_others: how long an agent is left to another process whose caller comes first.
    """

    def __init__(
        self, rules: QueueRules, clock: Clock, for_others: timedelta = timedelta()
    ) -> None:
        self.for_others = for_others
        self._rules = rules
        self._clock = clock
        self._waiting: dict[str, Waiting] = {}

    def __iter__(self) -> Iterator[str]:
        return (one.call_id for one in self.in_order())

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, call_id: object) -> bool:
        return call_id in self._waiting

    def in_order(self) -> list[Waiting]:
        """Everybody, by points and then by time of coming."""
        now = self._clock.now()
        return sorted(
            self._waiting.values(),
            key=lambda one: (-self._points(one, now), one.since, one.call_id),
        )

    def of(self, queue: str) -> list[Waiting]:
        """Those of one queue, in order."""
        return [one for one in self.in_order() if one.queue == queue]

    def get(self, call_id: str) -> Waiting | None:
        """A caller who waits."""
        return self._waiting.get(call_id)

    def positions(self) -> dict[str, int]:
        """Everybody's place in the own queue, from 1."""
        places: dict[str, int] = {}
        count: dict[str, int] = {}
        for one in self.in_order():
            places[one.call_id] = count[one.queue] = count.get(one.queue, 0) + 1
        return places

    def position(self, call_id: str) -> int:
        """Place in the own queue, from 1; 0 for one who does not wait."""
        waiting = self._waiting.get(call_id)
        return self.positions()[call_id] if waiting else 0

    def add(
        self,
        call_id: str,
        since: datetime,
        *,
        queue: str = "",
        priority: int = 0,
        last_agent: str | None = None,
    ) -> None:
        """Begin to wait, or go back to the old place, or change queue or priority."""
        self._waiting[call_id] = Waiting(
            call_id=call_id,
            since=since,
            queue=self._rules.queue(queue).code,
            priority=priority,
            last_agent=last_agent,
        )

    def remove(self, call_id: str) -> None:
        """Wait no longer."""
        self._waiting.pop(call_id, None)

    def learn_elsewhere(self, others: Iterable[Waiting]) -> bool:
        """Who waits at other processes now; whether that is news."""
        known = {one.call_id: one for one in self._waiting.values() if one.elsewhere}
        now = self._clock.now()
        fresh = {
            one.call_id: replace(one, elsewhere=getattr(known.get(one.call_id), "elsewhere", now))
            for one in others
            if one.call_id in known or one.call_id not in self._waiting
        }
        for call_id in known:
            del self._waiting[call_id]
        self._waiting |= fresh
        return fresh != known

    def _points(self, one: Waiting, now: datetime) -> float:
        weights = self._rules.queue(one.queue).weights
        own = weights.base + one.priority + weights.per_minute * one.waited(now) / 60
        return weights.share * own


def level_of(agent: Agent, group: str, rules: QueueRules) -> int:
    """The agent's level in a skill group; 0: not a member."""
    skills = agent.skills or rules.default_skills
    return skills.get(group, 0)


def serves(agent: Agent, queue: Queue, rules: QueueRules) -> bool:
    """Whether the agent may get callers of this queue, sooner or later."""
    return any(level_of(agent, step.code, rules) for step in queue.groups)


def open_groups(queue: Queue, waited: float, staffed: set[str]) -> list[str]:
    """Groups that serve one who has waited so long: also the next while nobody is there before."""
    opened: list[str] = []
    for step in queue.groups:
        if step.after <= waited or not staffed.intersection(opened):
            opened.append(step.code)
    return opened


def distribute(
    line: WaitingLine,
    board: PresenceBoard,
    rules: QueueRules,
    now: datetime,
    give: Callable[[str, Agent], None],
    *,
    everybody: bool = False,
) -> datetime | None:
    """Give waiting callers to free agents. Returns when to look again, if nothing else happens.

    ``everybody``: agents of all groups serve all queues, those of the queue's own groups first.

    ``give(call_id, agent)`` is called after the agent was reserved and the caller left the line.
    It must not await: nobody may run in between.
    """
    return _Round(line, board, rules, now, everybody).run(give)


class _Round:
    """One look at who waits and who is free."""

    def __init__(
        self,
        line: WaitingLine,
        board: PresenceBoard,
        rules: QueueRules,
        now: datetime,
        everybody: bool,
    ) -> None:
        self._line = line
        self._board = board
        self._rules = rules
        self._now = now
        self._everybody = everybody
        self._free = {agent.agent_id: agent for agent in board if agent.free}
        self._staffed = _staffed(board, rules)

    def run(self, give: Callable[[str, Agent], None]) -> datetime | None:
        """See :func:`distribute`."""
        again: list[datetime] = []
        for waiting in self._line.in_order() if self._free else ():
            agent = self._choose(waiting)
            if agent is not None and waiting.elsewhere is not None:
                again += self._leave_to_others(agent, waiting.elsewhere)
            elif agent is not None and self._board.reserve(agent.agent_id, waiting.call_id):
                del self._free[agent.agent_id]
                self._line.remove(waiting.call_id)
                give(waiting.call_id, agent)
                if not self._free:
                    return None  # whoever becomes free brings us back
            else:
                again += self._changes(waiting)
        return min(again, default=None)

    def _leave_to_others(self, agent: Agent, known: datetime) -> list[datetime]:
        """Another process should give this agent a caller of its own, who comes first. When it
        does not, ours are not kept waiting for ever.
        """
        until = max(agent.since, known) + self._line.for_others
        if until <= self._now:
            return []
        del self._free[agent.agent_id]
        return [until]

    def _choose(self, waiting: Waiting) -> Agent | None:
        queue = self._rules.queue(waiting.queue)
        last = self._board.get(waiting.last_agent or "")
        if last is not None and serves(last, queue, self._rules):
            if last.agent_id in self._free:
                return self._free[last.agent_id]
            if self._worth_waiting(last, waiting):
                return None
        opened = open_groups(queue, waiting.waited(self._now), self._staffed)
        if self._everybody:
            own = [*opened, *(step.code for step in queue.groups)]
            opened = list(dict.fromkeys([*own, *self._rules.groups]))
        return choose(queue.strategy, self._free.values(), opened, self._rules)

    def _worth_waiting(self, last: Agent, waiting: Waiting) -> bool:
        """The agent of the last time is ready; only the phone is just registering again."""
        patience = self._rules.same_agent.patience
        return last.state is AgentState.READY and waiting.waited(self._now) < patience

    def _changes(self, waiting: Waiting) -> list[datetime]:
        """When time alone will open more to this caller."""
        waited = waiting.waited(self._now)
        queue = self._rules.queue(waiting.queue)
        moments = [step.after for step in queue.groups]
        if waiting.last_agent is not None:
            moments.append(self._rules.same_agent.patience)
        return [waiting.since + timedelta(seconds=one) for one in moments if one > waited]


def _staffed(board: Iterable[Agent], rules: QueueRules) -> set[str]:
    """Groups of which somebody is signed in."""
    here = [agent for agent in board if agent.state is not AgentState.OFFLINE]
    return {code for agent in here for code in (agent.skills or rules.default_skills)}


def choose(
    strategy: QueueStrategy, free: Iterable[Agent], groups: list[str], rules: QueueRules
) -> Agent | None:
    """The agent for the next caller: of the earliest group, and there as the queue wants it."""
    ranked = [(_rank(agent, strategy, groups, rules), agent) for agent in free]
    able = [(rank, agent) for rank, agent in ranked if rank is not None]
    return min(able, key=lambda pair: pair[0])[1] if able else None


def _rank(
    agent: Agent, strategy: QueueStrategy, groups: list[str], rules: QueueRules
) -> tuple[int, int, datetime, str] | None:
    """Lower is better; None: not able."""
    for place, group in enumerate(groups):
        level = level_of(agent, group, rules)
        if level:
            wanted = {
                QueueStrategy.LONGEST_IDLE: 0,
                QueueStrategy.LEAST_CALLS: agent.calls_today,
                QueueStrategy.BEST_SKILL: min(level, WORST_LEVEL),
            }[strategy]
            return place, wanted, agent.idle_since, agent.agent_id
    return None
