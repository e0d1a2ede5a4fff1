"""What agents may do, and what the clock does to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.clock import ManualClock
from models.errors import TransitionRefused
from models.vocabulary import AgentState
from telephony.presence import CHOSEN, Agent, PresenceBoard

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Desk:
    """A board with one agent, and everything it told."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.told: list[Agent] = []
        self.board = PresenceBoard(self.clock, lambda before, after: self.told.append(after))
        self.board.sign_in("a", "王芳", "1001")
        self.board.phone("1001", True)

    @property
    def agent(self) -> Agent:
        return self.board.need("a")

    def ready(self) -> None:
        self.board.choose("a", AgentState.READY)


def test_signing_in_makes_busy_and_again_changes_nothing() -> None:
    desk = Desk()
    assert (desk.agent.state, desk.agent.reason) == (AgentState.BUSY, "签入")
    desk.ready()
    desk.clock.advance(timedelta(minutes=5))
    desk.board.sign_in("a", "王芳", "1001")
    assert desk.agent.state is AgentState.READY
    assert desk.agent.since == START


def test_a_call_goes_through_ringing_talking_and_wrap_up() -> None:
    desk = Desk()
    desk.ready()
    assert desk.board.reserve("a", "call-1")
    assert not desk.board.reserve("a", "call-2")
    assert desk.board.move("a", "call-1", AgentState.TALKING)
    desk.clock.advance(timedelta(minutes=3))
    desk.board.release(
        "a", "call-1", AgentState.WRAP_UP, lasting=timedelta(seconds=60), talked=True
    )
    assert desk.agent.until == START + timedelta(minutes=4)
    assert desk.agent.idle_since == START + timedelta(minutes=3)
    desk.clock.advance(timedelta(seconds=59))
    desk.board.wrap_up_over("a")
    assert desk.agent.state is AgentState.WRAP_UP
    desk.clock.advance(timedelta(seconds=1))
    desk.board.wrap_up_over("a")
    assert desk.agent.state is AgentState.READY
    assert desk.agent.until is None


def test_another_calls_end_does_not_touch_the_agent() -> None:
    desk = Desk()
    desk.ready()
    desk.board.reserve("a", "call-1")
    desk.board.release("a", "call-2", AgentState.READY)
    assert not desk.board.move("a", "call-2", AgentState.TALKING)
    assert (desk.agent.state, desk.agent.call_id) == (AgentState.RINGING, "call-1")


@pytest.mark.parametrize("state", [state for state in AgentState if state not in CHOSEN])
def test_states_of_the_system_cannot_be_chosen(state: AgentState) -> None:
    desk = Desk()
    with pytest.raises(TransitionRefused, match="不能自行切换"):
        desk.board.choose("a", state)


@pytest.mark.parametrize("state", sorted(CHOSEN))
def test_nothing_can_be_chosen_during_a_call(state: AgentState) -> None:
    desk = Desk()
    desk.ready()
    desk.board.reserve("a", "call-1")
    with pytest.raises(TransitionRefused, match="当前为“振铃”"):
        desk.board.choose("a", state)
    with pytest.raises(TransitionRefused, match="不能签出"):
        desk.board.sign_out("a")


def test_choosing_the_same_twice_is_one_change() -> None:
    desk = Desk()
    desk.board.choose("a", AgentState.REST, "喝水")
    count = len(desk.told)
    desk.board.choose("a", AgentState.REST, "喝水")
    assert len(desk.told) == count


def test_who_is_not_signed_in_can_do_nothing() -> None:
    desk = Desk()
    desk.board.sign_out("a")
    desk.board.sign_out("a")
    for agent_id in ("a", "stranger"):
        with pytest.raises(TransitionRefused, match="请先签入"):
            desk.board.choose(agent_id, AgentState.READY)
    assert not desk.board.reserve("a", "call-1")


def test_without_a_phone_no_call() -> None:
    desk = Desk()
    desk.ready()
    desk.board.phone("1001", False)
    assert not desk.board.reserve("a", "call-1")
    with pytest.raises(TransitionRefused, match="电话未在线"):
        desk.board.call_out("a", "call-1")
    assert desk.board.phone("1001", True) is not None
    assert desk.board.phone("1001", True) is None
    assert desk.board.reserve("a", "call-1")


def test_a_phone_known_before_its_agent() -> None:
    board = PresenceBoard(ManualClock(START), lambda before, after: None)
    board.phone("1001", True)
    assert board.sign_in("a", "王芳", "1001").phone_online
