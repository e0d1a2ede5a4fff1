"""What the calendar does to the clocks of an order."""

from __future__ import annotations

from models.guards import NOT_SUSPENDED
from models.states import OPEN_STATES
from models.vocabulary import Action, Role
from models.workflow.shapes import Transition

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.RECOUNT,
        from_order=OPEN_STATES,
        to_order=None,
        roles=(Role.SYSTEM,),
        guards=(NOT_SUSPENDED,),
        effect="工作日历更新后重新计算在走的时限，只会延后，不会提前",
    ),
)
