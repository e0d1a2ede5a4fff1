"""When a task is to end sooner: those below and beside it, too, so that time is left above them."""

from __future__ import annotations

from dataclasses import replace

from dispatch.promises import Promise
from dispatch.running import latest_below, latest_beside, promise_anew
from dispatch.step import Step
from models.states import ACTIVE_TASK
from models.tables import Task
from models.task_tree import depth, leader_of, parent_of
from models.vocabulary import TaskRole


def cut_under(step: Step, why: str) -> None:
    """From above down, the lead before those that help it: none ends after those it serves."""
    rows = sorted(step.tasks, key=lambda one: (depth(one, step.tasks), one.role is TaskRole.JOINT))
    for task in rows:
        if task.state in ACTIVE_TASK and (ends := _latest(step, task)):
            _end_by(step, task, min(ends, key=lambda one: one.due), why)


def _end_by(step: Step, task: Task, latest: Promise, why: str) -> None:
    # Who submitted before it was to end sooner is not late for that.
    due = max(latest.due, task.submitted_at or latest.due)
    if due < task.due_at:
        words = f"{why}{latest.explanation}"
        promise_anew(step, task, "handle", replace(latest, due=due, explanation=words))


def _latest(step: Step, task: Task) -> list[Promise]:
    parent, found = parent_of(task, step.tasks), []
    if parent is not None:
        found.append(latest_below(step, parent))
    helped = leader_of(task, step.tasks) if task.role is TaskRole.JOINT else None
    if helped is not None and helped.due_at > step.now:  # who helps a late one has its own time
        found.append(latest_beside(step, helped))
    return found
