"""Orders that cannot be solved now: shelved with a plan, looked at again, taken up again."""

from __future__ import annotations

from models.guards import NOT_SUSPENDED, OWN_DEPARTMENT_OR_HOTLINE
from models.oversight_guards import none_pending, not_own
from models.states import IN_HAND, UNIT, UNIT_AT_WORK
from models.vocabulary import Action, OrderState, RequestKind, Role, TaskRole, TaskState
from models.workflow.shapes import Case, Level, Transition

S, T, R, K = OrderState, TaskState, Role, RequestKind

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.ASK_SHELF,
        from_order=IN_HAND,
        to_order=None,
        roles=(*UNIT, R.DISPATCHER, R.SHIFT_LEADER),
        from_task=UNIT_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        guards=(OWN_DEPARTMENT_OR_HOTLINE, NOT_SUSPENDED, none_pending(K.SHELF)),
        needs=("reason", "plan", "leader", "caller_informed"),
        effect="附解决计划和包案领导，并已告知诉求人",
    ),
    Transition(
        action=Action.DECIDE_SHELF,
        case=Case.GRANTED,
        from_order=IN_HAND,
        to_order=S.SHELVED,
        roles=(R.MANAGER,),
        from_task=UNIT_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        pending=(K.SHELF,),
        guards=(NOT_SUSPENDED, not_own(K.SHELF)),
        needs=("granted", "reason"),
        limit="shelve_decision",
        effect="各项办理时限停止，复核周期开始",
    ),
    Transition(
        action=Action.DECIDE_SHELF,
        case=Case.REFUSED,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.MANAGER,),
        from_task=UNIT_AT_WORK,
        level=Level.TOP,
        part=TaskRole.LEAD,
        pending=(K.SHELF,),
        guards=(not_own(K.SHELF),),
        needs=("granted", "reason"),
        limit="shelve_decision",
        effect="继续办理，时限照常计算",
    ),
    Transition(
        action=Action.REVIEW_SHELF,
        from_order=(S.SHELVED,),
        to_order=None,
        roles=(R.SHIFT_LEADER, R.MANAGER),
        needs=("progress",),
        limit="shelve_review",
        effect="记录进展，下一个复核周期开始；挂账满一年的由领导复核",
    ),
    Transition(
        action=Action.TAKE_OFF_SHELF,
        from_order=(S.SHELVED,),
        to_order=S.DISPATCHED,
        roles=(R.SHIFT_LEADER, R.MANAGER),
        needs=("reason",),
        effect="继续办理，办结时限从现在起重新计算",
    ),
)
