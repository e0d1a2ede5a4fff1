"""What is done about an order without handling it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dispatch.commands import Attach, Note, RaiseUrgency, Unwatch, Watch, invalid
from dispatch.evidence import attach
from dispatch.promises import Promise, Source
from dispatch.running import (
    first_progress,
    keep_order_due,
    promise_anew,
    show_lights,
)
from dispatch.step import Handler, Step
from dispatch.suspension import owed_clocks
from dispatch.terms import promise_for, twice
from dispatch.under import cut_under
from models.states import UNIT_AT_WORK
from models.tables import Task
from models.task_tree import active, lead_task
from models.vocabulary import Action, OrderState, TaskRole


async def note(step: Step, command: Note) -> None:
    """Write something down."""
    step.follow()
    step.reason = command.text
    step.told(internal=command.internal)


async def raise_urgency(step: Step, command: RaiseUrgency) -> None:
    """All that is still owed is promised anew from now on, and never for later than before."""
    step.follow()
    if command.urgency.rank <= step.order.urgency.rank:
        message = f"应高于现在的“{step.order.urgency.label}”"
        raise invalid([{"field": "urgency", "message": message}])
    step.reason = command.reason
    step.change(urgency=command.urgency)
    hurry(step)
    keep_order_due(step)
    show_lights(step)


def hurry(step: Step, soonest: datetime | None = None) -> None:
    """What the order's urgency now asks for, counted from now on, where that is sooner.

    ``soonest``: another system's deadline that has passed is not put before it.
    """
    if step.order.state is OrderState.TO_DISPATCH:
        _hurry_dispatch(step)
    for task in active(step.tasks):
        _hurry(step, task, soonest)
        _ask_progress(step, task)
    cut_under(step, "上级任务的时限提前。")


def _hurry_dispatch(step: Step) -> None:
    before = Promise.from_json(step.order.clocks["dispatch"])
    promise = promise_for(step.order, step.rules, "dispatch", step.now)
    if promise.due < before.due:
        step.order.clocks = {**step.order.clocks, "dispatch": promise.to_json()}
        step.change(dispatch_due=promise.due)


def _hurry(step: Step, task: Task, soonest: datetime | None) -> None:
    leads = task.parent_id is None and task.role is TaskRole.LEAD
    for name in owed_clocks(task):
        if name == "handle" and not leads:
            continue  # it ends before the one it serves
        before = Promise.from_json(task.clocks[name])
        promise = promise_for(step.order, step.rules, name, step.now, task.department)
        if promise.source is Source.EXTERNAL and soonest is not None and promise.due < step.now:
            promise = replace(promise, due=max(promise.due, soonest))
        done = task.submitted_at or promise.due  # what was in time stays in time
        if done <= promise.due < before.due:
            promise_anew(step, task, name, promise)
            if name == "sign":
                _hurry_twice(step, task, promise)


def _hurry_twice(step: Step, task: Task, sign: Promise) -> None:
    """Twice the time for signing, which the closure assessment looks at."""
    promise = twice(step.order, step.rules, sign)
    if promise.due < Promise.from_json(task.clocks["sign_twice"]).due:
        promise_anew(step, task, "sign_twice", promise)


def _ask_progress(step: Step, task: Task) -> None:
    """What cannot wait any more: the lead unit is to say soon how far it is."""
    asked = "progress" in task.clocks or task is not lead_task(step.tasks)
    if asked or task.state not in UNIT_AT_WORK:
        return
    handle = Promise.from_json(task.clocks["handle"])
    for name, promise in first_progress(step, handle, task.department).items():
        task.clocks = {**task.clocks, name: promise.to_json()}
        step.change_task(task, progress_due=promise.due)


async def attach_files(step: Step, command: Attach) -> None:
    """Files come to the order by themselves."""
    step.follow()
    await attach(step, command.files)
    step.reason = command.note


async def watch(step: Step, command: Watch) -> None:
    """Everybody sees that it is watched, and why."""
    step.follow()
    step.reason = command.reason
    step.change(watched_at=step.now, watch_reason=command.reason)


async def unwatch(step: Step, command: Unwatch) -> None:
    """One among others again."""
    step.follow()
    step.reason = command.reason
    step.change(watched_at=None, watch_reason="")


HANDLERS: dict[Action, Handler] = {
    Action.RAISE_URGENCY: raise_urgency,
    Action.NOTE: note,
    Action.ATTACH: attach_files,
    Action.WATCH: watch,
    Action.UNWATCH: unwatch,
}
