"""Orders that are closed: archive, opening again, leaving out of the statistics."""

from __future__ import annotations

from models.guards import Guard
from models.oversight_guards import AGREED, COUNTED, NOT_AGREED, none_pending, not_own
from models.states import HOTLINE_ROLES, UNIT
from models.vocabulary import (
    Action,
    ExclusionReason,
    OrderState,
    ReopeningReason,
    RequestKind,
    Role,
)
from models.workflow.shapes import Case, Transition

S, R, K = OrderState, Role, RequestKind

_OFFICE = (R.SHIFT_LEADER, R.AUDITOR)
_OVER = (S.CLOSED, S.ARCHIVED)


def _exclusion(
    action: Action, case: Case, roles: tuple[Role, ...], stage: Guard, effect: str
) -> Transition:
    return Transition(
        action=action,
        case=case,
        from_order=_OVER,
        to_order=None,
        roles=roles,
        pending=(K.EXCLUSION,),
        guards=(not_own(K.EXCLUSION), stage),
        needs=("granted", "reason"),
        limit="exclusion_decision",
        effect=effect,
    )


TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.ARCHIVE,
        from_order=(S.CLOSED,),
        to_order=S.ARCHIVED,
        roles=(R.SYSTEM,),
        guards=(none_pending(K.REOPENING, K.EXCLUSION),),
        limit="archive",
        effect="此后不再改动；有申请等待审定的不归档",
    ),
    Transition(
        action=Action.ASK_REOPENING,
        from_order=_OVER,
        to_order=None,
        roles=HOTLINE_ROLES,
        guards=(none_pending(K.REOPENING),),
        needs=("reason_code", "reason", "evidence"),
        reasons=ReopeningReason,
        limit="reopen_request",
        effect="由热线办负责人审定",
    ),
    Transition(
        action=Action.DECIDE_REOPENING,
        case=Case.GRANTED,
        from_order=_OVER,
        to_order=S.TO_DISPATCH,
        roles=(R.MANAGER,),
        pending=(K.REOPENING,),
        guards=(not_own(K.REOPENING),),
        needs=("granted", "reason", "unit_fault"),
        effect="编号不变、加序号，各项时限重新计算，已不计入统计的恢复计入；因单位原因的计入评估",
    ),
    Transition(
        action=Action.DECIDE_REOPENING,
        case=Case.REFUSED,
        from_order=_OVER,
        to_order=None,
        roles=(R.MANAGER,),
        pending=(K.REOPENING,),
        guards=(not_own(K.REOPENING),),
        needs=("granted", "reason"),
        effect="维持办结，答复诉求人",
    ),
    Transition(
        action=Action.ASK_EXCLUSION,
        from_order=_OVER,
        to_order=None,
        roles=UNIT,
        guards=(COUNTED, none_pending(K.EXCLUSION)),
        needs=("reason_code", "reason", "evidence"),
        reasons=ExclusionReason,
        limit="exclusion_request",
        effect="由热线审定、热线办负责人复核，结果对各单位公开",
    ),
    _exclusion(
        Action.DECIDE_EXCLUSION,
        Case.GRANTED,
        _OFFICE,
        NOT_AGREED,
        "报热线办负责人复核",
    ),
    _exclusion(Action.DECIDE_EXCLUSION, Case.REFUSED, _OFFICE, NOT_AGREED, "仍计入统计"),
    _exclusion(Action.CONFIRM_EXCLUSION, Case.GRANTED, (R.MANAGER,), AGREED, "不计入统计"),
    _exclusion(Action.CONFIRM_EXCLUSION, Case.REFUSED, (R.MANAGER,), AGREED, "仍计入统计"),
)
