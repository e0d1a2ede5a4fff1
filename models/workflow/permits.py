"""Asking the table: may this person do this now, what may they do, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from models.errors import RoleRefused, TransitionRefused
from models.guards import Actor, Guard, Situation
from models.states import OPEN_STATES
from models.tables import OrderRequest, Task, WorkOrder
from models.task_tree import lead_task, unit_task
from models.vocabulary import Action, OrderState, Role
from models.workflow.shapes import Case, Level, Transition
from models.workflow.table import TRANSITIONS, rows_of


@dataclass(frozen=True, kw_only=True)
class Permit:
    """A transition that may be made, the post it is made in, and what it is about."""

    transition: Transition
    role: Role
    task: Task | None = None
    request: OrderRequest | None = None


@dataclass(frozen=True, kw_only=True)
class AllowedStep:
    """What a person may do now: an action, on a task or request where it concerns one."""

    transition: Transition
    task: Task | None = None
    request: OrderRequest | None = None


@dataclass(frozen=True, kw_only=True)
class RefusedStep:
    """What state and post would allow and a guard does not; ``reason`` is what a person reads."""

    transition: Transition
    guard: Guard
    task: Task | None = None
    request: OrderRequest | None = None

    @property
    def reason(self) -> str:
        """The guard's words."""
        return self.guard.refusal


def subject_task(tasks: Sequence[Task], actor: Actor) -> Task | None:
    """The task that a command without ``task_id`` is about: that of the actor's unit, else the
    lead task."""
    return unit_task(tasks, actor.department) or lead_task(tasks)


def permit(
    action: Action,
    case: Case,
    actor: Actor,
    order: WorkOrder | None = None,
    tasks: Sequence[Task] = (),
    requests: Sequence[OrderRequest] = (),
    *,
    task: Task | None = None,
    request: OrderRequest | None = None,
    now: datetime | None = None,
) -> Permit:
    """The edge to follow. ``order`` None: it is being opened.

    :raises TransitionRefused: saying what was tried, from which state, and who may do it.
    """
    situation = Situation(
        order=order,
        task=task or subject_task(tasks, actor),
        actor=actor,
        tasks=tasks,
        requests=requests,
        now=now,
        request=request,
    )
    rows = [row for row in rows_of(action) if row.case in (case, Case.ANY)]
    here = [row for row in rows if _starts_here(row, situation)]
    if not here:
        raise _refuse_state(action, situation)
    for row in here:
        if role := _role_for(row, actor):
            _check_guards(row, situation)
            found = situation.pending(*row.pending) if row.pending else request
            return Permit(transition=row, role=role, task=situation.task, request=found)
    raise _refuse_role(action, here[0], situation)


def allowed_actions(
    order: WorkOrder,
    tasks: Sequence[Task],
    actor: Actor,
    requests: Sequence[OrderRequest] = (),
    now: datetime | None = None,
) -> tuple[Action, ...]:
    """What the actor may do now with any task of the order, in the order of the table."""
    steps = allowed_steps(order, tasks, actor, requests, now)
    return tuple(dict.fromkeys(step.transition.action for step in steps))


def allowed_steps(
    order: WorkOrder,
    tasks: Sequence[Task],
    actor: Actor,
    requests: Sequence[OrderRequest] = (),
    now: datetime | None = None,
) -> list[AllowedStep]:
    """What the actor may do now, each action once for each task and request it concerns."""
    found: dict[tuple[str, ...], AllowedStep] = {}
    for row, s in _reachable(order, tasks, actor, requests, now):
        if all(guard.holds(s) for guard in row.guards):
            key = _key(row, s)
            found.setdefault(
                key, AllowedStep(transition=row, task=_told_task(row, s), request=s.request)
            )
    return list(found.values())


def open_cases(
    action: Action,
    order: WorkOrder,
    tasks: Sequence[Task],
    actor: Actor,
    requests: Sequence[OrderRequest] = (),
    now: datetime | None = None,
    *,
    task: Task | None = None,
    request: OrderRequest | None = None,
) -> dict[Case, str]:
    """The cases of an action that start here, each with what keeps the actor from it; empty: it is
    open. What was filled in tells the case: only what leads to an open one can be."""
    situation = Situation(
        order=order,
        task=task or subject_task(tasks, actor),
        actor=actor,
        tasks=tasks,
        requests=requests,
        now=now,
        request=request,
    )
    found: dict[Case, str] = {}
    for row in rows_of(action):
        if row.case is Case.TAKE_IN or not _starts_here(row, situation):
            continue
        if found.get(row.case) != "":  # one row that is open is enough
            found[row.case] = _why_closed(row, situation)
    return found


def _why_closed(row: Transition, s: Situation) -> str:
    if _role_for(row, s.actor) is None:
        return f"只能由{names_of(_people(row.roles))}操作"
    return next((guard.refusal for guard in row.guards if not guard.holds(s)), "")


def refused_steps(
    order: WorkOrder,
    tasks: Sequence[Task],
    actor: Actor,
    requests: Sequence[OrderRequest] = (),
    now: datetime | None = None,
) -> list[RefusedStep]:
    """What the actor's post and the state would allow, and what stands against it."""
    allowed: set[tuple[str, ...]] = set()
    found: dict[tuple[str, ...], RefusedStep] = {}
    for row, s in _reachable(order, tasks, actor, requests, now):
        failed = [guard for guard in row.guards if not guard.holds(s)]
        if not failed:
            allowed.add(_key(row, s))
        elif not any(guard.silent for guard in failed):
            step = RefusedStep(
                transition=row, guard=failed[0], task=_told_task(row, s), request=s.request
            )
            found.setdefault(_key(row, s), step)
    return [step for key, step in found.items() if key not in allowed]


def names_of(roles: Iterable[Role]) -> str:
    """Posts as a person writes them: 话务员、班长."""
    return "、".join(role.label for role in roles)


def _reachable(
    order: WorkOrder,
    tasks: Sequence[Task],
    actor: Actor,
    requests: Sequence[OrderRequest],
    now: datetime | None,
) -> Iterator[tuple[Transition, Situation]]:
    """Rows that state and post allow, each with everything it may be about."""
    base = Situation(
        order=order,
        task=subject_task(tasks, actor),
        actor=actor,
        tasks=tasks,
        requests=requests,
        now=now,
    )
    for row in TRANSITIONS:
        # What an order is the far end of is done from the other one.
        if row.case is Case.TAKE_IN:
            continue
        if order.state in row.from_order and _role_for(row, actor):
            yield from ((row, s) for s in _subjects(row, base) if _starts_here(row, s))


def _subjects(row: Transition, base: Situation) -> Iterator[Situation]:
    if row.pending:
        by_id = {task.id: task for task in base.tasks}
        for request in base.open_requests(*row.pending):
            task = by_id.get(request.task_id or "", base.task)
            yield replace(base, task=task, request=request)
    elif row.from_task:
        yield from (replace(base, task=task) for task in base.tasks)
    else:
        yield base


def _key(row: Transition, s: Situation) -> tuple[str, ...]:
    task = _told_task(row, s)
    return row.action.value, task.id if task else "", s.request.id if s.request else ""


def _told_task(row: Transition, s: Situation) -> Task | None:
    return s.task if row.from_task or s.request else None


def _people(roles: Iterable[Role]) -> list[Role]:
    """Whom one could ask: neither this system nor another, unless there is nobody else."""
    every = list(roles)
    return [role for role in every if role not in (Role.SYSTEM, Role.PARTNER)] or every


def _starts_here(row: Transition, s: Situation) -> bool:
    state = s.order.state if s.order else OrderState.DRAFT
    if state not in row.from_order:
        return False
    if row.pending and s.pending(*row.pending) is None:
        return False
    return not row.from_task or (s.task is not None and _fits(row, s.task))


def _fits(row: Transition, task: Task) -> bool:
    below = task.parent_id is not None
    return (
        task.state in row.from_task
        and (row.level is Level.ANY or (row.level is Level.BELOW) == below)
        and (row.part is None or row.part is task.role)
    )


def _role_for(row: Transition, actor: Actor) -> Role | None:
    return next((role for role in row.roles if role in actor.usable_roles), None)


def _check_guards(row: Transition, s: Situation) -> None:
    for guard in row.guards:
        if not guard.holds(s):
            message = f"不能“{row.label}”：{guard.refusal}。"
            raise _refusal(message, row.action, s, because=guard.name, roles=row.roles)


def _refuse_state(action: Action, s: Situation) -> TransitionRefused:
    rows = rows_of(action)
    states = dict.fromkeys(state for row in rows for state in row.from_order)
    wanted = "、".join(f"“{state.label}”" for state in states)
    roles = tuple(dict.fromkeys(role for row in rows for role in row.roles))
    message = (
        f"不能“{action.label}”：工单现在是{_state_text(s)}，"
        f"{wanted}的工单才可以{action.label}{_task_text(rows)}，由{names_of(_people(roles))}操作。"
    )
    return _refusal(message, action, s, because="state", roles=roles)


def _refuse_role(action: Action, row: Transition, s: Situation) -> TransitionRefused:
    mine = names_of(sorted(s.actor.usable_roles)) or "无"
    message = (
        f"不能“{action.label}”：工单现在是{_state_text(s)}，"
        f"只能由{names_of(_people(row.roles))}操作，您的岗位是{mine}。"
    )
    return _refusal(message, action, s, because="role", roles=row.roles)


def _refusal(
    message: str, action: Action, s: Situation, because: str, roles: Iterable[Role]
) -> TransitionRefused:
    allowed = allowed_actions(s.order, s.tasks, s.actor, s.requests, s.now) if s.order else ()
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
    suspended = s.order is not None and state in OPEN_STATES and s.order.suspended_at is not None
    task = f"（承办任务{s.task.state.label}）" if s.task else ""
    return f"“{state.label}”{'（已挂起）' if suspended else ''}{task}"


def _task_text(rows: Sequence[Transition]) -> str:
    """What a task or request must be like, where all rows agree on it."""
    states = dict.fromkeys(state for row in rows for state in row.from_task)
    words = [f"承办任务须为{'、'.join(state.label for state in states)}"] if states else []
    levels = {row.level for row in rows}
    if len(levels) == 1 and Level.ANY not in levels:
        words.append(f"限{levels.pop().label}")
    parts = {row.part for row in rows}
    if len(parts) == 1 and (part := parts.pop()) is not None:
        words.append(f"限{part.label}")
    kinds = dict.fromkeys(kind for row in rows for kind in row.pending)
    if kinds:
        words.append(f"须有待审定的{'、'.join(kind.label for kind in kinds)}申请")
    return f"（{'，'.join(words)}）" if words else ""
