"""The place that a caller is told: among all who wait for the same agents, whatever was dialled."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from config.waiting import load_waiting
from models.vocabulary import AgentState
from telephony.exchange import Exchange
from telephony.expected_wait import Expected, HandlingTimes, WaitEstimates
from tests.telephony.test_strategies import SHIPPED, Floor

pytestmark = pytest.mark.unit


def told(floor: Floor, *, surge: bool = False) -> dict[str, int]:
    """Everybody's place."""
    estimates = estimates_of(floor, surge=surge)
    return {call_id: estimates.of(call_id).place for call_id in floor.line}


def estimates_of(floor: Floor, *, surge: bool = False) -> WaitEstimates:
    """Those of this line and these agents."""
    handling = HandlingTimes(load_waiting().expected_wait)
    front = SimpleNamespace(surge=SimpleNamespace(all_serve_all=surge))
    parts = {"board": floor.board, "line": floor.line, "queues": SHIPPED, "clock": floor.clock}
    return WaitEstimates(cast("Exchange", SimpleNamespace(**parts, handling=handling, front=front)))


def waiting(*queues: str) -> Floor:
    """One caller after the other, named by when they came; nobody is signed in."""
    floor = Floor()
    for number, queue in enumerate(queues, start=1):
        floor.caller(f"{number}", queue)
        floor.pass_time(1)
    return floor


def test_who_dialled_a_merged_line_is_not_next_while_others_wait_for_the_same_agents() -> None:
    floor = waiting("general", "general", "market")
    floor.agent("plain")
    assert told(floor) == {"1": 1, "2": 2, "3": 3}


def test_who_waits_for_other_agents_only_does_not_count() -> None:
    floor = waiting("general", "dialect", "general")
    floor.agent("plain", ready=False, market=1)
    floor.agent("other", ready=False, dialect=1)
    assert told(floor) == {"1": 1, "2": 1, "3": 2}


def test_an_agent_of_two_groups_joins_their_queues() -> None:
    floor = waiting("market", "law")
    floor.agent("both", market=1, law=2)
    assert told(floor) == {"1": 1, "2": 2}


def test_agents_who_take_a_break_count_when_nobody_is_at_work() -> None:
    floor = waiting("general", "market")
    floor.agent("expert", ready=False, market=1)
    floor.agent("general", ready=False, general=1)
    floor.board.choose("expert", AgentState.REST)
    floor.board.choose("general", AgentState.REST)
    assert told(floor) == {"1": 1, "2": 2}


def test_with_nobody_signed_in_queues_with_a_common_group_are_one_line() -> None:
    assert told(waiting("general", "market", "dialect")) == {"1": 1, "2": 2, "3": 3}


def test_in_a_surge_everybody_serves_all_and_there_is_one_line() -> None:
    floor = waiting("law", "dialect")
    floor.agent("lawyer", law=1)
    floor.agent("native", dialect=1)
    assert told(floor) == {"1": 1, "2": 1}
    assert told(floor, surge=True) == {"1": 1, "2": 2}


def test_one_who_does_not_wait_has_no_place() -> None:
    assert estimates_of(Floor()).of("gone") == Expected(place=0, wait=None)
