"""What is done about an order without handling it: urging, supervision, urgency, withdrawal."""

from __future__ import annotations

from models.guards import MAY_BE_WITHDRAWN, NOT_SUSPENDED, OWN_DEPARTMENT
from models.oversight_guards import (
    MAY_RISE,
    NOTHING_MERGED,
    SETTLED_BY_ITS_LEVEL,
    SUPERVISED,
    URGED,
    milder_than,
    none_pending,
    not_own,
)
from models.states import (
    ACTIVE_TASK,
    HOTLINE_ROLES,
    IN_HAND,
    OFFICE,
    OPEN_STATES,
    UNIT,
    UNIT_AT_WORK,
)
from models.vocabulary import (
    Action,
    OrderState,
    RequestKind,
    Role,
    SupervisionLevel,
    SupervisionReason,
    TaskRole,
    TaskState,
)
from models.workflow.shapes import Case, Level, Transition

S, T, R = OrderState, TaskState, Role


def _supervise(case: Case, level: SupervisionLevel, roles: tuple[Role, ...]) -> Transition:
    return Transition(
        action=Action.SUPERVISE,
        case=case,
        from_order=IN_HAND,
        to_order=None,
        roles=roles,
        from_task=UNIT_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        guards=(NOT_SUSPENDED, milder_than(level)),
        needs=("level", "reason_code", "reason"),
        reasons=SupervisionReason,
        limit=f"supervise_{level.value}",
        effect=_SUPERVISE_EFFECTS[level],
    )


_SUPERVISE_EFFECTS = {
    SupervisionLevel.THREE: "承办单位须答复；超期或第一次重办时由系统发出；发黄牌",
    SupervisionLevel.TWO: "挂号督办；超期两个工作日或两次催办不答复时由系统发出",
    SupervisionLevel.ONE: "领导督办：推诿、不实和重大事项；发红牌",
}

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.URGE,
        from_order=(*OPEN_STATES, S.MERGED),
        to_order=None,
        roles=(*HOTLINE_ROLES, R.PARTNER, R.SYSTEM),
        needs=("reason",),
        effect="单位在办的须限时答复；已并单的同时催办主单；由系统办理的，是诉求人在电话里按键催办",
    ),
    Transition(
        action=Action.ANSWER_URGE,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=UNIT_AT_WORK,
        guards=(OWN_DEPARTMENT, URGED),
        needs=("answer",),
        limit="urge_answer",
        effect="该任务的全部催办视为已答复",
    ),
    Transition(
        action=Action.LAPSE_URGE,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.SYSTEM,),
        needs=("oversight_id",),
        effect="记为催办不答复；累计两次的发出二级督办",
    ),
    _supervise(
        Case.LEVEL_3,
        SupervisionLevel.THREE,
        (R.DISPATCHER, R.SHIFT_LEADER, R.MANAGER, R.SYSTEM),
    ),
    _supervise(Case.LEVEL_2, SupervisionLevel.TWO, (R.SHIFT_LEADER, R.MANAGER, R.SYSTEM)),
    _supervise(Case.LEVEL_1, SupervisionLevel.ONE, (R.MANAGER,)),
    Transition(
        action=Action.PROPOSE_SUPERVISION,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.SHIFT_LEADER, R.DISPATCHER, R.SYSTEM),
        from_task=UNIT_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        guards=(
            NOT_SUSPENDED,
            milder_than(SupervisionLevel.ONE),
            none_pending(RequestKind.SUPERVISION),
        ),
        needs=("reason_code", "reason"),
        reasons=SupervisionReason,
        effect="提请领导督办；超期五个工作日时由系统提请",
    ),
    Transition(
        action=Action.DECIDE_SUPERVISION,
        case=Case.GRANTED,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.MANAGER,),
        from_task=UNIT_AT_WORK,
        pending=(RequestKind.SUPERVISION,),
        guards=(not_own(RequestKind.SUPERVISION),),
        needs=("granted", "reason"),
        effect="发出一级督办和红牌",
    ),
    Transition(
        action=Action.DECIDE_SUPERVISION,
        case=Case.REFUSED,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.MANAGER,),
        from_task=UNIT_AT_WORK,
        pending=(RequestKind.SUPERVISION,),
        guards=(not_own(RequestKind.SUPERVISION),),
        needs=("granted", "reason"),
        effect="不提级",
    ),
    Transition(
        action=Action.ANSWER_SUPERVISION,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=UNIT_AT_WORK,
        guards=(OWN_DEPARTMENT, SUPERVISED),
        needs=("answer",),
        effect="由发出督办的一方审核答复",
    ),
    Transition(
        action=Action.SETTLE_SUPERVISION,
        case=Case.GRANTED,
        from_order=(*IN_HAND, S.TO_AUDIT),
        to_order=None,
        roles=OFFICE,
        from_task=ACTIVE_TASK,
        level=Level.TOP,
        guards=(SUPERVISED, SETTLED_BY_ITS_LEVEL),
        needs=("granted", "remark"),
        effect="督办销号",
    ),
    Transition(
        action=Action.SETTLE_SUPERVISION,
        case=Case.REFUSED,
        from_order=(*IN_HAND, S.TO_AUDIT),
        to_order=None,
        roles=OFFICE,
        from_task=ACTIVE_TASK,
        level=Level.TOP,
        guards=(SUPERVISED, SETTLED_BY_ITS_LEVEL),
        needs=("granted", "remark"),
        effect="答复不予认可，重新计算答复时限",
    ),
    Transition(
        action=Action.RAISE_URGENCY,
        from_order=(S.TO_DISPATCH, *IN_HAND),
        to_order=None,
        roles=(R.DISPATCHER, R.SHIFT_LEADER, R.MANAGER),
        guards=(MAY_RISE, NOT_SUSPENDED),
        needs=("urgency", "reason"),
        effect="按新的紧急程度从现在起重新计算各项时限，只会提前，不会推后",
    ),
    Transition(
        action=Action.NOTE,
        from_order=(*OPEN_STATES, S.MERGED, S.CLOSED, S.WITHDRAWN, S.REFUSED),
        to_order=None,
        roles=(*HOTLINE_ROLES, *UNIT, R.PARTNER),
        needs=("text",),
    ),
    Transition(
        action=Action.WITHDRAW,
        from_order=(S.TO_DISPATCH, S.TO_SUPPLEMENT, S.DISPATCHED, S.REDO, S.SHELVED),
        to_order=S.WITHDRAWN,
        roles=(R.SHIFT_LEADER, R.DISPATCHER, R.PARTNER),
        to_task=T.CANCELLED,
        guards=(MAY_BE_WITHDRAWN, NOTHING_MERGED),
        needs=("reason", "consent"),
        limit="withdraw_decision",
        effect="须有诉求人同意的记录；未完成的承办任务同时撤回",
    ),
)
