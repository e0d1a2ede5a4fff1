"""Two agents never get one call, nor one agent two; who came first is served first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from config.queues import load_queues
from models.clock import ManualClock
from models.errors import TransitionRefused
from models.vocabulary import AgentState, QueueStrategy
from telephony.agents import CHOSEN, IN_CALL, Agent
from telephony.distribution import WaitingLine, choose, distribute
from telephony.presence import PresenceBoard

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
AGENTS = ["a", "b", "c"]
RULES = load_queues()


def board_of(*names: str) -> tuple[PresenceBoard, ManualClock]:
    clock = ManualClock(START)
    board = PresenceBoard(clock, lambda before, after: None)
    for name in names:
        board.phone(f"10{name}", True)
        board.sign_in(name, name, f"10{name}")
        board.choose(name, AgentState.READY)
        clock.advance(timedelta(seconds=1))
    return board, clock


def longest_idle(board: PresenceBoard) -> Agent | None:
    free = [agent for agent in board if agent.free]
    return choose(QueueStrategy.LONGEST_IDLE, free, ["general"], RULES)


def test_the_longest_idle_is_chosen() -> None:
    board, clock = board_of("a", "b")
    assert board.reserve("a", "x")
    board.release("a", "x", AgentState.READY, talked=True)
    assert longest_idle(board) == board.get("b")
    clock.advance(timedelta(seconds=5))
    assert board.reserve("b", "y")
    board.release("b", "y", AgentState.READY, talked=True)
    assert longest_idle(board) == board.get("a")


def test_a_ring_that_nobody_answered_does_not_count_as_a_call() -> None:
    board, _ = board_of("a", "b")
    assert board.reserve("a", "x")
    board.release("a", "x", AgentState.READY)
    assert longest_idle(board) == board.get("a")


def test_nobody_is_free() -> None:
    board, _ = board_of()
    assert longest_idle(board) is None


def test_an_old_place_in_the_line_is_kept() -> None:
    line = WaitingLine(RULES, ManualClock(START))
    line.add("first", START)
    line.add("second", START + timedelta(seconds=1))
    line.remove("first")
    line.add("third", START + timedelta(seconds=2))
    line.add("first", START)
    assert list(line) == ["first", "second", "third"]


class Floor(RuleBasedStateMachine):
    """Whatever happens in whatever order, calls and agents stay one to one."""

    @initialize()
    def open(self) -> None:
        self.board, self.clock = board_of(*AGENTS)
        self.line = WaitingLine(RULES, self.clock)
        self.came: dict[str, datetime] = {}
        #: Call → agent, kept by what was given and taken, not by the board.
        self.given: dict[str, str] = {}
        self.count = 0

    def _distribute(self) -> None:
        before = list(self.line)
        served: list[str] = []

        def give(call_id: str, agent: Agent) -> None:
            assert call_id not in self.given, "one call to two agents"
            assert agent.agent_id not in self.given.values(), "two calls to one agent"
            self.given[call_id] = agent.agent_id
            served.append(call_id)

        distribute(self.line, self.board, RULES, self.clock.now(), give)
        assert served == before[: len(served)], "not in the order of coming"
        free = [agent for agent in self.board if agent.free]
        assert not free or not len(self.line), "somebody waits while somebody is free"

    @rule()
    def caller_comes(self) -> None:
        self.clock.advance(timedelta(seconds=1))
        self.count += 1
        call_id = f"call-{self.count}"
        self.came[call_id] = self.clock.now()
        self.line.add(call_id, self.came[call_id])
        self._distribute()

    @rule(data=st.data())
    def caller_leaves(self, data: st.DataObject) -> None:
        if self.came:
            call_id = data.draw(st.sampled_from(sorted(self.came)))
            self.line.remove(call_id)
            agent = self.given.pop(call_id, None)
            self.board.release(agent, call_id, AgentState.READY)
            del self.came[call_id]
            self._distribute()

    @rule(data=st.data(), answered=st.booleans())
    def ring_ends(self, data: st.DataObject, answered: bool) -> None:
        if self.given:
            call_id = data.draw(st.sampled_from(sorted(self.given)))
            agent = self.given[call_id]
            if answered:
                self.board.move(agent, call_id, AgentState.TALKING)
            else:
                del self.given[call_id]
                self.board.release(agent, call_id, AgentState.BUSY, "未接来电")
                self.line.add(call_id, self.came[call_id])
            self._distribute()

    @rule(agent=st.sampled_from(AGENTS), state=st.sampled_from(sorted(CHOSEN)))
    def agent_chooses(self, agent: str, state: AgentState) -> None:
        before = self.board.get(agent)
        assert before is not None
        try:
            self.board.choose(agent, state)
        except TransitionRefused:
            assert before.state in IN_CALL or before.state is AgentState.OFFLINE
        self._distribute()

    @rule(agent=st.sampled_from(AGENTS), online=st.booleans())
    def phone_changes(self, agent: str, online: bool) -> None:
        self.board.phone(f"10{agent}", online)
        self._distribute()

    @rule(agent=st.sampled_from(AGENTS), out=st.booleans())
    def agent_signs(self, agent: str, out: bool) -> None:
        if not out:
            self.board.sign_in(agent, agent, f"10{agent}")
        elif agent not in self.given.values():
            self.board.sign_out(agent)
        self._distribute()

    @invariant()
    def calls_and_agents_are_one_to_one(self) -> None:
        busy = {agent.agent_id: agent.call_id for agent in self.board if agent.state in IN_CALL}
        assert busy == {agent: call_id for call_id, agent in self.given.items()}
        assert not set(self.line) & set(self.given)


Floor.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestFloor = Floor.TestCase
