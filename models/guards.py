"""Who acts, and the conditions on an action beyond state and post."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from models.states import HOTLINE_ROLES
from models.tables import OrderRequest, Task, WorkOrder
from models.task_tree import leader_of, parent_of, unit_task, waited_for
from models.vocabulary import (
    OPEN_REQUEST,
    RequestKind,
    RequestState,
    RequestType,
    Role,
    TaskRole,
    Urgency,
)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, with all posts held, and from where."""

    id: str
    name: str
    roles: frozenset[Role]
    department: str = ""
    #: The post the person acts in, when chosen; else the first one that may.
    acting: Role | None = None
    #: Network address.
    address: str = ""
    #: Whom one stands in for; empty: nobody.
    for_id: str = ""

    @property
    def usable_roles(self) -> frozenset[Role]:
        """The posts that count now."""
        return self.roles if self.acting is None else self.roles & {self.acting}

    @property
    def selves(self) -> frozenset[str]:
        """Whose own doing one may not approve: one's own, and of whom one stands in for."""
        return frozenset({self.id, self.for_id} - {""})


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a guard looks at. ``task`` is the task the action concerns, if any."""

    order: WorkOrder | None
    task: Task | None
    actor: Actor
    #: All tasks and requests of the order.
    tasks: Sequence[Task] = ()
    requests: Sequence[OrderRequest] = ()
    #: None: the time is not looked at.
    now: datetime | None = None
    #: The request to be decided, where the command names one.
    request: OrderRequest | None = None

    def pending(self, *kinds: RequestKind) -> OrderRequest | None:
        """The undecided request of one of these kinds: the one named, else the one on the task, or
        on the order for requests that concern no task."""
        named, task_id = self.request, self.task.id if self.task else None
        if named is not None:
            fits = named.kind in kinds and named.task_id in (None, task_id)
            return named if fits and named.state in OPEN_REQUEST else None
        return next(
            (one for one in self.open_requests(*kinds) if one.task_id in (None, task_id)), None
        )

    def open_requests(self, *kinds: RequestKind) -> list[OrderRequest]:
        """All undecided requests of these kinds."""
        return [one for one in self.requests if one.kind in kinds and one.state in OPEN_REQUEST]

    def of_task(self, kind: RequestKind) -> list[OrderRequest]:
        """All requests of a kind that the task ever made."""
        return [
            one
            for one in self.requests
            if self.task and one.task_id == self.task.id
            if one.kind is kind
        ]


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A condition beyond state and role. ``refusal`` is what a person reads when it fails."""

    name: str
    refusal: str
    holds: Callable[[Situation], bool] = field(repr=False)
    #: Not worth telling: the thing is simply somebody else's to do.
    silent: bool = False


def _by_system(s: Situation) -> bool:
    return Role.SYSTEM in s.actor.usable_roles


def _belongs_to(task: Task | None, s: Situation) -> bool:
    return task is not None and (task.department == s.actor.department or _by_system(s))


OWN_DEPARTMENT = Guard(
    name="own_department",
    silent=True,
    refusal="该承办任务不属于您所在的单位",
    holds=lambda s: _belongs_to(s.task, s),
)
OWN_DEPARTMENT_OR_HOTLINE = Guard(
    name="own_department_or_hotline",
    silent=True,
    refusal="该承办任务不属于您所在的单位",
    holds=lambda s: _belongs_to(s.task, s) or not s.actor.usable_roles.isdisjoint(HOTLINE_ROLES),
)
PARENT_DEPARTMENT = Guard(
    name="parent_department",
    silent=True,
    refusal="该承办任务不是您所在的单位下派的",
    holds=lambda s: s.task is not None and _belongs_to(parent_of(s.task, s.tasks), s),
)
LEADS_THE_PART = Guard(
    name="leads_the_part",
    silent=True,
    refusal="您所在的单位不是该协办任务的主办单位",
    holds=lambda s: s.task is not None and _belongs_to(leader_of(s.task, s.tasks), s),
)
NOT_OWN_RESULT = Guard(
    name="not_own_result",
    refusal="不能审核本人提交的办理结果，请由其他审核员审核",
    holds=lambda s: s.task is not None and s.task.submitted_by not in s.actor.selves,
)
NOT_OWN_WORK = Guard(
    name="not_own_work",
    refusal="不能回访本人或本单位办理的工单，请由其他回访员回访",
    holds=lambda s: (
        not any(
            task.submitted_by in s.actor.selves or task.department == s.actor.department
            for task in s.tasks
        )
    ),
)
#: Whoever answers for an order, or is to, does not make it easier for the own unit.
NOT_OF_THE_UNIT = Guard(
    name="not_of_the_unit",
    refusal="承办单位的人员不能降低本单位工单的紧急程度、改变保密或取消回访，请由热线办班长更正",
    holds=lambda s: (
        not s.actor.department
        or s.order is None
        or s.actor.department
        not in {s.order.lead_department, *(task.department for task in s.tasks)}
    ),
)
MAY_BE_WITHDRAWN = Guard(
    name="may_be_withdrawn",
    refusal="举报件和特急件涉及公共利益或人身安全，不能撤单",
    holds=lambda s: (
        s.order is not None
        and s.order.request_type is not RequestType.REPORT
        and s.order.urgency is not Urgency.CRITICAL
    ),
)
NOTHING_OPEN_BELOW = Guard(
    name="nothing_open_below",
    refusal="还有下级单位或协办单位的任务没有完成",
    holds=lambda s: s.task is not None and not waited_for(s.task, s.tasks),
)
NOT_SUSPENDED = Guard(
    name="not_suspended",
    refusal="工单已挂起，请先解除挂起",
    holds=lambda s: s.order is not None and s.order.suspended_at is None,
)
SUSPENDED = Guard(
    name="suspended",
    silent=True,
    refusal="工单没有挂起",
    holds=lambda s: s.order is not None and s.order.suspended_at is not None,
)
#: What units ask for themselves, whoever of them has the task now.
_OF_UNITS = (
    RequestKind.RETURN,
    RequestKind.DISPUTE,
    RequestKind.EXTENSION,
    RequestKind.SUSPENSION,
)


def _the_unit_asked(one: OrderRequest, task: Task | None) -> bool:
    """Undecided. What the office asks of its own about a task keeps its unit from nothing."""
    if one.state not in OPEN_REQUEST or one.task_id != (task.id if task else None):
        return False
    return one.kind in _OF_UNITS or (task is not None and one.asked_department == task.department)


NOTHING_PENDING = Guard(
    name="nothing_pending",
    refusal="该承办任务还有申请没有审定，请等待审定或先撤回申请",
    holds=lambda s: not any(_the_unit_asked(one, s.task) for one in s.requests),
)
NOT_DISPUTED = Guard(
    name="not_disputed",
    refusal="承办单位争议正在裁定，裁定前由现承办单位继续办理",
    holds=lambda s: s.order is not None and s.order.disputed_at is None,
)
NOT_OWN_REQUEST = Guard(
    name="not_own_request",
    refusal="不能审定本人提出的申请，请由其他人员审定",
    holds=lambda s: (
        not any(
            one.asked_by in s.actor.selves
            for one in ([s.request] if s.request else s.open_requests(*_OF_UNITS))
            if one.state in OPEN_REQUEST and (s.request or one.task_id == (s.task and s.task.id))
        )
    ),
)
RETURNED_ONCE = Guard(
    name="returned_once",
    refusal="该承办任务已申请过退单，对审定结果有异议的请提出争议",
    holds=lambda s: (
        not any(one.state is not RequestState.WITHDRAWN for one in s.of_task(RequestKind.RETURN))
    ),
)
RETURN_REFUSED = Guard(
    name="return_refused",
    refusal="退单申请被退回之后才能提出争议，且一个承办任务只能提出一次",
    holds=lambda s: (
        any(
            one.state in (RequestState.REFUSED, RequestState.LAPSED)
            for one in s.of_task(RequestKind.RETURN)
        )
        and not any(
            one.state is not RequestState.WITHDRAWN for one in s.of_task(RequestKind.DISPUTE)
        )
    ),
)


def _is_top_lead(task: Task | None) -> bool:
    return task is not None and task.parent_id is None and task.role is TaskRole.LEAD


def rulings(requests: Iterable[OrderRequest]) -> list[OrderRequest]:
    """Decided disputes about whose the order is."""
    decided = (RequestState.GRANTED, RequestState.REFUSED)
    return [one for one in requests if one.kind is RequestKind.DISPUTE and one.state in decided]


def _binding(requests: Sequence[OrderRequest]) -> list[OrderRequest]:
    """Rulings since the order was last opened again: what it was opened for is new to them."""
    granted = (
        one.decided_at
        for one in requests
        if one.kind is RequestKind.REOPENING and one.state is RequestState.GRANTED
    )
    opened = max((at for at in granted if at is not None), default=None)
    return [
        one
        for one in rulings(requests)
        if opened is None or (one.decided_at is not None and one.decided_at >= opened)
    ]


OWNER_NOT_RULED = Guard(
    name="owner_not_ruled",
    refusal="承办单位已经裁定，不能再退单",
    # The ruling names the unit that leads, and nobody below or beside.
    holds=lambda s: not _is_top_lead(s.task) or not _binding(s.requests),
)


def late_or_supervised(task: Task | None, now: datetime | None) -> bool:
    """Whether the unit of a task has to answer for it already."""
    if task is None:
        return False
    return bool(task.open_supervision) or (now is not None and now > task.due_at)


NEITHER_LATE_NOR_SUPERVISED = Guard(
    name="neither_late_nor_supervised",
    refusal="工单已超期或正在督办，由班长或热线办负责人改派",
    holds=lambda s: not late_or_supervised(s.task, s.now),
)
LATE_OR_SUPERVISED = Guard(
    name="late_or_supervised",
    refusal="工单没有超期，也没有在督办",
    holds=lambda s: late_or_supervised(s.task, s.now),
    silent=True,
)
UNIT_FREE = Guard(
    name="unit_free",
    refusal="该单位在本工单已有办理中的任务",
    holds=lambda s: s.task is not None and unit_task(s.tasks, s.task.department) is None,
)
HAS_EXTERNAL_DUE = Guard(
    name="has_external_due",
    refusal="该工单没有上级平台规定的时限",
    holds=lambda s: s.order is not None and s.order.external_due is not None,
)
BEFORE_DUE = Guard(
    name="before_due",
    refusal="办结时限已过，不能再申请延期",
    holds=lambda s: s.task is not None and (s.now is None or s.now <= s.task.due_at),
)
BEFORE_DUE_TO_PAUSE = Guard(
    name="before_due_to_pause",
    refusal="办结时限已过，不能再申请挂起",
    holds=BEFORE_DUE.holds,
)
NOT_PAUSED_BEFORE = Guard(
    name="not_paused_before",
    refusal="特急件只能挂起一次",
    holds=lambda s: (
        s.order is None
        or s.order.urgency is not Urgency.CRITICAL
        or not any(
            one.kind is RequestKind.SUSPENSION and one.state is RequestState.GRANTED
            for one in s.requests
        )
    ),
)
ASKED_BY_OWN_UNIT = Guard(
    name="asked_by_own_unit",
    silent=True,
    refusal="该申请不是您所在的单位提出的",
    holds=lambda s: s.request is not None and s.request.asked_department == s.actor.department,
)
