"""What a unit must do itself: by the catalogue not to be pushed down to the grassroots."""

from __future__ import annotations

from collections.abc import Sequence

from config.departments import DepartmentKind
from dispatch.checks import Faults
from dispatch.directory.ownership import Ownership, kept_by, matter_of, owner_of
from dispatch.rules import Rules
from dispatch.step import Step
from models.tables import Task, WorkOrder
from models.task_tree import parent_of

#: How far down: whoever has no territory of its own stands above the streets.
_DOWN = {DepartmentKind.STREET: 1, DepartmentKind.COMMUNITY: 2}


def why_not_handed_down(step: Step, unit: str) -> str:
    """Why the task of the step may not be handed to that unit; empty: it may."""
    if not reach_down(step.rules, unit):
        return ""
    return kept_above(step.rules, step.order, step.tasks, step.task)


def kept_above(rules: Rules, order: WorkOrder, tasks: Sequence[Task], task: Task | None) -> str:
    """Why a task, or one above it, is not for streets and communities; empty: it is."""
    while task is not None:
        if kept := kept_by(rules, order, task):
            return f"{_kept_words(rules, kept)}，不能下派给街道和社区"
        task = parent_of(task, tasks)
    return ""


def check_owner(step: Step, unit: str, field: str = "department", otherwise: str = "") -> None:
    """Whoever sends an order out does not send it lower than the catalogue of the day says, either.

    :raises InvalidInput: naming the owner, and in ``otherwise`` what would let it pass.
    """
    faults = Faults(step.rules)
    if why := _why_not_sent_lower(step, unit):
        faults.add(field, why + otherwise)
    faults.raise_any()


def _why_not_sent_lower(step: Step, unit: str) -> str | None:
    rules = step.rules
    if not reach_down(rules, unit):
        return None
    day = step.now.astimezone(rules.zone).date()
    found = owner_of(rules, matter_of(step.order), day)
    if found is None or not found.rule.keep:
        return None
    if reach_down(rules, found.unit) >= reach_down(rules, unit):
        return None
    name = rules.unit_name(unit)
    return f"{_kept_words(rules, found)}，不能派给{name}；需要属地配合的，请列为协办单位"


def reach_down(rules: Rules, unit: str) -> int:
    """0 for departments, utilities and their sections."""
    departments = rules.departments
    return _DOWN.get(departments.get(unit).kind, 0) if unit in departments else 0


def _kept_words(rules: Rules, kept: Ownership) -> str:
    return f"派单目录规定由{rules.unit_name(kept.unit)}自行办理（{kept.rule.note}）"
