"""From the call to the unit: taking in, correcting, dispatching."""

from __future__ import annotations

from models.guards import (
    LATE_OR_SUPERVISED,
    NEITHER_LATE_NOR_SUPERVISED,
    NOT_DISPUTED,
    NOT_OF_THE_UNIT,
    NOT_SUSPENDED,
    NOTHING_PENDING,
    Guard,
)
from models.states import IN_HAND, UNIT_AT_WORK
from models.vocabulary import Action, OrderState, Role, TaskRole, TaskState
from models.workflow.shapes import Case, Level, Transition

S, T, R = OrderState, TaskState, Role


def _reassign(case: Case, roles: tuple[Role, ...], guard: Guard, effect: str) -> Transition:
    return Transition(
        action=Action.REASSIGN,
        case=case,
        from_order=IN_HAND,
        to_order=None,
        roles=roles,
        from_task=UNIT_AT_WORK,
        to_task=T.CANCELLED,
        new_task=T.TO_SIGN,
        level=Level.TOP,
        part=TaskRole.LEAD,
        guards=(NOT_SUSPENDED, NOT_DISPUTED, NOTHING_PENDING, guard),
        needs=("department", "reason"),
        effect=effect,
    )


TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.OPEN,
        case=Case.ANSWERED,
        from_order=(S.DRAFT,),
        to_order=S.CLOSED,
        roles=(R.AGENT, R.SHIFT_LEADER),
        needs=("title", "content", "request_type", "category", "urgency", "public_answer"),
        effect="以“直接答复”办结，不作办结评估",
    ),
    Transition(
        action=Action.OPEN,
        case=Case.TO_UNIT,
        from_order=(S.DRAFT,),
        to_order=S.TO_DISPATCH,
        roles=(R.AGENT, R.SHIFT_LEADER, R.PARTNER),
        needs=("title", "content", "request_type", "category", "urgency"),
        effect="派单时限开始计算",
    ),
    Transition(
        action=Action.AMEND,
        case=Case.CORRECTED,
        from_order=(S.TO_DISPATCH,),
        to_order=None,
        roles=(R.AGENT, R.SHIFT_LEADER, R.DISPATCHER),
        needs=("reason",),
        effect="更正工单内容",
    ),
    Transition(
        action=Action.AMEND,
        case=Case.EASED,
        from_order=(S.TO_DISPATCH,),
        to_order=None,
        roles=(R.SHIFT_LEADER,),
        guards=(NOT_OF_THE_UNIT,),
        needs=("reason",),
        effect="只能由班长写明理由更正，承办单位的人员不能更正；更正人不能再审定该工单的撤单",
    ),
    Transition(
        action=Action.DISPATCH,
        from_order=(S.TO_DISPATCH,),
        to_order=S.DISPATCHED,
        roles=(R.DISPATCHER, R.SHIFT_LEADER, R.SYSTEM),
        new_task=T.TO_SIGN,
        needs=("department",),
        limit="dispatch",
        effect="签收、先行联系、办结时限从派单时起算；协办单位在主办单位之前反馈；"
        "派单目录明确且不紧急、不保密的，可设为由系统自动派单",
    ),
    _reassign(
        Case.IN_TIME,
        (R.DISPATCHER, R.SHIFT_LEADER, R.MANAGER),
        NEITHER_LATE_NOR_SUPERVISED,
        "原承办单位及其下级的任务撤回，新承办单位的时限从改派时起算；派回原单位的，仍按原时限",
    ),
    _reassign(
        Case.LATE,
        (R.SHIFT_LEADER, R.MANAGER),
        LATE_OR_SUPERVISED,
        "同上；正在督办的，督办随工单转到新承办单位",
    ),
)
