"""How many seats a load of calls needs: Erlang's waiting formula. Pure; sound for thousands.

Load is in Erlangs: calls a second × seconds a call. The formula takes that nobody gives up, so it
errs on the safe side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What is promised: a share answered within seconds, and a cap on how busy seats are."""

    share: float
    seconds: float
    occupancy_cap: float = 1.0


def blocking(load: float, seats: int) -> float:
    """Erlang B: the chance that all seats are taken when nobody can wait."""
    if load <= 0:
        return 0.0 if seats else 1.0
    # The inverse grows from 1 by sums and products of positive numbers: nothing cancels out.
    inverse = 1.0
    for seat in range(1, seats + 1):
        inverse = 1.0 + inverse * seat / load
        if math.isinf(inverse):
            return 0.0
    return 1.0 / inverse


def waiting(load: float, seats: int) -> float:
    """Erlang C: the chance that a caller must wait; 1 when the load is more than the seats."""
    if load <= 0:
        return 0.0
    if seats <= load:
        return 1.0
    blocked = blocking(load, seats)
    return blocked / (1.0 - load / seats * (1.0 - blocked))


def service_level(load: float, seats: int, handle_seconds: float, within: float) -> float:
    """The share of callers answered within so many seconds."""
    if seats <= load:
        return 0.0 if load > 0 else 1.0
    return 1.0 - waiting(load, seats) * math.exp(-(seats - load) * within / handle_seconds)


def mean_wait(load: float, seats: int, handle_seconds: float) -> float:
    """Seconds that a caller waits on average; infinite when the load is more than the seats."""
    if seats <= load:
        return math.inf if load > 0 else 0.0
    return waiting(load, seats) * handle_seconds / (seats - load)


def seats_needed(load: float, handle_seconds: float, goal: Goal) -> int:
    """The fewest seats that keep the goal; 0 without load."""
    if load <= 0:
        return 0
    fewest = max(math.floor(load) + 1, math.ceil(load / goal.occupancy_cap - 1e-9))
    blocked = blocking(load, fewest - 1)
    seats = fewest - 1
    while True:
        seats += 1
        # One step of the recursion instead of beginning anew for every seat.
        blocked = load * blocked / (seats + load * blocked)
        chance = blocked / (1.0 - load / seats * (1.0 - blocked))
        late = chance * math.exp(-(seats - load) * goal.seconds / handle_seconds)
        if 1.0 - late >= goal.share:
            return seats


def people_needed(seats: int, shrinkage: float) -> int:
    """People on the roster for so many seats, when this share of paid time is not at the phone."""
    return math.ceil(seats / (1.0 - shrinkage) - 1e-9)
