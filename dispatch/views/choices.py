"""What of a form can be chosen, as the order stands: nothing that would be refused whatever else
one fills in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dispatch.candidates import busy, free_below
from dispatch.carried import TO_THE_END, held_before, only_it
from dispatch.joining import why_not_taken_in
from dispatch.possible import Facts
from models.tables import Task
from models.task_tree import parent_of
from models.vocabulary import Action, OversightKind, Role, SupervisionLevel
from models.workflow import AllowedStep, Case, open_cases


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Of one field. ``only`` None: everything but ``without``."""

    only: frozenset[str | bool] | None = None
    without: frozenset[str] = frozenset()
    #: Why something is missing, in words.
    hint: str = ""


Choices = dict[str, Choice]


def choices_of(step: AllowedStep, facts: Facts) -> Choices:
    """By field; a field that is not named takes whatever its kind does."""
    found = _UNITS.get(step.transition.action, _any_unit)(facts, step.task)
    return found | _by_case(step, facts)


def _by_case(step: AllowedStep, facts: Facts) -> Choices:
    action = step.transition.action
    cases = open_cases(
        action,
        facts.order,
        facts.tasks,
        facts.actor,
        facts.requests,
        facts.now,
        task=step.task,
        request=step.request,
    )
    if action is Action.SUPERVISE:
        levels = (one.value for one in SupervisionLevel if not cases.get(_CASES[one], "-"))
        return {"level": Choice(only=frozenset(levels))}
    if Case.GRANTED not in cases or len(cases) == 1:
        return {}
    return _granting(cases, facts if action is Action.DECIDE_MERGE else None)


_CASES = {
    SupervisionLevel.THREE: Case.LEVEL_3,
    SupervisionLevel.TWO: Case.LEVEL_2,
    SupervisionLevel.ONE: Case.LEVEL_1,
}


def _granting(cases: dict[Case, str], merge: Facts | None) -> Choices:
    """Yes, no, or only one of them. ``merge``: what is to be granted is a merge."""
    against = cases[Case.GRANTED]
    if merge is not None and merge.into is not None:
        against = against or why_not_taken_in(merge.order, merge.into)
    refusals = [why for case, why in cases.items() if case is not Case.GRANTED]
    if against:
        return {"granted": Choice(only=frozenset({False}), hint=f"现在不能同意：{against}。")}
    if all(refusals):
        return {"granted": Choice(only=frozenset({True}), hint=f"现在不能不同意：{refusals[0]}。")}
    return {}


def _any_unit(_facts: Facts, _task: Task | None) -> Choices:
    return {}


def _who_gets_it(facts: Facts, _task: Task | None) -> Choices:
    """Merged and parted, what is late or was supervised is moved by the office only."""
    before = held_before(facts.tasks)
    if before is None or Role.DISPATCHER not in facts.actor.usable_roles:
        return {}
    supervised = any(
        row.task_id == before.id
        and row.kind is OversightKind.SUPERVISION
        and row.state in TO_THE_END
        for row in facts.oversights
    )
    if facts.now <= before.due_at and not supervised:
        return {}
    hint = f"{only_it(facts.rules.unit_name(before.department))}。"
    return {"department": Choice(only=frozenset({before.department}), hint=hint)}


def _who_helps(facts: Facts, task: Task | None) -> Choices:
    above = parent_of(task, facts.tasks) if task else None
    if task is None or above is None:
        return {"department": Choice(without=frozenset(busy(facts.tasks)))}
    return {"department": _below(facts, task, above.department)}


def _who_is_below(facts: Facts, task: Task | None) -> Choices:
    assert task is not None, "what is handed down is a task"
    choice = _below(facts, task, task.department)
    return {"department": choice, "joint": choice}


def _below(facts: Facts, task: Task, above: str) -> Choice:
    free = free_below(facts.rules, facts.order, facts.tasks, task, above)
    return Choice(only=frozenset(free))


def _who_comes_instead(facts: Facts, task: Task | None) -> Choices:
    """All under the task goes with it."""
    assert task is not None, "what is moved is a task"
    return {"department": Choice(without=frozenset(busy(facts.tasks, task) | {task.department}))}


def _who_gets_it_next(facts: Facts, task: Task | None) -> Choices:
    above = parent_of(task, facts.tasks) if task else None
    if task is not None and above is not None:
        return {"department": _below(facts, task, above.department)}
    return {"department": Choice(without=frozenset(busy(facts.tasks)))}


def _who_is_ruled(facts: Facts, task: Task | None) -> Choices:
    """The one that has it, or another one that has no part in it."""
    return {"department": Choice(without=frozenset(busy(facts.tasks, task)))}


def _whose_it_may_be(_facts: Facts, task: Task | None) -> Choices:
    own = frozenset({task.department}) if task else frozenset()
    return {"suggested_department": Choice(without=own)}


_UNITS: dict[Action, Callable[[Facts, Task | None], Choices]] = {
    Action.DISPATCH: _who_gets_it,
    Action.ADD_JOINT: _who_helps,
    Action.DELEGATE: _who_is_below,
    Action.REASSIGN: _who_comes_instead,
    Action.DECIDE_RETURN: _who_gets_it_next,
    Action.SETTLE_DISPUTE: _who_is_ruled,
    Action.REQUEST_RETURN: _whose_it_may_be,
}
