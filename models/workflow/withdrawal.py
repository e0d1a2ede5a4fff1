"""撤单: the citizen takes the demand back. One person asks for it, another confirms it."""

from __future__ import annotations

from models.guards import MAY_BE_WITHDRAWN
from models.oversight_guards import NOTHING_MERGED, none_pending, not_own
from models.states import OFFICE
from models.vocabulary import Action, OrderState, RequestKind, Role, TaskState
from models.workflow.shapes import Case, Transition

S, T, R, K = OrderState, TaskState, Role, RequestKind

#: While nobody has answered the citizen yet, be it in an order of its own or in another's.
MAY_GO = (
    *(S.TO_DISPATCH, S.TO_SUPPLEMENT, S.DISPATCHED, S.REDO),
    *(S.SHELVED, S.MERGED, S.TRANSFERRED_OUT),
)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.ASK_WITHDRAWAL,
        from_order=MAY_GO,
        to_order=None,
        roles=(R.AGENT, R.FOLLOW_UP, R.DISPATCHER, R.SHIFT_LEADER),
        guards=(MAY_BE_WITHDRAWN, NOTHING_MERGED, none_pending(K.WITHDRAWAL)),
        needs=("reason", "consent"),
        effect="须有诉求人同意的录音、材料或写明何人何时同意；由另一人审定，审定前照常办理",
    ),
    Transition(
        action=Action.DECIDE_WITHDRAWAL,
        case=Case.GRANTED,
        from_order=MAY_GO,
        to_order=S.WITHDRAWN,
        roles=OFFICE,
        to_task=T.CANCELLED,
        pending=(K.WITHDRAWAL,),
        guards=(not_own(K.WITHDRAWAL), MAY_BE_WITHDRAWN, NOTHING_MERGED),
        needs=("granted", "reason"),
        limit="withdraw_decision",
        effect="撤单，未完成的承办任务同时撤回，已并单的退出主单；受理人和更正过工单性质的人不能审定",
    ),
    Transition(
        action=Action.DECIDE_WITHDRAWAL,
        case=Case.REFUSED,
        from_order=MAY_GO,
        to_order=None,
        roles=OFFICE,
        pending=(K.WITHDRAWAL,),
        guards=(not_own(K.WITHDRAWAL),),
        needs=("granted", "reason"),
        limit="withdraw_decision",
        effect="继续办理；逾期未审定的视为不同意",
    ),
    Transition(
        action=Action.WITHDRAW,
        from_order=MAY_GO,
        to_order=S.WITHDRAWN,
        roles=(R.PARTNER,),
        to_task=T.CANCELLED,
        guards=(MAY_BE_WITHDRAWN, NOTHING_MERGED),
        needs=("reason", "consent"),
        effect="由转来工单的系统撤回，诉求人同意的记录由它保存；未完成的承办任务同时撤回",
    ),
)
