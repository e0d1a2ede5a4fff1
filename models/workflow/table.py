"""All rows, in the order in which people meet them."""

from __future__ import annotations

from models.vocabulary import Action
from models.workflow import (
    closing,
    handling,
    intake,
    levels,
    oversight,
    pauses,
    requests,
    returns,
)
from models.workflow.shapes import Transition

TRANSITIONS: tuple[Transition, ...] = (
    *intake.TRANSITIONS,
    *handling.TRANSITIONS,
    *levels.TRANSITIONS,
    *returns.TRANSITIONS,
    *pauses.TRANSITIONS,
    *requests.TRANSITIONS,
    *closing.TRANSITIONS,
    *oversight.TRANSITIONS,
)
_ROWS = {action: tuple(row for row in TRANSITIONS if row.action is action) for action in Action}


def rows_of(action: Action) -> tuple[Transition, ...]:
    """All edges of an action."""
    return _ROWS[action]
