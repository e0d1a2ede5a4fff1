"""Units that can still take part in an order, each with one living task at most."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.own_work import kept_above, reach_down
from dispatch.rules import Rules
from models.tables import Task, WorkOrder
from models.task_tree import active, below


def busy(tasks: Sequence[Task], leaving: Task | None = None) -> set[str]:
    """Units that have a living task. ``leaving``: one that is taken back, with all under it."""
    gone = [leaving, *below(leaving, tasks)] if leaving else []
    return {one.department for one in active(tasks) if one not in gone}


def free_below(
    rules: Rules, order: WorkOrder, tasks: Sequence[Task], task: Task, above: str
) -> list[str]:
    """Units below the unit ``above`` that may be given a part of the work of a task."""
    free = rules.subtree(above) - {above} - busy(tasks)
    far = {unit for unit in free if reach_down(rules, unit)}
    if far and kept_above(rules, order, tasks, task):
        free = free - far
    return sorted(free)


def why_none_below(
    rules: Rules, order: WorkOrder, tasks: Sequence[Task], task: Task, above: str
) -> str:
    """Why there is nobody; empty: there is somebody."""
    if free_below(rules, order, tasks, task, above):
        return ""
    kept = kept_above(rules, order, tasks, task)
    return kept or f"{rules.unit_name(above)}的下级单位都已在办理本工单"
