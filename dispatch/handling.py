"""A unit's own work: signing, speaking with the citizen, the result."""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.checks import Faults
from dispatch.commands import FirstContact, SignFor, SubmitPart, SubmitResult
from dispatch.delegation import come_back
from dispatch.requests import drop_open, end
from dispatch.running import run_clock, start_task_clock
from dispatch.step import Handler, Step, plain
from models.tables import Task
from models.vocabulary import OPEN_REQUEST, Action, Outcome, RequestKind, RequestState, Role

#: Outcomes that must say why the demand is not met.
_UNMET = (Outcome.PARTLY_SOLVED, Outcome.PLANNED, Outcome.UNSOLVABLE, Outcome.NOT_OURS)


async def sign_for(step: Step, command: SignFor) -> None:
    """The unit takes the task; when its limit has passed, the system does it for the unit."""
    role = step.follow().role
    step.change_task(step.subject, signed_at=step.now)
    if role is Role.SYSTEM:
        step.reason = "超过签收时限，系统自动签收"
    else:
        step.change_task(step.subject, signed_by=step.actor.id, handler_id=step.actor.id)


async def first_contact(step: Step, command: FirstContact) -> None:
    """The unit spoke with the citizen, or tried. The first time it reached them counts."""
    step.follow()
    faults = Faults(step.rules)
    phone = faults.phone("phone", command.phone)
    faults.raise_any()
    contact = {
        "person": command.person,
        "phone": phone,
        "reached": command.reached,
        "note": command.note,
        "by": step.actor.name,
        "at": plain(step.now),
    }
    step.reason = command.note
    step.told(**{f"first_contact.{name}": contact[name] for name in ("person", "phone", "reached")})
    if step.subject.first_contacted_at is None:
        # Each attempt stays on its event; the row shows the one that counts.
        step.subject.first_contact = contact
        if command.reached:
            step.change_task(step.subject, first_contacted_at=step.now)
        else:
            _count_try(step, step.subject)


def _count_try(step: Step, task: Task) -> None:
    """A citizen who was tried often enough, at different times, need not be tried further."""
    rule = step.rules.handling.contact
    apart = timedelta(minutes=rule.minutes_apart[step.order.urgency])
    tries = [datetime.fromisoformat(at) for at in task.contact_tries]
    if tries and step.now - tries[-1] < apart:
        return
    task.contact_tries = [*task.contact_tries, plain(step.now)]
    if len(task.contact_tries) >= rule.tries and task.contact_excused_at is None:
        step.change_task(task, contact_excused_at=step.now)


async def submit_result(step: Step, command: SubmitResult) -> None:
    """The unit's result goes to the auditor, or to the unit that handed the task down."""
    step.follow()
    faults = Faults(step.rules)
    if command.outcome in _UNMET and not command.unresolved_reason:
        faults.add("unresolved_reason", f"办理结果为“{command.outcome.label}”的，请说明原因")
    faults.raise_any()
    result = command.facts()
    task = step.subject
    step.change_task(task, submitted_at=step.now, submitted_by=step.actor.id, **result)
    _drop_asked(step, task, "办理结果已提交，申请自动撤回")
    if task.parent_id is None:
        step.change(public_answer=command.public_answer)
        run_clock(step)
    else:
        start_task_clock(step, task, "audit")


def _drop_asked(step: Step, task: Task, why: str) -> None:
    """What the result makes needless. Not the question whether a leader should supervise the unit:
    a result is no answer to that, and may be a sham."""
    for request in step.requests:
        needless = request.task_id == task.id and request.kind is not RequestKind.SUPERVISION
        if needless and request.state in OPEN_REQUEST:
            end(step, request, RequestState.WITHDRAWN, why)


async def submit_part(step: Step, command: SubmitPart) -> None:
    """A joint unit tells the lead unit what it found and did."""
    step.follow()
    task = step.subject
    step.reason = command.opinion
    step.change_task(
        task, submitted_at=step.now, submitted_by=step.actor.id, opinion=command.opinion
    )
    drop_open(step, [task], "协办意见已提交，申请自动撤回")
    come_back(step, task)


HANDLERS: dict[Action, Handler] = {
    Action.SIGN_FOR: sign_for,
    Action.FIRST_CONTACT: first_contact,
    Action.SUBMIT_RESULT: submit_result,
    Action.SUBMIT_PART: submit_part,
}
