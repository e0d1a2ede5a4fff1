"""Who gets the next call: strategies, skills, overflow, priority, waiting time, the same agent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.queues import GroupStep, Queue, QueueRules, load_queues
from models.clock import ManualClock
from models.vocabulary import AgentState, PriorityReason, QueueStrategy
from telephony.agents import Agent
from telephony.distribution import Waiting, WaitingLine, distribute
from telephony.floor_view import kept_places
from telephony.presence import PresenceBoard

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SHIPPED = load_queues()


class Floor:
    """A line and a board; ``given`` keeps who got whom, in order."""

    def __init__(self, rules: QueueRules = SHIPPED) -> None:
        self.rules = rules
        self.clock = ManualClock(START)
        self.board = PresenceBoard(self.clock, lambda before, after: None)
        self.line = WaitingLine(rules, self.clock)
        self.given: list[tuple[str, str]] = []

    def agent(self, name: str, *, ready: bool = True, calls: int = 0, **skills: int) -> None:
        """Someone signs in; each a second after the one before."""
        self.board.phone(f"10{name}", True)
        self.board.sign_in(name, name, f"10{name}", skills, calls)
        if ready:
            self.board.choose(name, AgentState.READY)
        self.pass_time(1)

    def caller(self, call_id: str, queue: str = "general", **how: object) -> None:
        """Someone begins to wait."""
        self.line.add(call_id, self.clock.now(), queue=queue, **how)  # type: ignore[arg-type]

    def pass_time(self, seconds: float) -> None:
        """Nothing but time."""
        self.clock.advance(timedelta(seconds=seconds))

    def go(self) -> datetime | None:
        """Distribute."""
        return distribute(self.line, self.board, self.rules, self.clock.now(), self._give)

    def _give(self, call_id: str, agent: Agent) -> None:
        self.given.append((call_id, agent.agent_id))


def with_queue(code: str, **changes: object) -> QueueRules:
    """The shipped rules with one queue changed."""
    queue: Queue = replace(SHIPPED.queues[code], **changes)  # type: ignore[arg-type]
    return replace(SHIPPED, queues={**SHIPPED.queues, code: queue})


def test_the_longest_idle_gets_the_call_whoever_answered_less() -> None:
    floor = Floor()
    floor.agent("idle", calls=9, general=5)
    floor.agent("fresh", calls=0, general=1)
    floor.caller("x")
    floor.go()
    assert floor.given == [("x", "idle")]


def test_least_calls_today_counts_before_idleness() -> None:
    floor = Floor(with_queue("general", strategy=QueueStrategy.LEAST_CALLS))
    floor.agent("busy", calls=3, general=1)
    floor.agent("spared", calls=1, general=5)
    floor.caller("x")
    floor.go()
    assert floor.given == [("x", "spared")]


def test_a_call_that_was_answered_counts_for_the_day_and_no_longer() -> None:
    floor = Floor(with_queue("general", strategy=QueueStrategy.LEAST_CALLS))
    floor.agent("first", general=1)
    floor.agent("second", general=1)
    assert floor.board.reserve("first", "a")
    floor.board.move("first", "a", AgentState.TALKING)
    floor.board.move("first", "a", AgentState.HOLD)
    floor.board.move("first", "a", AgentState.TALKING)
    floor.board.release("first", "a", AgentState.READY)
    assert floor.board.need("first").calls_today == 1
    floor.caller("x")
    floor.go()
    assert floor.given == [("x", "second")]
    floor.pass_time(24 * 3600)
    floor.board.tick()
    assert floor.board.need("first").calls_today == 0


def test_the_best_skill_goes_first_and_idleness_decides_between_equals() -> None:
    floor = Floor()
    floor.agent("able", market=3)
    floor.agent("expert", market=1)
    floor.agent("second_expert", market=1)
    for call_id in ("x", "y", "z"):
        floor.caller(call_id, "market")
        floor.pass_time(1)
    floor.go()
    assert floor.given == [("x", "expert"), ("y", "second_expert"), ("z", "able")]


def test_who_has_no_skill_for_a_queue_gets_none_of_its_calls() -> None:
    floor = Floor()
    floor.agent("dialect_only", dialect=1)
    floor.caller("x", "general")
    floor.go()
    assert floor.given == []
    floor.caller("y", "dialect")
    floor.go()
    assert floor.given == [("y", "dialect_only")]


def test_who_was_given_no_skills_has_those_of_everybody() -> None:
    floor = Floor()
    floor.agent("plain")
    floor.caller("x", "general")
    floor.go()
    assert floor.given == [("x", "plain")]


def test_a_caller_overflows_to_the_next_group_when_the_time_has_come() -> None:
    floor = Floor()
    floor.agent("expert", ready=False, market=1)
    floor.agent("general", general=1)
    floor.caller("x", "market")
    again = floor.go()
    assert floor.given == []
    assert again == floor.clock.now() + timedelta(seconds=20), "looks again when the step is due"
    floor.pass_time(19.9)
    floor.go()
    assert floor.given == []
    floor.pass_time(0.1)
    assert floor.go() is None
    assert floor.given == [("x", "general")]


def test_after_the_overflow_the_own_group_still_comes_first() -> None:
    floor = Floor()
    floor.agent("general", general=1)
    floor.agent("expert", market=9)
    floor.line.add("x", START - timedelta(seconds=60), queue="market")
    floor.go()
    assert floor.given == [("x", "expert")]


def test_nobody_waits_for_a_group_of_which_nobody_is_there() -> None:
    floor = Floor()
    floor.agent("general", general=1)
    floor.caller("x", "market")
    floor.go()
    assert floor.given == [("x", "general")]


def test_priority_goes_before_time_of_coming() -> None:
    floor = Floor()
    floor.caller("plain")
    floor.pass_time(30)
    floor.caller("elder", priority=SHIPPED.points((PriorityReason.ELDERLY,)))
    floor.pass_time(30)
    floor.caller("danger", priority=SHIPPED.points((PriorityReason.EMERGENCY_WORDS,)))
    assert list(floor.line) == ["danger", "elder", "plain"]
    assert [floor.line.position(one) for one in ("danger", "elder", "plain")] == [1, 2, 3]


def test_nobody_starves_behind_callers_with_points() -> None:
    """Elders come without end; the one who came first of all is served all the same."""
    floor = Floor()
    points = SHIPPED.points((PriorityReason.ELDERLY,))
    floor.caller("plain")
    floor.agent("only", general=1)
    for number in range(20):
        floor.caller(f"elder-{number}", priority=points)
        floor.go()
        call_id, agent = floor.given[-1]
        floor.pass_time(60)
        floor.board.release(agent, call_id, AgentState.READY)
        if call_id == "plain":
            break
    assert floor.given[-1] == ("plain", "only")
    assert len(floor.given) <= 5


def test_of_two_queues_the_heavier_one_is_served_first() -> None:
    floor = Floor()
    floor.caller("general")
    floor.caller("elder", "elderly")
    floor.agent("both", general=1, elderly=1)
    floor.go()
    assert floor.given == [("elder", "both")]


def test_positions_are_those_of_the_own_queue() -> None:
    floor = Floor()
    for call_id, queue in (("a", "general"), ("b", "market"), ("c", "general")):
        floor.caller(call_id, queue)
        floor.pass_time(1)
    assert [floor.line.position(one) for one in ("a", "b", "c", "gone")] == [1, 1, 2, 0]


def test_the_agent_of_the_last_time_is_preferred() -> None:
    floor = Floor()
    floor.agent("idle", general=1)
    floor.agent("known", general=5)
    floor.caller("x", last_agent="known")
    floor.go()
    assert floor.given == [("x", "known")]


def test_the_known_agent_of_a_later_group_is_preferred_at_once() -> None:
    floor = Floor()
    floor.agent("expert", market=1)
    floor.agent("known", general=1)
    floor.caller("x", "market", last_agent="known")
    floor.go()
    assert floor.given == [("x", "known")]


@pytest.mark.parametrize("state", [AgentState.BUSY, AgentState.REST])
def test_nobody_waits_for_a_known_agent_who_is_not_ready(state: AgentState) -> None:
    floor = Floor()
    floor.agent("other", general=1)
    floor.agent("known", general=1)
    floor.board.choose("known", state)
    floor.caller("x", last_agent="known")
    floor.go()
    assert floor.given == [("x", "other")]


def test_a_known_agent_whose_phone_reconnects_is_waited_for_a_moment() -> None:
    floor = Floor()
    floor.agent("other", general=1)
    floor.agent("known", general=1)
    floor.board.phone("10known", False)
    floor.caller("x", last_agent="known")
    again = floor.go()
    assert floor.given == []
    assert again == floor.clock.now() + timedelta(seconds=SHIPPED.same_agent.patience)
    floor.pass_time(SHIPPED.same_agent.patience)
    floor.go()
    assert floor.given == [("x", "other")]


def test_a_known_agent_who_serves_another_queue_only_is_left_alone() -> None:
    floor = Floor()
    floor.agent("known", dialect=1)
    floor.agent("other", general=1)
    floor.caller("x", last_agent="known")
    floor.go()
    assert floor.given == [("x", "other")]


def test_the_order_of_a_file_that_was_changed_does_not_lose_callers() -> None:
    """A queue that is no more: its callers wait in the first one."""
    floor = Floor()
    floor.caller("x", "abolished")
    floor.agent("a", general=1)
    floor.go()
    assert floor.given == [("x", "a")]


def test_overflow_steps_may_be_written_in_any_order() -> None:
    steps = (GroupStep(code="general", after=0), GroupStep(code="market", after=5))
    floor = Floor(with_queue("general", groups=steps))
    floor.agent("general", ready=False, general=1)
    floor.agent("market", market=1)
    floor.caller("x")
    floor.pass_time(5)
    floor.go()
    assert floor.given == [("x", "market")]


def test_each_has_answered_a_call_once_however_it_came() -> None:
    """A colleague who is only asked has not; one to whom it is handed on has, as has the leader."""
    floor = Floor()
    for name in ("first", "asked", "leader"):
        floor.agent(name, general=1)
    board = floor.board

    def calls() -> list[int]:
        return [board.need(one).calls_today for one in ("first", "asked", "leader")]

    board.reserve("first", "a")
    board.move("first", "a", AgentState.TALKING)
    board.move("first", "a", AgentState.CONSULT)
    board.invite("asked", "a")
    board.move("asked", "a", AgentState.CONSULT)
    assert calls() == [1, 0, 0]
    board.release("first", "a", AgentState.WRAP_UP)
    board.move("asked", "a", AgentState.TALKING)
    assert calls() == [1, 1, 0]
    board.release("asked", "a", AgentState.READY)
    board.hand_over("leader", "a", AgentState.TALKING)
    assert calls() == [1, 1, 1]
    board.release("leader", "a", AgentState.READY)
    board.invite("first", "a", wrapping_up=True, counts=False)
    board.move("first", "a", AgentState.TALKING)
    assert calls() == [1, 1, 1], "it came back"


def test_a_call_to_a_citizen_is_none_that_was_answered() -> None:
    floor = Floor()
    floor.agent("caller", general=1)
    floor.agent("asked", general=1)
    floor.board.call_out("caller", "out")
    for state in (AgentState.TALKING, AgentState.CONSULT, AgentState.TALKING):
        floor.board.move("caller", "out", state)
    floor.board.invite("asked", "out", counts=False)
    floor.board.move("asked", "out", AgentState.CONSULT)
    floor.board.move("asked", "out", AgentState.CONFERENCE)
    assert [one.calls_today for one in floor.board] == [0, 0]


def test_places_of_booked_call_backs_are_told_apart_from_callers() -> None:
    floor = Floor()
    floor.caller("here")
    floor.caller("booked")
    floor.caller("booked too", "market")
    floor.line.learn_elsewhere([Waiting(call_id="at another process", since=START)])
    assert kept_places(floor.line, {"here"}) == {"general": 1, "market": 1}
