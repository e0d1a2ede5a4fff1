"""转出: an order goes to another system or region, its answer is followed, or it comes back."""

from __future__ import annotations

from models.guards import NOT_DISPUTED, NOT_SUSPENDED, Guard, Situation
from models.oversight_guards import NOTHING_MERGED, none_pending, not_own
from models.states import OFFICE
from models.vocabulary import Action, OrderState, RequestKind, Role, TaskState
from models.workflow.shapes import Transition

S, T, R, K = OrderState, TaskState, Role, RequestKind

_DESK = (R.DISPATCHER, R.SHIFT_LEADER)
_NEEDS = ("system", "target", "external_no", "reason", "caller_informed")


def _with_it(s: Situation) -> bool:
    if R.PARTNER not in s.actor.usable_roles:
        return True
    asked = s.pending(K.TRANSFER)
    return asked is not None and asked.decider == s.actor.id


TRANSFERRED_TO_IT = Guard(
    name="transferred_to_it",
    silent=True,
    refusal="该工单没有转给这个系统",
    holds=_with_it,
)

NOT_OWN_TRANSFER = Guard(
    name="not_own_transfer",
    refusal="不能登记本人转出的工单的答复，请由其他人员登记",
    holds=not_own(K.TRANSFER).holds,
)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.TRANSFER_OUT,
        from_order=(S.TO_DISPATCH,),
        to_order=S.TRANSFERRED_OUT,
        roles=_DESK,
        guards=(NOTHING_MERGED, none_pending(K.WITHDRAWAL)),
        needs=_NEEDS,
        limit="dispatch",
        effect="转往其他地区或其他系统办理并跟踪答复，转出答复时限开始计算",
    ),
    Transition(
        action=Action.TRANSFER_OUT,
        from_order=(S.DISPATCHED,),
        to_order=S.TRANSFERRED_OUT,
        roles=OFFICE,
        to_task=T.CANCELLED,
        guards=(NOT_SUSPENDED, NOT_DISPUTED, NOTHING_MERGED, none_pending(K.WITHDRAWAL)),
        needs=_NEEDS,
        effect="已派单的由班长或热线办负责人转出，未完成的承办任务撤回，转出答复时限开始计算",
    ),
    Transition(
        action=Action.REFER_TRANSFER,
        from_order=(S.TRANSFERRED_OUT,),
        to_order=None,
        roles=(*_DESK, R.PARTNER),
        pending=(K.TRANSFER,),
        guards=(TRANSFERRED_TO_IT,),
        needs=("external_no",),
        effect="对方受理后的编号，凭它跟踪",
    ),
    Transition(
        action=Action.ANSWER_TRANSFER,
        from_order=(S.TRANSFERRED_OUT,),
        to_order=S.CLOSED,
        roles=(*_DESK, R.FOLLOW_UP, R.PARTNER),
        pending=(K.TRANSFER,),
        guards=(TRANSFERRED_TO_IT, NOT_OWN_TRANSFER),
        needs=("answer", "evidence"),
        limit="transfer_answer",
        effect="答复诉求人，以“转出单位已答复”办结，不作办结评估",
    ),
    Transition(
        action=Action.RETURN_TRANSFER,
        from_order=(S.TRANSFERRED_OUT,),
        to_order=S.TO_DISPATCH,
        roles=(*_DESK, R.PARTNER),
        pending=(K.TRANSFER,),
        guards=(TRANSFERRED_TO_IT,),
        needs=("reason",),
        effect="对方退回或由热线收回，重新派单，派单时限从现在起算",
    ),
)
