"""All rows, in the order in which people meet them."""

from __future__ import annotations

from models.vocabulary import Action
from models.workflow import (
    afterwards,
    clocks,
    closing,
    hand_over,
    handling,
    intake,
    levels,
    merging,
    oversight,
    pauses,
    redoing,
    refusals,
    requests,
    returns,
    shelf,
    transfer,
    withdrawal,
)
from models.workflow.shapes import Transition

TRANSITIONS: tuple[Transition, ...] = (
    *intake.TRANSITIONS,
    *refusals.TRANSITIONS,
    *merging.TRANSITIONS,
    *handling.TRANSITIONS,
    *hand_over.TRANSITIONS,
    *levels.TRANSITIONS,
    *returns.TRANSITIONS,
    *pauses.TRANSITIONS,
    *requests.TRANSITIONS,
    *clocks.TRANSITIONS,
    *closing.TRANSITIONS,
    *redoing.TRANSITIONS,
    *shelf.TRANSITIONS,
    *oversight.TRANSITIONS,
    *withdrawal.TRANSITIONS,
    *transfer.TRANSITIONS,
    *afterwards.TRANSITIONS,
)
_ROWS = {action: tuple(row for row in TRANSITIONS if row.action is action) for action in Action}


def rows_of(action: Action) -> tuple[Transition, ...]:
    """All edges of an action."""
    return _ROWS[action]
