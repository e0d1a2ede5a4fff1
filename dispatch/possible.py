"""Why something is not possible with an order although post and table would allow it.

Beyond the guards of ``models.workflow``, which know no rules of the city: how often a limit may be
extended, how deep work is handed down, until when something may be asked for. One table for those
who act (``check_possible``) and for what is offered to them (``dispatch.views.steps``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.limits import Limit
from dispatch.candidates import why_none_below
from dispatch.promises import Promise
from dispatch.rules import Rules
from dispatch.step import Step
from dispatch.terms import terms_of
from models.errors import TransitionRefused
from models.guards import Actor
from models.tables import OrderRequest, Oversight, Task, WorkOrder
from models.task_tree import active, children_of, depth, lead_task, parent_of, same_hands
from models.vocabulary import (
    Action,
    OversightKind,
    OversightState,
    RequestKind,
    RequestState,
    Role,
    TaskRole,
)

#: Why nobody can be sent a link here.
NO_PAGE = "未设置诉求人可以访问的评价页面地址（配置 web.citizen_url），请电话回访"
_MOBILE = re.compile(r"1\d{10}")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the reasons look at."""

    order: WorkOrder
    tasks: Sequence[Task]
    requests: Sequence[OrderRequest]
    actor: Actor
    rules: Rules
    now: datetime
    #: Urges and supervision of the order.
    oversights: Sequence[Oversight] = ()
    #: Who has taken something from the citizen by correcting the order.
    eased_by: frozenset[str] = frozenset()
    #: A link to answer the follow-up by is on its way.
    link_sent: bool = False
    #: The order that somebody proposes to merge this one into.
    into: WorkOrder | None = None


def why_not(action: Action, facts: Facts, task: Task | None) -> str:
    """What stands against it; empty: nothing. ``task``: the one it would be about."""
    reason = _REASONS.get(action)
    return reason(facts, task) if reason else ""


def check_possible(
    step: Step,
    *,
    oversights: Sequence[Oversight] = (),
    eased_by: frozenset[str] = frozenset(),
    link_sent: bool = False,
) -> None:
    """Once the table has allowed the step.

    :raises TransitionRefused: saying why it is not possible all the same.
    """
    facts = Facts(
        order=step.order,
        tasks=step.tasks,
        requests=step.requests,
        actor=step.actor,
        rules=step.rules,
        now=step.now,
        oversights=oversights,
        eased_by=eased_by,
        link_sent=link_sent,
    )
    if reason := why_not(step.action, facts, step.task):
        raise TransitionRefused(f"不能“{step.action.label}”：{reason}。")


def granted_extensions(
    task: Task, tasks: Iterable[Task], requests: Iterable[OrderRequest]
) -> list[OrderRequest]:
    """What the unit of the task has been granted in this round."""
    mine = {one.id for one in same_hands(task, tasks)}
    return [
        one
        for one in requests
        if one.task_id in mine
        if one.kind is RequestKind.EXTENSION and one.state is RequestState.GRANTED
    ]


def _used_up(facts: Facts, task: Task | None) -> str:
    assert task is not None, "an extension is of a task"
    most = terms_of(facts.order, facts.rules).extension.most
    if len(granted_extensions(task, facts.tasks, facts.requests)) < most:
        return ""
    return f"该类工单最多延期{most}次" if most else "该类工单不能延期"


def _no_way_down(facts: Facts, task: Task | None) -> str:
    assert task is not None, "what is handed down is a task"
    rules, deepest = facts.rules, facts.rules.handling.depth
    if rules.subtree(task.department) <= {task.department}:
        return "本单位没有下级单位"
    if depth(task, facts.tasks) >= deepest:
        return f"最多下派到第{deepest}级，不能再往下派"
    living = active(children_of(task, facts.tasks))
    if lead := next((one for one in living if one.role is TaskRole.LEAD), None):
        return f"已下派给{rules.unit_name(lead.department)}，须先收回才能另派"
    if _latest(facts, task, rules.handling.child_share) <= facts.now:
        return "本单位的办结时限已到或所剩无几，请自行办理或申请延期"
    return why_none_below(rules, facts.order, facts.tasks, task, task.department)


def _no_time_beside(facts: Facts, task: Task | None) -> str:
    """A unit below is to end before those above it, so that it cannot be given time they lack."""
    if task is None or task.parent_id is None:
        return ""
    if _latest(facts, task, facts.rules.handling.joint_share) <= facts.now:
        return "该下级任务的时限已到或所剩无几，不能再增加协办"
    above = parent_of(task, facts.tasks)
    assert above is not None, "what has a parent is below a task"
    return why_none_below(facts.rules, facts.order, facts.tasks, task, above.department)


def _latest(facts: Facts, task: Task, share: float) -> datetime:
    promise = Promise.from_json(task.clocks["handle"])
    return facts.rules.promiser.before(promise, facts.now, share).due


def _supervised(facts: Facts, task: Task | None, state: OversightState) -> Oversight | None:
    return next(
        (
            row
            for row in facts.oversights
            if task is not None and row.task_id == task.id
            if row.kind is OversightKind.SUPERVISION and row.state is state
        ),
        None,
    )


def _nothing_to_answer(facts: Facts, task: Task | None) -> str:
    open_one = _supervised(facts, task, OversightState.OPEN)
    return "" if open_one else "该督办已经答复，等待审核"


def _no_answer_yet(facts: Facts, task: Task | None) -> str:
    answered = _supervised(facts, task, OversightState.ANSWERED)
    if answered is None:
        return "承办单位还没有答复督办"
    own = answered.answered_by in facts.actor.selves
    return "不能审核本人提交的督办答复，请由其他人员审核" if own else ""


def _too_late_to_reopen(facts: Facts, _task: Task | None) -> str:
    return _closed_too_long(facts, "reopen_request")


def _not_ours_to_exclude(facts: Facts, _task: Task | None) -> str:
    lead = lead_task(facts.tasks)
    if lead is None or lead.department != facts.actor.department:
        return "该工单不是由您所在的单位主办的"
    return _closed_too_long(facts, "exclusion_request")


def _closed_too_long(facts: Facts, clock: str) -> str:
    assert facts.order.closed_at is not None, "a closed order knows when"
    limit = terms_of(facts.order, facts.rules).limit(clock)
    over = facts.now > facts.rules.counter.due(facts.order.closed_at, limit).at
    return f"办结已超过{limit.text}" if over else ""


def _not_a_second_person(facts: Facts, _task: Task | None) -> str:
    """Who took the demand in, or took its protection away, has no say in striking it off."""
    if facts.actor.selves.isdisjoint({facts.order.accepted_by, *facts.eased_by}):
        return ""
    return "不能审定本人受理或本人更正过性质的工单的撤单，请由其他人员审定"


def _leader_reviews(facts: Facts, _task: Task | None) -> str:
    limit: Limit = facts.rules.oversight.shelf_leader_after.limit
    since = facts.order.shelved_at or facts.now
    over = facts.now > facts.rules.counter.due(since, limit).at
    if not over or Role.MANAGER in facts.actor.usable_roles:
        return ""
    return f"挂账已满{limit.text}，应由{Role.MANAGER.label}复核"


def mobiles_of(order: WorkOrder) -> list[str]:
    """Numbers of the citizen that a message can be sent to, the preferred one first."""
    return [one for one in (order.callback_phone, order.caller_phone) if _MOBILE.fullmatch(one)]


def _no_link(facts: Facts, _task: Task | None) -> str:
    if not facts.rules.handling.follow_up.link:
        return NO_PAGE
    if not mobiles_of(facts.order):
        return "诉求人没有留手机号码，请电话回访"
    return "已向诉求人发送评价链接，请等待答复或电话回访" if facts.link_sent else ""


_REASONS: dict[Action, Callable[[Facts, Task | None], str]] = {
    Action.REQUEST_EXTENSION: _used_up,
    Action.DELEGATE: _no_way_down,
    Action.ADD_JOINT: _no_time_beside,
    Action.ANSWER_SUPERVISION: _nothing_to_answer,
    Action.SETTLE_SUPERVISION: _no_answer_yet,
    Action.ASK_REOPENING: _too_late_to_reopen,
    Action.ASK_EXCLUSION: _not_ours_to_exclude,
    Action.DECIDE_WITHDRAWAL: _not_a_second_person,
    Action.REVIEW_SHELF: _leader_reviews,
    Action.INVITE_FOLLOW_UP: _no_link,
}
