"""A unit's own work: signing, speaking with the citizen, the result, the part in a joint order."""

from __future__ import annotations

from models.guards import (
    LEADS_THE_PART,
    NOT_SUSPENDED,
    NOTHING_OPEN_BELOW,
    OWN_DEPARTMENT,
    UNIT_FREE,
)
from models.states import IN_HAND, UNIT, UNIT_AT_WORK, WORKABLE
from models.vocabulary import Action, OrderState, Role, TaskRole, TaskState
from models.workflow.shapes import Level, Transition

S, T, R = OrderState, TaskState, Role

_RESULT = ("fact_finding", "demand_finding", "outcome", "public_answer")

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.SIGN_FOR,
        from_order=IN_HAND,
        to_order=None,
        roles=(*UNIT, R.SYSTEM),
        from_task=(T.TO_SIGN,),
        to_task=T.SIGNED,
        guards=(OWN_DEPARTMENT,),
        limit="sign",
        effect="超过签收时限仍未签收的，由系统自动签收，按超时签收评估",
    ),
    Transition(
        action=Action.FIRST_CONTACT,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=(T.SIGNED, T.DELEGATED, T.SENT_BACK),
        guards=(OWN_DEPARTMENT,),
        needs=("person", "reached"),
        limit="first_contact",
        effect="首次联系上诉求人即停止先行联系时限；不同时段三次未联系上的，不再计超时",
    ),
    Transition(
        action=Action.SUBMIT_RESULT,
        from_order=IN_HAND,
        to_order=S.TO_AUDIT,
        roles=UNIT,
        from_task=WORKABLE,
        to_task=T.SUBMITTED,
        level=Level.TOP,
        part=TaskRole.LEAD,
        guards=(OWN_DEPARTMENT, NOT_SUSPENDED, NOTHING_OPEN_BELOW),
        needs=_RESULT,
        limit="handle",
        effect="审核时限开始计算；尚未审定的申请自动撤回",
    ),
    Transition(
        action=Action.SUBMIT_RESULT,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=WORKABLE,
        to_task=T.SUBMITTED,
        level=Level.BELOW,
        part=TaskRole.LEAD,
        guards=(OWN_DEPARTMENT, NOT_SUSPENDED, NOTHING_OPEN_BELOW),
        needs=_RESULT,
        limit="handle",
        effect="由下派的单位审核",
    ),
    Transition(
        action=Action.SUBMIT_PART,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=WORKABLE,
        to_task=T.DONE,
        part=TaskRole.JOINT,
        guards=(OWN_DEPARTMENT, NOT_SUSPENDED, NOTHING_OPEN_BELOW),
        needs=("opinion",),
        limit="handle",
        effect="协办意见转给主办单位",
    ),
    Transition(
        action=Action.ADD_JOINT,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.DISPATCHER, R.SHIFT_LEADER),
        from_task=UNIT_AT_WORK,
        new_task=T.TO_SIGN,
        level=Level.TOP,
        part=TaskRole.LEAD,
        guards=(NOT_SUSPENDED,),
        needs=("department", "note"),
        effect="协办时限早于主办单位的办结时限",
    ),
    Transition(
        action=Action.DISMISS_JOINT,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.DISPATCHER, R.SHIFT_LEADER),
        from_task=UNIT_AT_WORK,
        to_task=T.CANCELLED,
        level=Level.TOP,
        part=TaskRole.JOINT,
        needs=("reason",),
        effect="该单位及其下级的任务撤回",
    ),
    Transition(
        action=Action.SEND_BACK,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=(T.DONE,),
        to_task=T.SENT_BACK,
        part=TaskRole.JOINT,
        guards=(LEADS_THE_PART, NOT_SUSPENDED, UNIT_FREE),
        needs=("reason",),
        effect="主办单位退回协办意见，仍按原时限计算",
    ),
)
