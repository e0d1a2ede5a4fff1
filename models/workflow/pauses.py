"""More time, and no time: extensions (延期) and suspensions (挂起)."""

from __future__ import annotations

from models.guards import (
    BEFORE_DUE,
    BEFORE_DUE_TO_PAUSE,
    NOT_OWN_REQUEST,
    NOT_PAUSED_BEFORE,
    NOT_SUSPENDED,
    NOTHING_PENDING,
    OWN_DEPARTMENT,
    OWN_DEPARTMENT_OR_HOTLINE,
    PARENT_DEPARTMENT,
    SUSPENDED,
)
from models.states import IN_HAND, OFFICE, UNIT, UNIT_AT_WORK
from models.vocabulary import (
    Action,
    ExtensionReason,
    OrderState,
    RequestKind,
    Role,
    SuspensionReason,
    TaskRole,
    TaskState,
)
from models.workflow.shapes import Case, Level, Transition

S, T, R = OrderState, TaskState, Role

_AT_WORK = (T.SIGNED, T.DELEGATED, T.SENT_BACK)
_DECISION = ("granted", "reason")


def _extension(case: Case, level: Level) -> Transition:
    below = level is Level.BELOW
    return Transition(
        action=Action.DECIDE_EXTENSION,
        case=case,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT if below else OFFICE,
        from_task=UNIT_AT_WORK,
        level=level,
        pending=(RequestKind.EXTENSION,),
        guards=(PARENT_DEPARTMENT, NOT_OWN_REQUEST) if below else (NOT_OWN_REQUEST,),
        needs=_DECISION,
        limit="extension_decision",
        effect=_EXTENSION_EFFECTS[case, level],
    )


_EXTENSION_EFFECTS = {
    (Case.GRANTED, Level.TOP): "办结时限顺延，告知诉求人",
    (Case.REFUSED, Level.TOP): "仍按原办结时限办理",
    (Case.GRANTED, Level.BELOW): "下级时限顺延，仍不晚于本单位的时限",
    (Case.REFUSED, Level.BELOW): "下级仍按原时限办理",
}

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.REQUEST_EXTENSION,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=_AT_WORK,
        guards=(OWN_DEPARTMENT, NOT_SUSPENDED, NOTHING_PENDING, BEFORE_DUE),
        needs=("reason_code", "reason", "amount", "unit", "evidence", "caller_informed", "head"),
        reasons=ExtensionReason,
        effect="经单位负责人同意，在时限届满前提出；逾期未审定的视为不同意",
    ),
    *(
        _extension(case, level)
        for level in (Level.TOP, Level.BELOW)
        for case in (Case.GRANTED, Case.REFUSED)
    ),
    Transition(
        action=Action.REQUEST_SUSPENSION,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        guards=(
            OWN_DEPARTMENT,
            NOT_SUSPENDED,
            NOTHING_PENDING,
            BEFORE_DUE_TO_PAUSE,
            NOT_PAUSED_BEFORE,
        ),
        needs=("reason_code", "reason", "days", "evidence", "caller_informed", "head"),
        reasons=SuspensionReason,
        effect="限于所列情形，在时限届满前提出，最长期限按时限规则，特急件只能挂起一次；"
        "审定前时限照常计算",
    ),
    Transition(
        action=Action.DECIDE_SUSPENSION,
        case=Case.GRANTED,
        from_order=IN_HAND,
        to_order=None,
        roles=OFFICE,
        from_task=UNIT_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        pending=(RequestKind.SUSPENSION,),
        guards=(NOT_OWN_REQUEST,),
        needs=_DECISION,
        limit="suspension_decision",
        effect="各单位的时限停止计算，解除挂起后继续计算余下的时间",
    ),
    Transition(
        action=Action.DECIDE_SUSPENSION,
        case=Case.REFUSED,
        from_order=IN_HAND,
        to_order=None,
        roles=OFFICE,
        from_task=UNIT_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        pending=(RequestKind.SUSPENSION,),
        guards=(NOT_OWN_REQUEST,),
        needs=_DECISION,
        limit="suspension_decision",
        effect="时限照常计算",
    ),
    Transition(
        action=Action.RESUME,
        from_order=IN_HAND,
        to_order=None,
        roles=(*UNIT, *OFFICE, R.SYSTEM),
        from_task=UNIT_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        guards=(OWN_DEPARTMENT_OR_HOTLINE, SUSPENDED),
        needs=("reason",),
        limit="suspension",
        effect="余下的时间从解除挂起时继续计算；挂起期满由系统自动解除",
    ),
)
