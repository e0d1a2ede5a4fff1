"""A unit's own work: signing, speaking with the citizen, the result."""

from __future__ import annotations

from dispatch.checks import Faults
from dispatch.commands import (
    FirstContact,
    LapseProgress,
    ReportProgress,
    SignFor,
    SubmitPart,
    SubmitResult,
)
from dispatch.contact_tries import counts_from
from dispatch.delegation import come_back
from dispatch.evidence import Shown, attach, check_call, check_proof, given_before, with_files
from dispatch.oversights import issue_urge
from dispatch.requests import drop_open, end, head_of
from dispatch.running import promise_anew, run_clock, start_task_clock
from dispatch.step import Handler, Step, plain
from dispatch.terms import promise_for
from models.errors import TransitionRefused
from models.tables import Task
from models.task_tree import depth, parent_of
from models.vocabulary import OPEN_REQUEST, Action, Outcome, RequestKind, RequestState, Role

_RESULT = (
    *("fact_finding", "demand_finding", "outcome"),
    *("unresolved_reason", "public_answer", "internal_note"),
)
#: What is said to a clerk whose head has not seen the result.
_REVIEW = "办理结果须经本单位负责人审核，请选择负责人"
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
    if may_go_down(step, step.subject):
        start_task_clock(step, step.subject, "delegate")


def may_go_down(step: Step, task: Task) -> bool:
    """Whether there is anybody below to hand it to."""
    rules = step.rules
    below = task.department in rules.departments and rules.departments.children(task.department)
    return bool(below) and depth(task, step.tasks) < rules.handling.depth


async def first_contact(step: Step, command: FirstContact) -> None:
    """The unit spoke with the citizen, or tried. The first time it reached them counts."""
    step.follow()
    await _check_contact(step, command)
    phone = Faults(step.rules).phone("phone", command.phone)
    files = await attach(step, command.files)
    contact = {
        "person": command.person,
        "phone": phone,
        "reached": command.reached,
        "note": command.note,
        "by": step.actor.name,
        "at": plain(step.now),
        **with_files({"call_id": command.call_id, "evidence": command.evidence}, files),
    }
    step.reason = command.note
    step.told(**{f"first_contact.{name}": contact[name] for name in ("person", "phone", "reached")})
    if command.evidence:
        step.told(evidence=command.evidence)
    for task in _not_yet_contacted(step):
        # Each attempt stays on its event; the row shows the one that counts.
        task.first_contact = contact
        if command.reached:
            step.change_task(task, first_contacted_at=step.now)
        else:
            _count_try(step, task)


async def _check_contact(step: Step, command: FirstContact) -> None:
    """:raises InvalidInput: when nothing shows that the citizen was called."""
    faults = Faults(step.rules)
    faults.phone("phone", command.phone)
    since = step.subject.dispatched_at
    await check_call(step, command.call_id, faults, since=since, talked=command.reached)
    shown = Shown(words=command.evidence, files=command.files, call_id=command.call_id)
    check_proof(step, faults, command.action, shown)
    faults.raise_any()


def _not_yet_contacted(step: Step) -> list[Task]:
    """The task and those above it: who hands work down has the citizen called by those below."""
    found: list[Task] = []
    task: Task | None = step.subject
    while task is not None:
        found.append(task)
        task = parent_of(task, step.tasks)
    return [one for one in found if one.first_contacted_at is None]


def _count_try(step: Step, task: Task) -> None:
    """A citizen who was tried often enough, at different times, need not be tried further."""
    since = counts_from(step.order, task, step.rules)
    if since is not None and step.now < since:
        return
    task.contact_tries = [*task.contact_tries, plain(step.now)]
    enough = len(task.contact_tries) >= step.rules.handling.contact.tries
    if enough and task.contact_excused_at is None:
        step.change_task(task, contact_excused_at=step.now)


async def report_progress(step: Step, command: ReportProgress) -> None:
    """The unit says how far it is; the first time ends the clock that asks for it."""
    step.follow()
    step.reason = command.progress
    if step.subject.first_progress_at is None:
        step.change_task(step.subject, first_progress_at=step.now)


async def lapse_progress(step: Step, command: LapseProgress) -> None:
    """The unit said nothing in time: it is urged, and has as long again."""
    step.follow()
    task = step.subject
    if task.progress_due is None or task.first_progress_at is not None:
        raise TransitionRefused("该承办任务已首次反馈")
    step.reason = "首次反馈时限已过，未反馈办理进展"
    row = issue_urge(step, task, step.reason, by_caller=False)
    step.told(answer_due=row.due_at)
    anew = promise_for(step.order, step.rules, "progress", step.now, task.department)
    promise_anew(step, task, "progress", anew)


async def submit_result(step: Step, command: SubmitResult) -> None:
    """The unit's result goes to the auditor, or to the unit that handed the task down."""
    step.follow()
    faults = Faults(step.rules)
    if command.outcome in _UNMET and not command.unresolved_reason:
        faults.add("unresolved_reason", f"办理结果为“{command.outcome.label}”的，请说明原因")
    new = command.files or step.rules.evidence.shown_by(step.action, command.evidence)
    given = {} if new else await given_before(step)
    shown = Shown(words=command.evidence, files=command.files, given=[*given])
    check_proof(step, faults, command.action, shown)
    faults.raise_any()
    head, task = await head_of(step, command.head, _REVIEW), step.subject
    files = {**given, **await attach(step, command.files)}
    result = command.model_dump(include=set(_RESULT))
    step.change_task(task, submitted_at=step.now, submitted_by=step.actor.id, **result)
    evidence = with_files({"text": command.evidence}, files)
    step.change_task(task, reviewed_by=head, evidence=evidence)
    if task.progress_due is not None and task.first_progress_at is None:
        step.change_task(task, first_progress_at=step.now)
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
    await attach(step, command.files)
    step.reason = command.opinion
    step.change_task(
        task, submitted_at=step.now, submitted_by=step.actor.id, opinion=command.opinion
    )
    drop_open(step, [task], "协办意见已提交，申请自动撤回")
    come_back(step, task)


HANDLERS: dict[Action, Handler] = {
    Action.SIGN_FOR: sign_for,
    Action.FIRST_CONTACT: first_contact,
    Action.REPORT_PROGRESS: report_progress,
    Action.LAPSE_PROGRESS: lapse_progress,
    Action.SUBMIT_RESULT: submit_result,
    Action.SUBMIT_PART: submit_part,
}
