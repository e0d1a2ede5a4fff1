"""One action on one order while it is being done: what changes, and the event that tells it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.chain import link
from dispatch.commands import invalid
from dispatch.rules import Rules
from dispatch.timers import keep_timers
from dispatch.timetable import timers_of
from models.events import OrderChanged
from models.guards import Actor
from models.ids import new_id
from models.store import UnitOfWork
from models.tables import OrderEvent, OrderNews, OrderRequest, Task, TimerRow, WorkOrder
from models.vocabulary import Action, OrderState, Role
from models.workflow import ACTIVE_TASK, Case, Permit, permit, subject_task

#: Does an action: called with the step and its command.
Handler = Callable[["Step", Any], Awaitable[None]]


@dataclass(kw_only=True)
class Step:
    """Lives inside one transaction. ``changes`` is {field: [before, after]}."""

    work: UnitOfWork
    rules: Rules
    now: datetime
    actor: Actor
    action: Action
    order: WorkOrder
    tasks: list[Task]
    from_state: OrderState
    #: All timers that it has, and the hash of its latest event.
    timers: list[TimerRow]
    previous_hash: str
    #: Every request of the order, decided or not.
    requests: list[OrderRequest] = field(default_factory=list)
    #: Which task and request the command names.
    task_id: str | None = None
    request_id: str | None = None
    #: Tasks that ended while something was asked of them.
    let_go: list[Task] = field(default_factory=list)
    #: The task that the action concerns, and the request that it decides.
    task: Task | None = None
    request: OrderRequest | None = None
    permit: Permit | None = None
    reason: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    #: Further members of the command's result.
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def session(self) -> AsyncSession:
        """The transaction's session."""
        return self.work.session

    @property
    def subject(self) -> Task:
        """The task the action concerns, where the table has made sure of one."""
        assert self.task is not None, f"{self.action} needs a task"
        return self.task

    @property
    def decided(self) -> OrderRequest:
        """The request the action is about, where the table has made sure of one."""
        assert self.request is not None, f"{self.action} needs a request"
        return self.request

    def look(self) -> Task | None:
        """The task that the command is about, before the table is asked.

        :raises InvalidInput: when the command names a task or request that the order has not, or a
            request that is about another task than the one it names.
        """
        request, task = self._named_request(), self._named_task()
        if task and request and request.task_id not in (None, task.id):
            raise invalid([{"field": "request_id", "message": "该申请不是这个承办任务提出的"}])
        if task is None and request is not None:
            task = next((one for one in self.tasks if one.id == request.task_id), None)
        return task or subject_task(self.tasks, self.actor)

    def follow(self, case: Case = Case.ANY) -> Permit:
        """Take the edge of the table: check it, and set the states it names.

        :raises TransitionRefused: when there is no such edge for this actor here.
        """
        if self.permit is not None:
            return self.permit
        found = permit(
            self.action,
            case,
            self.actor,
            None if self.action is Action.OPEN else self.order,
            self.tasks,
            self.requests,
            task=self.look(),
            request=self._named_request(),
            now=self.now,
        )
        self.permit, self.task, self.request = found, found.task, found.request
        if found.transition.to_order is not None:
            self.order.state = found.transition.to_order
        if found.transition.to_task is not None and found.transition.from_task and self.task:
            self.change_task(self.task, state=found.transition.to_task)
        return found

    def _named_task(self) -> Task | None:
        if self.task_id is None:
            return None
        found = next((one for one in self.tasks if one.id == self.task_id), None)
        if found is None:
            raise invalid([{"field": "task_id", "message": "该工单没有这个承办任务"}])
        return found

    def _named_request(self) -> OrderRequest | None:
        if self.request_id is None:
            return None
        found = next((one for one in self.requests if one.id == self.request_id), None)
        if found is None:
            raise invalid([{"field": "request_id", "message": "该工单没有这个申请"}])
        return found

    def change(self, **values: Any) -> None:
        """Set fields of the order and remember what they were."""
        self._set(self.order, "", values)

    def change_task(self, task: Task, **values: Any) -> None:
        """Set fields of a task and remember what they were."""
        self._set(task, self._prefix(task), values)
        if task.state not in ACTIVE_TASK and (task.open_urges or task.open_supervision):
            self._let_go(task)

    def _let_go(self, task: Task) -> None:
        """What is asked of a task that is over is over too."""
        self.let_go.append(task)
        self._set(task, self._prefix(task), {"open_urges": 0, "open_supervision": 0})
        levels = [one.open_supervision for one in self.tasks if one.open_supervision]
        self.change(supervised=min(levels, default=0))

    def _prefix(self, task: Task) -> str:
        """``task.`` for the one the event is about, ``tasks.<id>.`` for others that move along."""
        return "task." if task is self.task else f"tasks.{task.id}."

    def told(self, **values: Any) -> None:
        """Put facts on the event that are kept in rows of their own."""
        for name, value in values.items():
            self.changes[name] = [None, plain(value)]

    def add_task(self, task: Task) -> None:
        """A new task; everything it starts with is on the event.

        The event is about it when it is about no other task.
        """
        task.accepted_at = self.order.accepted_at
        self.session.add(task)
        self.tasks.append(task)
        self.task = self.task or task
        prefix = self._prefix(task)
        for name in ("department", "role", "state", "sign_due", "first_contact_due", "due_at"):
            self.changes[f"{prefix}{name}"] = [None, plain(getattr(task, name))]
        if task.progress_due is not None:  # few policies want a first report
            self.changes[f"{prefix}progress_due"] = [None, plain(task.progress_due)]

    def add_request(self, request: OrderRequest) -> None:
        """A new request; what is asked for is on the event."""
        self.session.add(request)
        self.requests.append(request)
        for name in ("kind", "state", "reason_code", "due_at"):
            self.changes[f"requests.{request.id}.{name}"] = [None, plain(getattr(request, name))]

    def change_request(self, request: OrderRequest, **values: Any) -> None:
        """Set fields of a request and remember what they were."""
        self._set(request, f"requests.{request.id}.", values)

    def turn_to(self, task: Task | None) -> None:
        """Make the event be about another task, before anything of a task was changed."""
        self.task = task

    def _set(
        self, row: WorkOrder | Task | OrderRequest, prefix: str, values: dict[str, Any]
    ) -> None:
        for name, value in values.items():
            before = getattr(row, name)
            if before == value:
                continue
            first = self.changes.get(prefix + name, [plain(before)])[0]
            self.changes[prefix + name] = [first, plain(value)]
            setattr(row, name, value)

    async def finish(self) -> None:
        """Write the event, count the version up, and have it told after the commit."""
        assert self.permit is not None, "an action must follow the table"
        order = self.order
        order.version = order.version + 1 if self.action is not Action.OPEN else 1
        event, last = self._event(self.permit.role), self.work.last
        link(event, self.previous_hash)
        last.add(event)
        last.add(_news(event))
        keep_timers(last, self.timers, await timers_of(self))
        self.work.record(
            OrderChanged(
                at=self.now,
                order_id=order.id,
                order_no=order.order_no,
                action=self.action.value,
                state=order.state,
                version=order.version,
                actor_id=self.actor.id,
                actor_name=self.actor.name,
                lead_department=order.lead_department,
                departments=tuple(dict.fromkeys(task.department for task in self.tasks)),
                call_id=order.call_id,
            )
        )

    def _event(self, role: Role) -> OrderEvent:
        return OrderEvent(
            id=new_id(),
            order_id=self.order.id,
            seq=self.order.version,
            at=self.now,
            actor_id=self.actor.id,
            actor_name=self.actor.name,
            actor_role=role,
            actor_department=self.actor.department,
            address=self.actor.address,
            action=self.action.value,
            from_state=self.from_state.value,
            to_state=self.order.state.value,
            task_id=self.task.id if self.task else None,
            reason=self.reason,
            changes=self.changes,
        )


def _news(event: OrderEvent) -> OrderNews:
    return OrderNews(
        event_id=event.id, order_id=event.order_id, next_at=event.at, attempts=0, last_error=""
    )


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
