"""挂起: the clocks of an order rest while something outside the unit's power is waited for."""

from __future__ import annotations

from datetime import datetime

from config.limits import Limit
from dispatch.back_in_hand import go_on
from dispatch.checks import Faults
from dispatch.clocks import Due
from dispatch.commands import DecideSuspension, RequestSuspension, Resume
from dispatch.evidence import Shown, attach, require_proof, with_files
from dispatch.extensions import check_informed
from dispatch.promises import Promise
from dispatch.requests import ask, decide
from dispatch.running import cut, keep_order_due, promise_anew, show_lights
from dispatch.step import Handler, Step
from dispatch.terms import promise_for
from models.states import UNIT_AT_WORK
from models.tables import Task
from models.task_tree import depth, lead_task, leader_of, parent_of, taken_back
from models.vocabulary import Action, LimitUnit, RequestKind, TaskRole, TaskState
from models.workflow import Case


async def request_suspension(step: Step, command: RequestSuspension) -> None:
    """The unit asks for a pause of so many working days."""
    step.follow()
    faults = Faults(step.rules)
    longest = promise_for(step.order, step.rules, "suspension", step.now)
    if _until(step, command.days).at > longest.due:
        faults.add("days", f"最长可挂起{longest.limit.text}，期满可再次申请")
    faults.raise_any()
    check_informed(step, command.caller_informed)
    require_proof(step, Shown(words=command.evidence, files=command.files))
    files = await attach(step, command.files)
    await ask(
        step,
        RequestKind.SUSPENSION,
        command,
        wanted={"days": command.days},
        evidence=with_files(
            {"text": command.evidence, "caller_informed": command.caller_informed}, files
        ),
        reason_code=command.reason_code.value,
    )


def _until(step: Step, days: int) -> Due:
    return step.rules.counter.due(step.now, Limit(amount=days, unit=LimitUnit.WD))


async def decide_suspension(step: Step, command: DecideSuspension) -> None:
    """Granted, every clock of the order stands still from now on."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    request = decide(step, command.granted, command.reason)
    if command.granted:
        until = _until(step, request.wanted["days"]).at
        step.change(suspended_at=step.now, suspended_until=until)
        show_lights(step)


async def resume(step: Step, command: Resume) -> None:
    """What was left of each clock is counted anew from now on."""
    step.follow()
    step.reason = command.reason
    began = step.order.suspended_at
    assert began is not None, "the table lets only suspended orders be resumed"
    resume_clocks(step, began)
    await go_on(step, began)
    step.change(suspended_at=None, suspended_until=None)
    show_lights(step)


def resume_clocks(step: Step, began: datetime) -> None:
    """Every clock that the units of the order still owe gets what was left of it; so do units that
    may get it back."""
    # From above down, the lead before those that help it: none is to end after those it serves.
    lead = lead_task(step.tasks)
    away = taken_back(step.tasks, lead.redo_of) if lead else []
    order = sorted(step.tasks, key=lambda one: (depth(one, step.tasks), one.role is TaskRole.JOINT))
    for task in order:
        if task.state in UNIT_AT_WORK or task in away or _may_come_back(task, step):
            _go_on(step, task, min(began, step.now))
    keep_order_due(step)


def _may_come_back(task: Task, step: Step) -> bool:
    """A result with the unit above, or with the one that is helped: it may be sent back."""
    if task.state is TaskState.SUBMITTED:
        return task.parent_id is not None
    helped = leader_of(task, step.tasks) if task.role is TaskRole.JOINT else None
    return task.state is TaskState.DONE and helped is not None


def _go_on(step: Step, task: Task, began: datetime) -> None:
    served = [parent_of(task, step.tasks)]
    if task.role is TaskRole.JOINT:
        served.append(leader_of(task, step.tasks))
    latest = min((one.due_at for one in served if one is not None), default=None)
    for name in _resting(task):
        old = Promise.from_json(task.clocks[name])
        new = step.rules.promiser.resumed(old, began, step.now)
        if latest is not None:  # counted in whole days there, to the minute here
            new = cut(new, max(latest, old.due))
        if new.due != old.due:
            promise_anew(step, task, name, new)


def _resting(task: Task) -> list[str]:
    """Those, and twice the time for signing, which the closure assessment looks at."""
    names = owed_clocks(task)
    return [*names, "sign_twice"] if "sign" in names else names


def owed_clocks(task: Task) -> list[str]:
    """Clocks whose thing is not yet done."""
    names = ["handle"]
    if task.state is TaskState.TO_SIGN:
        names.append("sign")
    if task.first_contacted_at is None and task.contact_excused_at is None:
        names.append("first_contact")
    if "progress" in task.clocks and task.first_progress_at is None:
        names.append("progress")
    return names


HANDLERS: dict[Action, Handler] = {
    Action.REQUEST_SUSPENSION: request_suspension,
    Action.DECIDE_SUSPENSION: decide_suspension,
    Action.RESUME: resume,
}
