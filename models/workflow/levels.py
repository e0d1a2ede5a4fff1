"""Handing work down to the units below, and taking their results."""

from __future__ import annotations

from models.guards import (
    NOT_OWN_RESULT,
    NOT_SUSPENDED,
    NOTHING_PENDING,
    OWN_DEPARTMENT,
    PARENT_DEPARTMENT,
)
from models.states import IN_HAND, UNIT, UNIT_AT_WORK
from models.vocabulary import Action, OrderState, TaskRole, TaskState
from models.workflow.shapes import Level, Transition

S, T = OrderState, TaskState

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.DELEGATE,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=(T.SIGNED, T.SENT_BACK, T.DELEGATED),
        to_task=T.DELEGATED,
        new_task=T.TO_SIGN,
        guards=(OWN_DEPARTMENT, NOT_SUSPENDED, NOTHING_PENDING),
        needs=("department",),
        limit="delegate",
        effect="下级时限早于本单位时限，责任仍在本单位；派单目录规定由本单位办理的不能下派给基层",
    ),
    Transition(
        action=Action.RECALL,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=UNIT_AT_WORK,
        to_task=T.CANCELLED,
        level=Level.BELOW,
        guards=(PARENT_DEPARTMENT,),
        needs=("reason",),
        effect="下级及其以下的任务撤回，没有其他下级任务时由本单位继续办理",
    ),
    Transition(
        action=Action.ACCEPT_RESULT,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=(T.SUBMITTED,),
        to_task=T.DONE,
        level=Level.BELOW,
        part=TaskRole.LEAD,
        guards=(PARENT_DEPARTMENT, NOT_OWN_RESULT),
        limit="audit",
        effect="下级任务完成，由本单位继续办理",
    ),
    Transition(
        action=Action.SEND_BACK,
        from_order=IN_HAND,
        to_order=None,
        roles=UNIT,
        from_task=(T.SUBMITTED,),
        to_task=T.SENT_BACK,
        level=Level.BELOW,
        part=TaskRole.LEAD,
        guards=(PARENT_DEPARTMENT, NOT_OWN_RESULT),
        needs=("faults", "reason"),
        limit="audit",
        effect="下级重新办理，仍按原办结时限计算",
    ),
)
