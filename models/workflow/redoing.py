"""When the citizen does not accept the result: redo by consent, then a panel."""

from __future__ import annotations

from models.guards import NOT_OWN_WORK
from models.oversight_guards import none_pending, not_own
from models.states import OFFICE
from models.vocabulary import (
    Action,
    OrderState,
    PanelFinding,
    RedoReason,
    RequestKind,
    Role,
    TaskState,
)
from models.workflow.shapes import Case, Level, Transition

S, T, R, K = OrderState, TaskState, Role, RequestKind

_WHO_FINDS = (R.FOLLOW_UP, R.AUDITOR, R.SHIFT_LEADER)

#: Nothing is asked of the citizen while a redo is being decided.
UNDECIDED = none_pending(K.REDO, K.PANEL)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.REDO,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=None,
        roles=(R.FOLLOW_UP, R.SYSTEM),
        guards=(UNDECIDED, NOT_OWN_WORK),
        needs=("contacted", "solved", "satisfaction", "redo_reason"),
        reasons=RedoReason,
        effect="提出重办申请，由班长或热线办负责人审批；称办理结果不实的，须写明核实情况并附佐证",
    ),
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.PANEL,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=None,
        roles=(R.FOLLOW_UP, R.SYSTEM),
        guards=(UNDECIDED, NOT_OWN_WORK),
        needs=("contacted", "solved", "satisfaction", "redo_reason"),
        reasons=RedoReason,
        effect="重办次数已满，提请会商",
    ),
    Transition(
        action=Action.ASK_REDO,
        case=Case.REDO,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=None,
        roles=_WHO_FINDS,
        guards=(UNDECIDED, NOT_OWN_WORK),
        needs=("reason", "verification", "evidence"),
        effect="核实办理结果不实的，不论诉求人是否满意，提出重办申请，由班长或热线办负责人审批",
    ),
    Transition(
        action=Action.ASK_REDO,
        case=Case.PANEL,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=None,
        roles=_WHO_FINDS,
        guards=(UNDECIDED, NOT_OWN_WORK),
        needs=("reason", "verification", "evidence"),
        effect="办理结果不实，重办次数已满，提请会商",
    ),
    Transition(
        action=Action.DECIDE_REDO,
        case=Case.GRANTED,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.REDO,
        roles=(*OFFICE, R.SYSTEM),
        from_task=(T.DONE,),
        new_task=T.TO_SIGN,
        level=Level.TOP,
        pending=(K.REDO,),
        guards=(not_own(K.REDO),),
        needs=("granted", "reason"),
        limit="redo_decision",
        effect="原承办单位得到新的承办任务，按重办时限计算，第一次重办同时发出三级督办；"
        "办理结果不实的，负责人同意即一级督办并亮红牌，班长同意的提请负责人督办；逾期未审批的由系统同意",
    ),
    Transition(
        action=Action.DECIDE_REDO,
        case=Case.REFUSED,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.CLOSED,
        roles=OFFICE,
        from_task=(T.DONE,),
        level=Level.TOP,
        pending=(K.REDO,),
        guards=(not_own(K.REDO),),
        needs=("granted", "reason"),
        limit="redo_decision",
        effect="不予重办，以“已回访”办结，按诉求人的评价作办结评估",
    ),
    Transition(
        action=Action.DECIDE_REDO,
        case=Case.NOT_HEARD,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=None,
        roles=OFFICE,
        from_task=(T.DONE,),
        level=Level.TOP,
        pending=(K.REDO,),
        guards=(not_own(K.REDO),),
        needs=("granted", "reason"),
        limit="redo_decision",
        effect="不予重办，诉求人尚未回访的继续回访",
    ),
    Transition(
        action=Action.DECIDE_PANEL,
        case=Case.CLOSE,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.CLOSED,
        roles=(R.MANAGER,),
        from_task=(T.DONE,),
        level=Level.TOP,
        pending=(K.PANEL,),
        guards=(not_own(K.PANEL),),
        needs=("finding", "reason"),
        reasons=PanelFinding,
        limit="shelve_decision",
        effect="认定已尽合理努力或诉求不合理，以“会商认定”办结",
    ),
    Transition(
        action=Action.DECIDE_PANEL,
        case=Case.SHELVE,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.SHELVED,
        roles=(R.MANAGER,),
        from_task=(T.DONE,),
        level=Level.TOP,
        pending=(K.PANEL,),
        guards=(not_own(K.PANEL),),
        needs=("finding", "reason"),
        limit="shelve_decision",
        effect="列入疑难挂账，定期复核",
    ),
    Transition(
        action=Action.DECIDE_PANEL,
        case=Case.REDO,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.REDO,
        roles=(R.MANAGER,),
        from_task=(T.DONE,),
        new_task=T.TO_SIGN,
        level=Level.TOP,
        pending=(K.PANEL,),
        guards=(not_own(K.PANEL),),
        needs=("finding", "reason"),
        limit="shelve_decision",
        effect="责令重新办理，同时发出一级督办",
    ),
)
