"""Which units an event concerns, and whom of them."""

from __future__ import annotations

from collections.abc import Sequence

from config.notices import Whom
from dispatch.rules import Rules
from models.states import ACTIVE_TASK, IN_HAND
from models.tables import OrderEvent, Task
from models.task_tree import lead_task, parent_of
from models.vocabulary import NoticeAudience, OrderState, RequestState, TaskState

#: Where an order lies that no unit has in hand.
_DESKS = {
    OrderState.TO_SUPPLEMENT: NoticeAudience.INTAKE,
    OrderState.TO_DISPATCH: NoticeAudience.DISPATCHER,
    OrderState.TO_AUDIT: NoticeAudience.AUDITOR,
    OrderState.TO_FOLLOW_UP: NoticeAudience.FOLLOW_UP,
    OrderState.SHELVED: NoticeAudience.BOTH,
    # Who gave it out asks the other house.
    OrderState.TRANSFERRED_OUT: NoticeAudience.DISPATCHER,
}


def units_for(whom: Whom, event: OrderEvent, tasks: Sequence[Task], rules: Rules) -> set[str]:
    """The units meant; the actor's own is left out, except the hotline's."""
    hotline = rules.departments.hotline
    found = _meant(whom, event, tasks, hotline)
    return {unit for unit in found if unit == hotline or unit != event.actor_department}


def audience_for(whom: Whom, event: OrderEvent, unit: str, rules: Rules) -> NoticeAudience:
    """Who of a unit that is meant."""
    match whom:
        case "office":
            return NoticeAudience.LEADER
        case "intake":
            return NoticeAudience.INTAKE
        case "holder" if unit == rules.departments.hotline:
            # In hand of units, and the hotline's too: a return waits for the dispatcher.
            return _DESKS.get(OrderState(event.to_state), NoticeAudience.DISPATCHER)
    return NoticeAudience.UNIT


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
        case "holder":
            return _holders(event, tasks, hotline)
        case "hotline" | "office" | "intake":
            return {hotline}


def _holders(event: OrderEvent, tasks: Sequence[Task], hotline: str) -> set[str]:
    """Of a merged order it is told at the one that it was merged into."""
    state = OrderState(event.to_state)
    if state in _DESKS:
        return {hotline}
    if state not in IN_HAND:
        return set()
    found = {task.department for task in tasks if task.state in ACTIVE_TASK}
    lead = lead_task(tasks)
    waits = lead is not None and lead.state is TaskState.RETURN_REQUESTED
    return found | {hotline} if waits else found


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
