"""Who acts, and the conditions on an action beyond state and post."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.tables import Task, WorkOrder
from models.vocabulary import RequestType, Role, Urgency


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

    @property
    def usable_roles(self) -> frozenset[Role]:
        """The posts that count now."""
        return self.roles if self.acting is None else self.roles & {self.acting}


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a guard looks at. ``task`` is the lead task the action concerns, if any."""

    order: WorkOrder | None
    task: Task | None
    actor: Actor


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A condition beyond state and role. ``refusal`` is what a person reads when it fails."""

    name: str
    refusal: str
    holds: Callable[[Situation], bool]


OWN_DEPARTMENT = Guard(
    name="own_department",
    refusal="该承办任务不属于您所在的单位",
    holds=lambda s: (
        s.task is not None
        and (s.task.department == s.actor.department or Role.SYSTEM in s.actor.usable_roles)
    ),
)
NOT_OWN_RESULT = Guard(
    name="not_own_result",
    refusal="不能审核本人提交的办理结果，请由其他审核员审核",
    holds=lambda s: s.task is not None and s.task.submitted_by != s.actor.id,
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
