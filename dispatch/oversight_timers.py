"""What urging, supervision, closed orders and requests owe at which time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.oversight import SupervisionLevel as LevelRule
from dispatch.back_in_hand import late_since, return_waits
from dispatch.oversights import let_go, open_ones
from dispatch.promises import Promise
from dispatch.timers import Timer
from models.states import IN_HAND, UNIT_AT_WORK
from models.tables import OrderRequest, Task
from models.task_tree import lead_task
from models.vocabulary import (
    OPEN_REQUEST,
    OrderState,
    OversightKind,
    OversightState,
    RequestKind,
    RequestState,
    SupervisionReason,
)

if TYPE_CHECKING:
    from dispatch.step import Step

#: Nobody has answered an urge.
URGE = "urge"
#: Nobody has answered a supervision.
ANSWER = "answer"
#: A unit is so late that it is supervised.
SUPERVISE = "supervise"
#: Nobody has decided what the citizen waits for.
FOR_CITIZEN = "for_citizen"
#: The answer of a lead order goes to those merged into it.
MERGED = "merged"
#: A closed order is put away.
ARCHIVE = "archive"


async def overseeing(step: Step) -> list[Timer]:
    """Urges that wait for an answer, and the next level of supervision of a late unit.

    Nothing of a unit that waits to hear whether the order is its own.
    """
    await let_go(step)
    order, found = step.order, []
    if order.state not in IN_HAND or order.suspended_at is not None:
        return []
    waiting = {task.id for task in step.tasks if return_waits(task)}
    for row in await open_ones(step):
        if row.task_id in waiting:
            continue
        if row.kind is OversightKind.URGE and row.lapsed_at is None:
            key = f"{URGE}:{row.id}"
            found.append(_timer(step, URGE, key, row.due_at, oversight_id=row.id))
        elif row.state is OversightState.OPEN and row.lapsed_at is None:
            key = f"{ANSWER}:{row.id}"
            found.append(_timer(step, ANSWER, key, row.due_at, oversight_id=row.id))
    task = lead_task(step.tasks)
    if task is not None and task.state in UNIT_AT_WORK and not return_waits(task):
        found += _supervisions(step, task)
    return found


def _supervisions(step: Step, task: Task) -> Iterator[Timer]:
    """One for each level the task never was at, by how late it would be."""
    held, since = _held_until(step, task), late_since(task)
    for rule in step.rules.oversight.supervision:
        reached = task.highest_supervision and task.highest_supervision <= rule.level
        if reached or (not rule.automatic and _leader_knows(step, task, rule)):
            continue
        key = f"{SUPERVISE}:{rule.level}:{task.id}"
        due = _overdue_at(step, since, rule)
        due = max(due, held) if held else due
        yield _timer(step, SUPERVISE, key, due, task_id=task.id, level=rule.level)


def leader_asked(step: Step, task: Task) -> bool:
    """Whether it is undecided if a leader should supervise the unit."""
    return any(one.state in OPEN_REQUEST for one in _proposals(step, task))


def _leader_knows(step: Step, task: Task, rule: LevelRule) -> bool:
    """Whether a leader has to decide already, or did not want to at this lateness. A no that was
    said on another ground, or when the unit was not as late yet, is none to this question."""
    return leader_asked(step, task) or any(
        one.state is RequestState.REFUSED
        and one.reason_code == SupervisionReason.OVERDUE.value
        and one.asked_at >= _overdue_at(step, task.due_at, rule)
        for one in _proposals(step, task)
    )


def _proposals(step: Step, task: Task) -> Iterator[OrderRequest]:
    return (
        one
        for one in step.requests
        if one.kind is RequestKind.SUPERVISION and one.task_id == task.id
    )


def _held_until(step: Step, task: Task) -> datetime | None:
    """Asked in time for more of it, a unit is not late while the office has time to decide.

    A moment after the decision is due: where silence is a no, that comes first.
    """
    due = (
        one.due_at
        for one in step.requests
        if one.kind is RequestKind.EXTENSION
        and one.task_id == task.id
        and one.state in OPEN_REQUEST
        and one.asked_at <= task.due_at
    )
    asked = next(due, None)
    return asked + timedelta(seconds=1) if asked else None


def _overdue_at(step: Step, since: datetime, rule: LevelRule) -> datetime:
    if not rule.overdue.amount:
        return since
    return step.rules.counter.due(since, rule.overdue.limit).at


def _timer(step: Step, kind: str, key: str, due: datetime, **data: object) -> Timer:
    return Timer(key=key, kind=kind, subject_id=step.order.id, due=due, data=data)


async def for_citizen(step: Step) -> list[Timer]:
    """Requests that are granted in the citizen's favour when nobody decides them."""
    silence = step.rules.handling.silence
    return [
        _timer(
            step,
            FOR_CITIZEN,
            f"{FOR_CITIZEN}:{one.id}",
            one.due_at,
            request_id=one.id,
            wanted=one.kind.value,
        )
        for one in step.requests
        if one.state in OPEN_REQUEST and one.due_at and silence.get(one.kind) == "citizen"
    ]


async def closed(step: Step) -> list[Timer]:
    """What a closed order still owes: answers to those merged into it, and being put away."""
    order, found = step.order, []
    answered = (OrderState.TO_FOLLOW_UP, OrderState.CLOSED, OrderState.ARCHIVED)
    if order.merged_count and order.state in answered:
        found.append(_timer(step, MERGED, f"{MERGED}:{order.id}", order.accepted_at))
    waiting = any(one.state in OPEN_REQUEST for one in step.requests)
    if order.state is OrderState.CLOSED and not waiting:
        due = Promise.from_json(order.clocks["archive"]).due
        found.append(_timer(step, ARCHIVE, f"{ARCHIVE}:{order.id}", due))
    return found
