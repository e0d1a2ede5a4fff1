"""What is done about an order without handling it."""

from __future__ import annotations

from models.guards import MAY_BE_WITHDRAWN
from models.states import HOTLINE_ROLES, OPEN_STATES, UNIT
from models.vocabulary import Action, OrderState, Role, TaskState
from models.workflow.shapes import Transition

S, T, R = OrderState, TaskState, Role

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.URGE,
        from_order=OPEN_STATES,
        to_order=None,
        roles=(*HOTLINE_ROLES, R.PARTNER, R.SYSTEM),
        needs=("reason",),
        effect="由系统办理的，是诉求人在电话里按键催办",
    ),
    Transition(
        action=Action.NOTE,
        from_order=(*OPEN_STATES, S.CLOSED, S.WITHDRAWN),
        to_order=None,
        roles=(*HOTLINE_ROLES, *UNIT, R.PARTNER),
        needs=("text",),
    ),
    Transition(
        action=Action.WITHDRAW,
        from_order=(S.TO_DISPATCH, S.DISPATCHED, S.REDO),
        to_order=S.WITHDRAWN,
        roles=(R.SHIFT_LEADER, R.DISPATCHER, R.PARTNER),
        to_task=T.CANCELLED,
        guards=(MAY_BE_WITHDRAWN,),
        needs=("reason", "consent"),
        effect="须有诉求人同意的记录；未完成的承办任务同时撤回",
    ),
)
