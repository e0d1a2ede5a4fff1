"""What becomes of any request besides its decision."""

from __future__ import annotations

from models.guards import ASKED_BY_OWN_UNIT
from models.states import OPEN_STATES, UNIT
from models.vocabulary import Action, OrderState, RequestKind, Role
from models.workflow.shapes import Transition

S = OrderState

#: Asked for by units, who may also think better of it.
UNIT_KINDS = (RequestKind.RETURN, RequestKind.EXTENSION, RequestKind.SUSPENSION)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.WITHDRAW_REQUEST,
        from_order=OPEN_STATES,
        to_order=None,
        roles=UNIT,
        pending=UNIT_KINDS,
        guards=(ASKED_BY_OWN_UNIT,),
        needs=("request_id",),
        effect="按没有提出过处理",
    ),
    Transition(
        action=Action.LAPSE_REQUEST,
        from_order=(*OPEN_STATES, S.MERGED, S.CLOSED, S.ARCHIVED, S.REFUSED),
        to_order=None,
        roles=(Role.SYSTEM,),
        pending=tuple(RequestKind),
        needs=("request_id",),
        effect="延期、挂起视为不同意",
    ),
)
