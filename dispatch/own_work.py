"""What a unit must do itself: by the catalogue not to be pushed down to the grassroots."""

from __future__ import annotations

from config.departments import DepartmentKind
from dispatch.directory.ownership import kept_by
from dispatch.step import Step
from models.task_tree import parent_of

_GRASSROOTS = (DepartmentKind.STREET, DepartmentKind.COMMUNITY)


def why_not_handed_down(step: Step, unit: str) -> str | None:
    """Why the task of the step may not be handed to that unit; None: it may."""
    if unit not in step.rules.departments:
        return None
    if step.rules.departments.get(unit).kind not in _GRASSROOTS:
        return None
    task = step.task
    while task is not None:
        if kept := kept_by(step.rules, step.order, task):
            owner = step.rules.unit_name(kept.unit)
            return f"派单目录规定由{owner}自行办理（{kept.rule.note}），不能下派给街道和社区"
        task = parent_of(task, step.tasks)
    return None
