"""Random lives of a floor with queues and skills: one to one, and nobody able stands idle."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from config.queues import load_queues
from models.clock import ManualClock
from models.vocabulary import AgentState, PriorityReason
from telephony.agents import CHOSEN, IN_CALL, Agent
from telephony.distribution import Waiting, WaitingLine, distribute, level_of, open_groups
from telephony.presence import PresenceBoard
from tests.telephony.test_distribution import START

pytestmark = pytest.mark.unit

RULES = load_queues()
SKILLS = {
    "plain": {},
    "general": {"general": 1, "elderly": 2},
    "expert": {"market": 1, "general": 4},
    "dialect": {"dialect": 1},
}
QUEUES = ("general", "market", "elderly", "dialect", "abolished")
POINTS = [RULES.points((reason,)) for reason in PriorityReason] + [0]


class SkilledFloor(RuleBasedStateMachine):
    """What happens to callers of several queues and agents of several skills."""

    @initialize()
    def open(self) -> None:
        self.clock = ManualClock(START)
        self.board = PresenceBoard(self.clock, lambda before, after: None, RULES.agents)
        self.line = WaitingLine(RULES, self.clock)
        self.given: dict[str, str] = {}
        self.came: dict[str, Waiting] = {}
        self.again: datetime | None = None
        for name, skills in SKILLS.items():
            self.board.phone(f"10{name}", True)
            self.board.sign_in(name, name, f"10{name}", skills)

    def _give(self, call_id: str, agent: Agent) -> None:
        assert call_id not in self.given, "one call to two agents"
        assert agent.agent_id not in self.given.values(), "two calls to one agent"
        self.given[call_id] = agent.agent_id

    def _distribute(self) -> None:
        now = self.clock.now()
        self.again = distribute(self.line, self.board, RULES, now, self._give)
        assert self.again is None or self.again > now
        for waiting in self.line.in_order():
            idle = [agent.agent_id for agent in self.board if agent.free]
            assert not self._able(waiting).intersection(idle), "waits while somebody able is free"

    def _able(self, waiting: Waiting) -> set[str]:
        """Who could serve this caller now, said anew from the rules."""
        here = [agent for agent in self.board if agent.state is not AgentState.OFFLINE]
        staffed = {code for agent in here for code in (agent.skills or RULES.default_skills)}
        waited = waiting.waited(self.clock.now())
        opened = open_groups(RULES.queue(waiting.queue), waited, staffed)
        return {
            agent.agent_id
            for agent in here
            if any(level_of(agent, group, RULES) for group in opened)
        }

    @rule(queue=st.sampled_from(QUEUES), points=st.sampled_from(POINTS))
    def caller_comes(self, queue: str, points: int) -> None:
        call_id = f"call-{len(self.came)}"
        self.line.add(call_id, self.clock.now(), queue=queue, priority=points)
        waiting = self.line.get(call_id)
        assert waiting is not None
        self.came[call_id] = waiting
        self._distribute()

    @rule(data=st.data())
    def ring_is_missed(self, data: st.DataObject) -> None:
        if self.given:
            call_id = data.draw(st.sampled_from(sorted(self.given)))
            waiting, agent = self.came[call_id], self.given.pop(call_id)
            self.board.release(agent, call_id, AgentState.BUSY, "未接来电")
            self.line.add(call_id, waiting.since, queue=waiting.queue, priority=waiting.priority)
            self._distribute()

    @rule(data=st.data())
    def talk_ends(self, data: st.DataObject) -> None:
        if self.given:
            call_id = data.draw(st.sampled_from(sorted(self.given)))
            agent = self.given.pop(call_id)
            self.board.move(agent, call_id, AgentState.TALKING)
            lasting = timedelta(seconds=60)
            self.board.release(agent, call_id, AgentState.WRAP_UP, lasting=lasting, talked=True)
            self._distribute()

    @rule(agent=st.sampled_from(sorted(SKILLS)), state=st.sampled_from(sorted(CHOSEN)))
    def agent_chooses(self, agent: str, state: AgentState) -> None:
        present = self.board.get(agent)
        if present and present.state not in IN_CALL | {AgentState.OFFLINE}:
            self.board.choose(agent, state)
            self._distribute()

    @rule(agent=st.sampled_from(sorted(SKILLS)))
    def agent_goes_home_or_comes(self, agent: str) -> None:
        present = self.board.get(agent)
        assert present is not None
        if present.state is AgentState.OFFLINE:
            self.board.sign_in(agent, agent, f"10{agent}", SKILLS[agent])
        elif present.state not in IN_CALL:
            self.board.sign_out(agent)
        self._distribute()

    @rule()
    def time_passes_until_something_opens(self) -> None:
        if self.again is not None:
            self.clock.advance(self.again - self.clock.now())
        else:
            self.clock.advance(timedelta(seconds=7))
        self.board.tick()
        self._distribute()

    @invariant()
    def calls_and_agents_are_one_to_one(self) -> None:
        busy = {agent.call_id: agent.agent_id for agent in self.board if agent.state in IN_CALL}
        assert busy == self.given
        assert not set(self.line) & set(self.given)

    @invariant()
    def places_are_counted_without_gaps(self) -> None:
        for queue in RULES.queues:
            places = [self.line.position(one.call_id) for one in self.line.of(queue)]
            assert places == list(range(1, len(places) + 1))


SkilledFloor.TestCase.settings = settings(
    max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSkilledFloor = SkilledFloor.TestCase
