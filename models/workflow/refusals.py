"""Demands that are not accepted, and demands of which something is missing."""

from __future__ import annotations

from models.oversight_guards import none_pending, not_own
from models.vocabulary import Action, OrderState, RequestKind, Role
from models.workflow.shapes import Case, Transition

S, R, K = OrderState, Role, RequestKind

_REFUSED = ("title", "content", "request_type", "category", "refusal")

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.OPEN,
        case=Case.NOT_ACCEPTED,
        from_order=(S.DRAFT,),
        to_order=S.REFUSED,
        roles=(R.AGENT, R.SHIFT_LEADER),
        needs=_REFUSED,
        effect="告知法定途径；诉求人可以提出异议；涉密和骚扰的须由班长复核",
    ),
    Transition(
        action=Action.DECIDE_REFUSAL,
        case=Case.GRANTED,
        from_order=(S.REFUSED,),
        to_order=None,
        roles=(R.SHIFT_LEADER, R.MANAGER),
        pending=(K.REFUSAL,),
        guards=(not_own(K.REFUSAL),),
        needs=("granted", "reason"),
        limit="refusal_decision",
        effect="维持不予受理",
    ),
    Transition(
        action=Action.DECIDE_REFUSAL,
        case=Case.REFUSED,
        from_order=(S.REFUSED,),
        to_order=S.TO_DISPATCH,
        roles=(R.SHIFT_LEADER, R.MANAGER, R.SYSTEM),
        pending=(K.REFUSAL,),
        guards=(not_own(K.REFUSAL),),
        needs=("granted", "reason"),
        limit="refusal_decision",
        effect="改为受理；逾期未复核的由系统改为受理",
    ),
    Transition(
        action=Action.OBJECT_REFUSAL,
        from_order=(S.REFUSED,),
        to_order=None,
        roles=(R.AGENT, R.SHIFT_LEADER, R.FOLLOW_UP),
        guards=(none_pending(K.REFUSAL, K.OBJECTION),),
        needs=("reason",),
        effect="诉求人对不予受理有异议，由班长审定",
    ),
    Transition(
        action=Action.DECIDE_OBJECTION,
        case=Case.GRANTED,
        from_order=(S.REFUSED,),
        to_order=S.TO_DISPATCH,
        roles=(R.SHIFT_LEADER, R.MANAGER, R.SYSTEM),
        pending=(K.OBJECTION,),
        guards=(not_own(K.OBJECTION),),
        needs=("granted", "reason"),
        limit="refusal_decision",
        effect="异议成立，改为受理；逾期未审定的由系统改为受理",
    ),
    Transition(
        action=Action.DECIDE_OBJECTION,
        case=Case.REFUSED,
        from_order=(S.REFUSED,),
        to_order=None,
        roles=(R.SHIFT_LEADER, R.MANAGER),
        pending=(K.OBJECTION,),
        guards=(not_own(K.OBJECTION),),
        needs=("granted", "reason"),
        limit="refusal_decision",
        effect="维持不予受理，答复诉求人",
    ),
    Transition(
        action=Action.ASK_SUPPLEMENT,
        from_order=(S.TO_DISPATCH,),
        to_order=S.TO_SUPPLEMENT,
        roles=(R.DISPATCHER, R.SHIFT_LEADER),
        needs=("missing",),
        effect="话务员向诉求人补充信息；派单时限暂停，补充信息时限开始",
    ),
    Transition(
        action=Action.SUPPLEMENT,
        from_order=(S.TO_SUPPLEMENT,),
        to_order=S.TO_DISPATCH,
        roles=(R.AGENT, R.SHIFT_LEADER, R.DISPATCHER, R.FOLLOW_UP),
        needs=("text",),
        limit="supplement",
        effect="派单时限接着计算，不重新起算",
    ),
)
