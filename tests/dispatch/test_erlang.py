"""Erlang's formulas: published values, exact arithmetic, and calls that are played through."""

from __future__ import annotations

import heapq
import random
from fractions import Fraction
from math import factorial

import pytest

from dispatch.floor.erlang import (
    Goal,
    blocking,
    mean_wait,
    people_needed,
    seats_needed,
    service_level,
    waiting,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("load", "seats", "published"),
    [
        # Erlang B tables: the load at which so many lines block 1 %.
        (4.461, 10, 0.01),
        (12.03, 20, 0.01),
        (84.06, 100, 0.01),
    ],
)
def test_blocking_agrees_with_published_tables(load: float, seats: int, published: float) -> None:
    assert blocking(load, seats) == pytest.approx(published, rel=2e-3)


@pytest.mark.parametrize(("load", "seats"), [(1, 2), (5, 7), (20, 24), (90, 108)])
def test_waiting_is_what_exact_fractions_say(load: int, seats: int) -> None:
    top = Fraction(load**seats, factorial(seats)) * Fraction(seats, seats - load)
    below = sum((Fraction(load**k, factorial(k)) for k in range(seats)), Fraction(0))
    assert waiting(load, seats) == pytest.approx(float(top / (below + top)), rel=1e-12)


@pytest.mark.parametrize(
    ("calls_a_day", "seats"),
    [(230, 6), (400, 8), (3000, 37), (10_000, 108), (23_000, 249), (70_000, 755), (210_000, 2265)],
)
def test_seats_of_hotlines_of_every_size(calls_a_day: int, seats: int) -> None:
    """Busy hour 11 % of the day, 300 s a call, 95 % in 15 s, at most 85 % busy."""
    load = calls_a_day * 0.11 * 300 / 3600
    assert seats_needed(load, 300, Goal(share=0.95, seconds=15, occupancy_cap=0.85)) == seats


def test_a_small_desk_keeps_80_percent_with_four_seats() -> None:
    load = 230 * 0.11 * 300 / 3600
    assert seats_needed(load, 300, Goal(share=0.8, seconds=15)) == 4


@pytest.mark.parametrize("load", [0.01, 0.7, 3.0, 47.5, 800.0, 4000.0])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_seats_are_the_fewest_that_keep_the_goal(load: float, share: float) -> None:
    goal = Goal(share=share, seconds=15)
    seats = seats_needed(load, 240, goal)
    assert service_level(load, seats, 240, 15) >= share
    assert service_level(load, seats - 1, 240, 15) < share


def test_thousands_of_seats_neither_overflow_nor_stall() -> None:
    assert 0 < waiting(9_900, 10_000) < 1
    assert blocking(1.0, 5_000) == 0
    assert seats_needed(20_000, 300, Goal(share=0.9, seconds=15)) > 20_000


def test_no_load_needs_nobody_and_overload_answers_nobody_in_time() -> None:
    assert seats_needed(0, 300, Goal(share=0.9, seconds=15)) == 0
    assert service_level(5, 5, 300, 15) == 0
    assert mean_wait(5, 5, 300) == float("inf")


def test_shrinkage_needs_more_people_than_seats() -> None:
    assert people_needed(7, 0.3) == 10
    assert people_needed(8, 0.3) == 12
    assert people_needed(0, 0.3) == 0


@pytest.mark.parametrize(("load", "seats"), [(4.0, 6), (27.5, 32)])
def test_calls_played_through_wait_as_the_formula_says(load: float, seats: int) -> None:
    """Chance arrivals, chance lengths, one line, first come first served."""
    chance, handle, calls = random.Random(7), 300.0, 120_000
    free_at = [0.0] * seats
    now, waits = 0.0, []
    for _ in range(calls):
        now += chance.expovariate(load / handle)
        begin = max(now, free_at[0])
        waits.append(begin - now)
        heapq.heapreplace(free_at, begin + chance.expovariate(1 / handle))
    in_time = sum(wait <= 15 for wait in waits) / calls
    assert in_time == pytest.approx(service_level(load, seats, handle, 15), abs=0.015)
    assert sum(waits) / calls == pytest.approx(mean_wait(load, seats, handle), rel=0.12)
