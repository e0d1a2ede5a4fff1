"""One matter, several callers: orders are merged into one, each caller keeps number and answer."""

from __future__ import annotations

from models.guards import NOT_DISPUTED, NOT_SUSPENDED
from models.oversight_guards import NOTHING_MERGED, none_pending, not_own
from models.vocabulary import Action, OrderState, RequestKind, Role, TaskState
from models.workflow.shapes import Case, Transition

S, T, R, K = OrderState, TaskState, Role, RequestKind

#: An order in these states may be merged into another.
MAY_JOIN = (S.TO_DISPATCH, S.TO_SUPPLEMENT, S.DISPATCHED)
#: An order in these states may take others in: its answer is still to be approved.
MAY_LEAD = (S.TO_DISPATCH, S.DISPATCHED, S.REDO, S.TO_AUDIT)
_WHO = (R.DISPATCHER, R.SHIFT_LEADER)
_FREE = (NOT_SUSPENDED, NOT_DISPUTED, NOTHING_MERGED)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.SUGGEST_MERGE,
        from_order=MAY_JOIN,
        to_order=None,
        roles=(R.AGENT, R.FOLLOW_UP, R.AUDITOR),
        guards=(*_FREE, none_pending(K.MERGE)),
        needs=("into", "reason"),
        effect="由派单员确认",
    ),
    Transition(
        action=Action.MERGE,
        case=Case.INTO,
        from_order=MAY_JOIN,
        to_order=S.MERGED,
        roles=_WHO,
        to_task=T.CANCELLED,
        guards=_FREE,
        needs=("into", "reason"),
        effect="保留编号，未完成的承办任务撤回，由主单一并办理；主单的时限取两者中较早的，较早的已经超期的，给主单单位留出退回重报的时限",
    ),
    Transition(
        action=Action.MERGE,
        case=Case.TAKE_IN,
        from_order=MAY_LEAD,
        to_order=None,
        roles=_WHO,
        guards=(NOT_SUSPENDED, NOT_DISPUTED),
        effect="主单记下并入的工单，紧急程度取两者中较高的，各项时限取较早的，下级和协办随之提前",
    ),
    Transition(
        action=Action.DECIDE_MERGE,
        case=Case.GRANTED,
        from_order=MAY_JOIN,
        to_order=S.MERGED,
        roles=_WHO,
        to_task=T.CANCELLED,
        pending=(K.MERGE,),
        guards=(*_FREE, not_own(K.MERGE)),
        needs=("granted", "reason"),
        effect="并入所提的主单",
    ),
    Transition(
        action=Action.DECIDE_MERGE,
        case=Case.REFUSED,
        from_order=MAY_JOIN,
        to_order=None,
        roles=_WHO,
        pending=(K.MERGE,),
        guards=(not_own(K.MERGE),),
        needs=("granted", "reason"),
        effect="各自办理",
    ),
    Transition(
        action=Action.UNMERGE,
        case=Case.INTO,
        from_order=(S.MERGED,),
        to_order=S.TO_DISPATCH,
        roles=_WHO,
        needs=("reason",),
        effect="重新派单；并单前还没有派单的，派单时限照原来计算；再派给原单位的，仍按原时限，督办继续",
    ),
    Transition(
        action=Action.UNMERGE,
        case=Case.TAKE_IN,
        from_order=(*MAY_LEAD, S.TO_SUPPLEMENT, S.TO_FOLLOW_UP, S.CLOSED, S.SHELVED),
        to_order=None,
        roles=(*_WHO, R.MANAGER, R.PARTNER),
        effect="主单记下解除并单或撤单的工单",
    ),
    Transition(
        action=Action.ANSWER_MERGED,
        case=Case.TAKE_IN,
        from_order=(S.TO_FOLLOW_UP, S.CLOSED, S.ARCHIVED),
        to_order=None,
        roles=(R.SYSTEM,),
        effect="主单的答复审核通过后，由系统逐件答复并入的工单",
    ),
    Transition(
        action=Action.ANSWER_MERGED,
        case=Case.REPLY_WANTED,
        from_order=(S.MERGED,),
        to_order=S.TO_FOLLOW_UP,
        roles=(R.SYSTEM,),
        new_task=T.DONE,
        effect="得到主单的答复，单独回访",
    ),
    Transition(
        action=Action.ANSWER_MERGED,
        case=Case.NO_REPLY_WANTED,
        from_order=(S.MERGED,),
        to_order=S.CLOSED,
        roles=(R.SYSTEM,),
        new_task=T.DONE,
        effect="得到主单的答复，以“诉求人不需要回访”办结",
    ),
    Transition(
        action=Action.ANSWER_MERGED,
        case=Case.NOT_ASKED,
        from_order=(S.MERGED,),
        to_order=S.CLOSED,
        roles=(R.SYSTEM,),
        new_task=T.DONE,
        effect="得到主单的答复，以“保密件不回访”或“未列入抽样回访”办结",
    ),
)
