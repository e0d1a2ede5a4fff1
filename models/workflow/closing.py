"""From the auditor's desk to the end of an order."""

from __future__ import annotations

from models.guards import NOT_OWN_RESULT, NOT_OWN_WORK
from models.vocabulary import Action, OrderState, Role, TaskState
from models.workflow.redoing import UNDECIDED
from models.workflow.shapes import Case, Level, Transition

S, T, R = OrderState, TaskState, Role

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.APPROVE_RESULT,
        case=Case.REPLY_WANTED,
        from_order=(S.TO_AUDIT,),
        to_order=S.TO_FOLLOW_UP,
        roles=(R.AUDITOR,),
        from_task=(T.SUBMITTED,),
        to_task=T.DONE,
        level=Level.TOP,
        guards=(NOT_OWN_RESULT,),
        needs=("quality_items", "process_items"),
        limit="audit",
        effect="回访时限开始计算",
    ),
    Transition(
        action=Action.APPROVE_RESULT,
        case=Case.NO_REPLY_WANTED,
        from_order=(S.TO_AUDIT,),
        to_order=S.CLOSED,
        roles=(R.AUDITOR,),
        from_task=(T.SUBMITTED,),
        to_task=T.DONE,
        level=Level.TOP,
        guards=(NOT_OWN_RESULT,),
        needs=("quality_items", "process_items"),
        limit="audit",
        effect="以“诉求人不需要回访”办结，作办结评估",
    ),
    Transition(
        action=Action.APPROVE_RESULT,
        case=Case.NOT_ASKED,
        from_order=(S.TO_AUDIT,),
        to_order=S.CLOSED,
        roles=(R.AUDITOR,),
        from_task=(T.SUBMITTED,),
        to_task=T.DONE,
        level=Level.TOP,
        guards=(NOT_OWN_RESULT,),
        needs=("quality_items", "process_items"),
        limit="audit",
        effect="以“保密件不回访”或“未列入抽样回访”办结，作办结评估",
    ),
    Transition(
        action=Action.SEND_BACK,
        from_order=(S.TO_AUDIT,),
        to_order=S.DISPATCHED,
        roles=(R.AUDITOR,),
        from_task=(T.SUBMITTED,),
        to_task=T.SENT_BACK,
        level=Level.TOP,
        guards=(NOT_OWN_RESULT,),
        needs=("faults", "reason"),
        limit="audit",
        effect="仍按原办结时限计算",
    ),
    Transition(
        action=Action.INVITE_FOLLOW_UP,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=None,
        roles=(R.FOLLOW_UP,),
        guards=(UNDECIDED, NOT_OWN_WORK),
        effect="向诉求人的手机发送评价链接，诉求人自行填写；仍可电话回访",
    ),
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.CLOSE,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.CLOSED,
        roles=(R.FOLLOW_UP, R.SYSTEM),
        guards=(UNDECIDED, NOT_OWN_WORK),
        needs=("contacted", "solved", "satisfaction"),
        limit="follow_up",
        effect="以“已回访”办结，作办结评估",
    ),
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.TRY_AGAIN,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=None,
        roles=(R.FOLLOW_UP,),
        guards=(UNDECIDED, NOT_OWN_WORK),
        effect="留在待回访，换一个时段再试",
    ),
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.GIVE_UP,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.CLOSED,
        roles=(R.FOLLOW_UP,),
        guards=(UNDECIDED, NOT_OWN_WORK),
        effect="以“多次回访未接通”办结，解决情况和满意度不计分",
    ),
)
