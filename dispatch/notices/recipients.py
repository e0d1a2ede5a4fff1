"""Which units an event concerns."""

from __future__ import annotations

from collections.abc import Sequence

from config.notices import Whom
from dispatch.rules import Rules
from models.states import ACTIVE_TASK
from models.tables import OrderEvent, Task
from models.task_tree import lead_task, parent_of
from models.vocabulary import RequestState


def units_for(whom: Whom, event: OrderEvent, tasks: Sequence[Task], rules: Rules) -> set[str]:
    """The units meant; the actor's own is left out, except the hotline's."""
    hotline = rules.departments.hotline
    found = _meant(whom, event, tasks, hotline)
    return {unit for unit in found if unit == hotline or unit != event.actor_department}


def _meant(whom: Whom, event: OrderEvent, tasks: Sequence[Task], hotline: str) -> set[str]:
    match whom:
        case "new":  # made by this very step
            return {task.department for task in tasks if task.dispatched_at == event.at}
        case "task":
            return {task.department for task in tasks if task.id == event.task_id}
        case "active":
            return {task.department for task in tasks if task.state in ACTIVE_TASK}
        case "all":
            return {task.department for task in tasks}
        case "lead":
            lead = lead_task(tasks)
            return {lead.department} if lead else set()
        case "parent":
            return _above(event, tasks)
        case "decider":
            return _above(event, tasks) or {hotline}
        case "hotline" | "office":
            return {hotline}


def asks(event: OrderEvent) -> bool:
    """Whether the event has put a request before somebody: a new one, or the second to decide."""
    return any(
        path.endswith(".kind") or (path.endswith(".state") and change[1] == RequestState.AGREED)
        for path, change in event.changes.items()
        if path.startswith("requests.")
    )


def _above(event: OrderEvent, tasks: Sequence[Task]) -> set[str]:
    task = next((one for one in tasks if one.id == event.task_id), None)
    parent = parent_of(task, tasks) if task else None
    return {parent.department} if parent else set()
