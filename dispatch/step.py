"""One action on one order while it is being done: what changes, and the event that tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.chain import append
from dispatch.rules import Rules
from dispatch.timers import keep_timers
from dispatch.timetable import timers_of
from models.events import OrderChanged
from models.guards import Actor
from models.ids import new_id
from models.store import UnitOfWork
from models.tables import OrderEvent, Task, WorkOrder
from models.vocabulary import Action, OrderState, Role
from models.workflow import Case, Permit, lead_task, permit


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
    #: The lead task that the action concerns.
    task: Task | None = None
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
    def lead(self) -> Task:
        """The task the action concerns, where the table has made sure of one."""
        assert self.task is not None, f"{self.action} needs a task"
        return self.task

    def follow(self, case: Case = Case.ANY) -> Permit:
        """Take the edge of the table: check it, and set the states it names.

        :raises TransitionRefused: when there is no such edge for this actor here.
        """
        if self.permit is not None:
            return self.permit
        opening = self.action is Action.OPEN
        found = permit(self.action, case, self.actor, None if opening else self.order, self.tasks)
        self.permit, self.task = found, lead_task(self.tasks)
        if found.transition.to_order is not None:
            self.order.state = found.transition.to_order
        if found.transition.to_task is not None and found.transition.from_task and self.task:
            self.change_task(self.task, state=found.transition.to_task)
        return found

    def change(self, **values: Any) -> None:
        """Set fields of the order and remember what they were."""
        self._set(self.order, "", values)

    def change_task(self, task: Task, **values: Any) -> None:
        """Set fields of a task and remember what they were."""
        self._set(task, "task.", values)

    def told(self, **values: Any) -> None:
        """Put facts on the event that are kept in rows of their own."""
        for name, value in values.items():
            self.changes[name] = [None, plain(value)]

    def add_task(self, task: Task) -> None:
        """A new lead task; everything it starts with is on the event."""
        self.session.add(task)
        self.tasks.append(task)
        self.task = task
        for name in ("department", "state", "sign_due", "first_contact_due", "due_at"):
            self.changes[f"task.{name}"] = [None, plain(getattr(task, name))]

    def _set(self, row: WorkOrder | Task, prefix: str, values: dict[str, Any]) -> None:
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
        await append(self.session, self._event(self.permit.role))
        await keep_timers(self.session, order.id, timers_of(order, self.tasks))
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


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
