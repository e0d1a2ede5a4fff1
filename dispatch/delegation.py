"""Handing work down, taking it back, taking the results of those below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispatch.checks import Faults
from dispatch.commands import AcceptResult, AddJoint, Delegate, DismissJoint, Recall
from dispatch.due_words import moment_text
from dispatch.intake import check_units
from dispatch.own_work import why_not_handed_down
from dispatch.possible import check_possible
from dispatch.promises import Promise
from dispatch.requests import drop_open
from dispatch.running import latest_below, new_child_task, new_joint_task
from dispatch.step import Handler, Step
from models.ids import new_id
from models.tables import AuditReview, Task
from models.task_tree import active, below, children_of, parent_of
from models.vocabulary import Action, TaskRole, TaskState


async def delegate(step: Step, command: Delegate) -> None:
    """To one lead unit below, and those that help it; the own unit stays responsible."""
    step.follow()
    parent = step.subject
    check_possible(step)
    check_units(step, command.department, command.joint)
    _check_below(step, parent, command.department, command.joint)
    _check_time(step, parent, command.due_at)
    _check_soon(step, parent, command.note)
    step.reason = command.note
    if parent.delegated_at is None:
        step.change_task(parent, delegated_at=step.now)
    child = new_child_task(step, parent, command.department, command.note, command.due_at)
    for unit in command.joint:
        new_joint_task(step, child, unit, command.note)
    step.result["task_id"] = child.id


def _check_below(step: Step, parent: Task, department: str, joint: Sequence[str] = ()) -> None:
    """Only to units below the own one, and not what is the unit's own work.

    :raises InvalidInput: naming the unit that is wrong.
    """
    faults, rules = Faults(step.rules), step.rules
    under = rules.subtree(parent.department) - {parent.department}
    for field, unit in [("department", department), *(("joint", one) for one in joint)]:
        if unit not in under:
            own = rules.unit_name(parent.department)
            faults.add(field, f"{rules.unit_name(unit)}不是{own}的下级单位")
        elif why := why_not_handed_down(step, unit):
            faults.add(field, why)
    faults.raise_any()


def _check_time(step: Step, parent: Task, due_at: datetime | None) -> None:
    faults, latest = Faults(step.rules), latest_below(step, parent).due
    if due_at is not None and not step.now < due_at <= latest:
        wanted = f"{step.rules.counter.local(latest):%m月%d日%H:%M}"
        faults.add("due_at", f"下级时限应在现在之后，且不晚于{wanted}，为本单位预留时间")
    faults.raise_any()


def _check_soon(step: Step, parent: Task, note: str) -> None:
    """Work that is first handed down late, and takes the time of those below, is explained."""
    clock = parent.clocks.get("delegate")
    if clock is None or parent.delegated_at is not None or note:
        return
    faults, limit = Faults(step.rules), Promise.from_json(clock)
    if step.now > limit.due:
        end = moment_text(step.rules.counter.local(limit.due))
        faults.add("note", f"下派时限（{end}）已过，请说明迟延的原因")
    faults.raise_any()


def _living(step: Step, parent: Task) -> list[Task]:
    return active(children_of(parent, step.tasks))


def hand_to_another(step: Step, task: Task, department: str, note: str) -> Task:
    """Another unit below gets the part that this one gave back."""
    parent = parent_of(task, step.tasks)
    assert parent is not None, "only what was handed down is handed to another unit below"
    check_units(step, department)
    _check_below(step, parent, department)
    if task.role is TaskRole.LEAD:
        return new_child_task(step, parent, department, note, None)
    lead = next(t for t in _living(step, parent) if t.role is TaskRole.LEAD)
    return new_joint_task(step, lead, department, note)


def take_back(step: Step, task: Task, why: str) -> None:
    """Everything under a task ends with it, and what was asked for on it."""
    under = below(task, step.tasks)
    for one in active(under):
        step.change_task(one, state=TaskState.CANCELLED)
    drop_open(step, [task, *under], why)


def come_back(step: Step, child: Task) -> None:
    """When nobody below works any more, the unit above goes on itself."""
    parent = parent_of(child, step.tasks)
    if parent is None or parent.state is not TaskState.DELEGATED:
        return
    if not _living(step, parent):
        step.change_task(parent, state=TaskState.SIGNED)


async def recall(step: Step, command: Recall) -> None:
    """The unit above takes the work back; with the lead go those that help it."""
    step.follow()
    task = step.subject
    step.reason = command.reason
    take_back(step, task, "任务已收回，申请失效")
    leave_nobody_without_lead(step, task)
    come_back(step, task)


def leave_nobody_without_lead(step: Step, task: Task) -> None:
    """With a lead that goes, and nobody in its place, go those below that help it."""
    parent = parent_of(task, step.tasks)
    if parent is None or task.role is not TaskRole.LEAD:
        return
    for joint in _living(step, parent):
        step.change_task(joint, state=TaskState.CANCELLED)
        take_back(step, joint, "任务已收回，申请失效")


async def accept_result(step: Step, command: AcceptResult) -> None:
    """The unit that handed the task down takes its result."""
    step.follow()
    step.reason = command.note
    step.session.add(
        AuditReview(
            id=new_id(),
            order_id=step.order.id,
            task_id=step.subject.id,
            auditor_id=step.actor.id,
            at=step.now,
            passed=True,
            quality_items={},
            process_items={},
            reason=command.note,
        )
    )
    come_back(step, step.subject)


async def add_joint(step: Step, command: AddJoint) -> None:
    """One more unit helps."""
    step.follow()
    check_possible(step)
    check_units(step, command.department)
    if (parent := parent_of(step.subject, step.tasks)) is not None:
        _check_below(step, parent, command.department)
    step.reason = command.note
    task = new_joint_task(step, step.subject, command.department, command.note)
    step.result["task_id"] = task.id


async def dismiss_joint(step: Step, command: DismissJoint) -> None:
    """A unit need not help any more."""
    step.follow()
    step.reason = command.reason
    take_back(step, step.subject, "协办已撤销，申请失效")


HANDLERS: dict[Action, Handler] = {
    Action.DELEGATE: delegate,
    Action.RECALL: recall,
    Action.ACCEPT_RESULT: accept_result,
    Action.ADD_JOINT: add_joint,
    Action.DISMISS_JOINT: dismiss_joint,
}
