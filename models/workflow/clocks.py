"""What moves the clocks of an order from outside: the calendar, and another system's deadline."""

from __future__ import annotations

from models.guards import HAS_EXTERNAL_DUE, NOT_SUSPENDED
from models.states import IN_HAND, OFFICE, OPEN_STATES
from models.vocabulary import Action, OrderState, Role
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
    Transition(
        action=Action.MOVE_DEADLINE,
        from_order=(OrderState.TO_DISPATCH, *IN_HAND, OrderState.TO_AUDIT),
        to_order=None,
        roles=(*OFFICE, Role.PARTNER),
        guards=(HAS_EXTERNAL_DUE, NOT_SUSPENDED),
        needs=("external_due", "reason", "evidence"),
        effect="上级平台延长了它规定的时限，由它自己告知或由热线凭它同意的凭据登记：主办单位的办结时限随之延后；已承诺的时限不提前",
    ),
)
