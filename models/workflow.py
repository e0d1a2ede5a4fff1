"""The state machine of an order, as one table: who may do what, from where, to where.

The service in ``dispatch`` acts by it, the console draws its buttons from it, and
``docs/state-machine.md`` is made from it. A row is one edge. Rows of the same action differ by the
states they start from, or by ``case``: what was decided (``answered`` or ``to_unit``), named by the
service from the command's data, so that the table itself holds no logic but the guards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.errors import RoleRefused, TransitionRefused
from models.guards import MAY_BE_WITHDRAWN, NOT_OWN_RESULT, OWN_DEPARTMENT, Actor, Guard, Situation
from models.tables import Task, WorkOrder
from models.vocabulary import (
    Action,
    Labelled,
    OrderState,
    Role,
    TaskRole,
    TaskState,
)


class Case(Labelled):
    """What the data of a command decided: chooses among rows of the same action."""

    ANY = "any", ""
    ANSWERED = "answered", "当场答复"
    TO_UNIT = "to_unit", "需要承办单位办理"
    REPLY_WANTED = "reply_wanted", "诉求人需要回访"
    NO_REPLY_WANTED = "no_reply_wanted", "诉求人不需要回访"
    CLOSE = "close", "已接通，可以办结"
    REDO = "redo", "已接通，未解决且不满意，要求重办"
    TRY_AGAIN = "try_again", "未接通，尚未满足停止回访的次数和时段"
    GIVE_UP = "give_up", "未接通，已满足停止回访的次数和时段"


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One edge. ``None`` for a target means that state stays.

    ``from_task`` empty: the action needs no task. ``needs`` names fields of the command, for the
    document and the console.
    """

    action: Action
    from_order: tuple[OrderState, ...]
    to_order: OrderState | None
    roles: tuple[Role, ...]
    case: Case = Case.ANY
    from_task: tuple[TaskState, ...] = ()
    to_task: TaskState | None = None
    #: State of the lead task that the action makes.
    new_task: TaskState | None = None
    guards: tuple[Guard, ...] = ()
    needs: tuple[str, ...] = ()
    effect: str = ""

    @property
    def label(self) -> str:
        """The action's Chinese name."""
        return self.action.label


S, T, R = OrderState, TaskState, Role

#: States in which the order is not finished.
OPEN_STATES = (S.TO_DISPATCH, S.DISPATCHED, S.TO_AUDIT, S.TO_FOLLOW_UP, S.REDO)
#: States in which a unit works.
IN_HAND = (S.DISPATCHED, S.REDO)
#: States of a task that is not over.
ACTIVE_TASK = (T.TO_SIGN, T.SIGNED, T.SUBMITTED, T.SENT_BACK)
#: States of a task that the unit still owes something on.
UNIT_AT_WORK = (T.TO_SIGN, T.SIGNED, T.SENT_BACK)
#: Posts of the hotline itself.
HOTLINE_ROLES = (R.AGENT, R.SHIFT_LEADER, R.DISPATCHER, R.AUDITOR, R.FOLLOW_UP, R.MANAGER)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        action=Action.OPEN,
        case=Case.ANSWERED,
        from_order=(S.DRAFT,),
        to_order=S.CLOSED,
        roles=(R.AGENT, R.SHIFT_LEADER),
        needs=("title", "content", "request_type", "category", "urgency", "public_answer"),
        effect="以“现场答复”办结，不作办结评估",
    ),
    Transition(
        action=Action.OPEN,
        case=Case.TO_UNIT,
        from_order=(S.DRAFT,),
        to_order=S.TO_DISPATCH,
        roles=(R.AGENT, R.SHIFT_LEADER),
        needs=("title", "content", "request_type", "category", "urgency"),
        effect="派单时限开始计算",
    ),
    Transition(
        action=Action.AMEND,
        from_order=(S.TO_DISPATCH,),
        to_order=None,
        roles=(R.AGENT, R.SHIFT_LEADER, R.DISPATCHER),
        needs=("reason",),
        effect="更正工单内容",
    ),
    Transition(
        action=Action.DISPATCH,
        from_order=(S.TO_DISPATCH,),
        to_order=S.DISPATCHED,
        roles=(R.DISPATCHER, R.SHIFT_LEADER),
        new_task=T.TO_SIGN,
        needs=("department",),
        effect="签收、先行联系、办结时限从派单时起算",
    ),
    Transition(
        action=Action.SIGN_FOR,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.UNIT_CLERK, R.SYSTEM),
        from_task=(T.TO_SIGN,),
        to_task=T.SIGNED,
        guards=(OWN_DEPARTMENT,),
        effect="超过签收时限仍未签收的，由系统自动签收，按超时签收评估",
    ),
    Transition(
        action=Action.FIRST_CONTACT,
        from_order=IN_HAND,
        to_order=None,
        roles=(R.UNIT_CLERK,),
        from_task=(T.SIGNED, T.SENT_BACK),
        guards=(OWN_DEPARTMENT,),
        needs=("person", "reached"),
        effect="首次联系上诉求人即停止先行联系时限",
    ),
    Transition(
        action=Action.SUBMIT_RESULT,
        from_order=IN_HAND,
        to_order=S.TO_AUDIT,
        roles=(R.UNIT_CLERK,),
        from_task=(T.SIGNED, T.SENT_BACK),
        to_task=T.SUBMITTED,
        guards=(OWN_DEPARTMENT,),
        needs=("fact_finding", "demand_finding", "outcome", "public_answer"),
        effect="审核时限开始计算",
    ),
    Transition(
        action=Action.APPROVE_RESULT,
        case=Case.REPLY_WANTED,
        from_order=(S.TO_AUDIT,),
        to_order=S.TO_FOLLOW_UP,
        roles=(R.AUDITOR,),
        from_task=(T.SUBMITTED,),
        to_task=T.DONE,
        guards=(NOT_OWN_RESULT,),
        needs=("quality_items", "process_items"),
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
        guards=(NOT_OWN_RESULT,),
        needs=("quality_items", "process_items"),
        effect="以“诉求人不需要回访”办结，作办结评估",
    ),
    Transition(
        action=Action.SEND_BACK,
        from_order=(S.TO_AUDIT,),
        to_order=S.DISPATCHED,
        roles=(R.AUDITOR,),
        from_task=(T.SUBMITTED,),
        to_task=T.SENT_BACK,
        guards=(NOT_OWN_RESULT,),
        needs=("reason",),
        effect="仍按原办结时限计算",
    ),
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.CLOSE,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.CLOSED,
        roles=(R.FOLLOW_UP,),
        needs=("contacted", "solved", "satisfaction"),
        effect="以“已回访”办结，作办结评估",
    ),
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.REDO,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.REDO,
        roles=(R.FOLLOW_UP,),
        new_task=T.TO_SIGN,
        needs=("contacted", "solved", "satisfaction", "redo_reason"),
        effect="原承办单位得到新的承办任务，按重办时限计算",
    ),
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.TRY_AGAIN,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=None,
        roles=(R.FOLLOW_UP,),
        effect="留在待回访，换一个时段再试",
    ),
    Transition(
        action=Action.RECORD_FOLLOW_UP,
        case=Case.GIVE_UP,
        from_order=(S.TO_FOLLOW_UP,),
        to_order=S.CLOSED,
        roles=(R.FOLLOW_UP,),
        effect="以“多次回访未接通”办结，解决情况和满意度不计分",
    ),
    Transition(
        action=Action.URGE,
        from_order=OPEN_STATES,
        to_order=None,
        roles=(*HOTLINE_ROLES, R.SYSTEM),
        needs=("reason",),
        effect="由系统办理的，是诉求人在电话里按键催办",
    ),
    Transition(
        action=Action.NOTE,
        from_order=(*OPEN_STATES, S.CLOSED, S.WITHDRAWN),
        to_order=None,
        roles=(*HOTLINE_ROLES, R.UNIT_CLERK),
        needs=("text",),
    ),
    Transition(
        action=Action.WITHDRAW,
        from_order=(S.TO_DISPATCH, S.DISPATCHED, S.REDO),
        to_order=S.WITHDRAWN,
        roles=(R.SHIFT_LEADER, R.DISPATCHER),
        to_task=T.CANCELLED,
        guards=(MAY_BE_WITHDRAWN,),
        needs=("reason", "consent"),
        effect="须有诉求人同意的记录；未完成的承办任务同时撤回",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Permit:
    """A transition that may be made, and the post it is made in."""

    transition: Transition
    role: Role


def lead_task(tasks: Iterable[Task]) -> Task | None:
    """The lead task that counts: not cancelled, and not done again by another.

    By what follows what, not by time: a clock may be set back.
    """
    leads = [t for t in tasks if t.role is TaskRole.LEAD and t.state is not TaskState.CANCELLED]
    done_again = {task.redo_of for task in leads}
    return next((task for task in leads if task.id not in done_again), None)


def first_lead_task(tasks: Iterable[Task]) -> Task | None:
    """The lead task of the first round."""
    leads = (task for task in tasks if task.role is TaskRole.LEAD and task.redo_of is None)
    return next((task for task in leads if task.state is not TaskState.CANCELLED), None)


def rows_of(action: Action) -> tuple[Transition, ...]:
    """All edges of an action."""
    return tuple(row for row in TRANSITIONS if row.action is action)


def permit(
    action: Action,
    case: Case,
    actor: Actor,
    order: WorkOrder | None = None,
    tasks: Sequence[Task] = (),
) -> Permit:
    """The edge to follow. ``order`` None: it is being opened.

    :raises TransitionRefused: saying what was tried, from which state, and who may do it.
    """
    situation = Situation(order=order, task=lead_task(tasks), actor=actor)
    rows = [row for row in rows_of(action) if row.case in (case, Case.ANY)]
    here = [row for row in rows if _starts_here(row, situation)]
    if not here:
        raise _refuse_state(action, situation, tasks)
    for row in here:
        if role := _role_for(row, actor):
            _check_guards(row, situation, tasks)
            return Permit(transition=row, role=role)
    raise _refuse_role(action, here[0], situation, tasks)


def allowed_actions(order: WorkOrder, tasks: Sequence[Task], actor: Actor) -> tuple[Action, ...]:
    """What the actor may do now, in the order of the table."""
    situation = Situation(order=order, task=lead_task(tasks), actor=actor)
    fit = [
        row.action
        for row in TRANSITIONS
        if _starts_here(row, situation)
        and _role_for(row, actor)
        and all(guard.holds(situation) for guard in row.guards)
    ]
    return tuple(dict.fromkeys(fit))


def names_of(roles: Iterable[Role]) -> str:
    """Posts as a person writes them: 话务员、班长."""
    return "、".join(role.label for role in roles)


def _people(roles: Iterable[Role]) -> list[Role]:
    """Whom one could ask: not the system."""
    return [role for role in roles if role is not Role.SYSTEM]


def _starts_here(row: Transition, s: Situation) -> bool:
    state = s.order.state if s.order else OrderState.DRAFT
    if state not in row.from_order:
        return False
    return not row.from_task or (s.task is not None and s.task.state in row.from_task)


def _role_for(row: Transition, actor: Actor) -> Role | None:
    return next((role for role in row.roles if role in actor.usable_roles), None)


def _check_guards(row: Transition, s: Situation, tasks: Sequence[Task]) -> None:
    for guard in row.guards:
        if not guard.holds(s):
            message = f"不能“{row.label}”：{guard.refusal}。"
            raise _refusal(message, row.action, s, tasks, because=guard.name, roles=row.roles)


def _refuse_state(action: Action, s: Situation, tasks: Sequence[Task]) -> TransitionRefused:
    rows = rows_of(action)
    states = dict.fromkeys(state for row in rows for state in row.from_order)
    wanted = "、".join(f"“{state.label}”" for state in states)
    roles = tuple(dict.fromkeys(role for row in rows for role in row.roles))
    message = (
        f"不能“{action.label}”：工单现在是{_state_text(s)}，"
        f"{wanted}的工单才可以{action.label}{_task_text(rows)}，由{names_of(_people(roles))}操作。"
    )
    return _refusal(message, action, s, tasks, because="state", roles=roles)


def _refuse_role(
    action: Action, row: Transition, s: Situation, tasks: Sequence[Task]
) -> TransitionRefused:
    mine = names_of(sorted(s.actor.usable_roles)) or "无"
    message = (
        f"不能“{action.label}”：工单现在是{_state_text(s)}，"
        f"只能由{names_of(_people(row.roles))}操作，您的岗位是{mine}。"
    )
    return _refusal(message, action, s, tasks, because="role", roles=row.roles)


def _refusal(
    message: str,
    action: Action,
    s: Situation,
    tasks: Sequence[Task],
    because: str,
    roles: Iterable[Role],
) -> TransitionRefused:
    allowed = allowed_actions(s.order, tasks, s.actor) if s.order else ()
    kind = RoleRefused if because == "role" else TransitionRefused
    return kind(
        message,
        action=action.value,
        state=(s.order.state if s.order else OrderState.DRAFT).value,
        task_state=s.task.state.value if s.task else "",
        because=because,
        allowed_roles=[role.value for role in roles],
        allowed_actions=[item.value for item in allowed],
    )


def _state_text(s: Situation) -> str:
    state = s.order.state if s.order else OrderState.DRAFT
    task = f"（承办任务{s.task.state.label}）" if s.task else ""
    return f"“{state.label}”{task}"


def _task_text(rows: Iterable[Transition]) -> str:
    states = dict.fromkeys(state for row in rows for state in row.from_task)
    return f"（承办任务须为{'、'.join(state.label for state in states)}）" if states else ""
