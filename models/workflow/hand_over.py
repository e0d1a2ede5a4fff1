"""Who has a unit's task in hand, when that changes."""

from __future__ import annotations

from models.states import ACTIVE_TASK, OPEN_STATES
from models.vocabulary import Action, Role
from models.workflow.shapes import Transition

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.HAND_OVER,
        from_order=OPEN_STATES,
        to_order=None,
        roles=(Role.SYSTEM,),
        from_task=ACTIVE_TASK,
        needs=("handler_id", "reason"),
        effect="经办人离岗时，由系统把未办结的承办任务移交给接办人",
    ),
)
