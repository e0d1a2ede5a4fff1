"""Running limits on a calendar that was changed: counted anew, and never earlier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dispatch.commands import Recount
from dispatch.promises import Promise
from dispatch.rules import Rules
from dispatch.running import keep_order_due, promise_anew, running_clocks, show_lights
from dispatch.step import Handler, Step
from dispatch.terms import levels_of
from models.states import ACTIVE_TASK
from models.tables import Task, WorkOrder
from models.vocabulary import Action, TaskState


@dataclass(frozen=True, kw_only=True)
class Recounted:
    """A running clock that the calendar now ends later, or makes firm."""

    #: None: the order's own.
    task: Task | None
    promise: Promise


def recounted(order: WorkOrder, tasks: Sequence[Task], rules: Rules) -> list[Recounted]:
    """All such clocks of an order; none while it is suspended."""
    if order.suspended_at is not None:
        return []
    promiser = rules.promiser_of(levels_of(order, rules))
    return [
        Recounted(task=task, promise=again)
        for task, promise in _running(order, tasks)
        if (again := promiser.recounted(promise)) != promise
    ]


def _running(order: WorkOrder, tasks: Sequence[Task]) -> Iterator[tuple[Task | None, Promise]]:
    for name in running_clocks(order):
        yield None, Promise.from_json(order.clocks[name])
    for task in tasks:
        if task.state in ACTIVE_TASK:
            for name in _owed(task):
                yield task, Promise.from_json(task.clocks[name])


def _owed(task: Task) -> Iterator[str]:
    if task.signed_at is None:
        yield from ("sign", "sign_twice")
    if task.first_contacted_at is None and task.contact_excused_at is None:
        yield "first_contact"
    if "progress" in task.clocks and task.first_progress_at is None:
        yield "progress"
    if task.state is TaskState.SENT_BACK and "resubmit" in task.clocks:
        yield "resubmit"
    yield "handle"


async def recount(step: Step, command: Recount) -> None:
    """Promise anew what the calendar ends later."""
    step.follow()
    step.reason = f"工作日历更新为{step.rules.calendar.version}版，重新计算时限"
    for changed in recounted(step.order, step.tasks, step.rules):
        if changed.task is None:
            _promise_order_anew(step, changed.promise)
        else:
            promise_anew(step, changed.task, changed.promise.name, changed.promise)
    keep_order_due(step)
    show_lights(step)


def _promise_order_anew(step: Step, promise: Promise) -> None:
    order, name = step.order, promise.name
    before = Promise.from_json(order.clocks[name])
    order.clocks = {**order.clocks, name: promise.to_json()}
    if name == "dispatch":
        step.change(dispatch_due=promise.due)
    else:
        step.changes[f"{name}_due"] = [before.due.isoformat(), promise.due.isoformat()]


HANDLERS: dict[Action, Handler] = {Action.RECOUNT: recount}
