"""Redo by consent (重办审批), and the panel (会商) when redoing has not helped."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from config.evidence import UNTRUE_RESULT
from dispatch.asking import ask_office, decide
from dispatch.checks import Faults
from dispatch.commands import AskRedo, DecidePanel, DecideRedo
from dispatch.ending import close
from dispatch.evidence import Shown, attach, check_call, check_proof, with_files
from dispatch.promises import Promise
from dispatch.rounds import redos
from dispatch.running import new_lead_task, run_clock, show_lights
from dispatch.step import Handler, Step
from dispatch.supervision import ask_leader, begin, go_up
from dispatch.terms import promise_for
from models.tables import FollowUp, Task
from models.task_tree import lead_task
from models.vocabulary import (
    Action,
    CloseReason,
    OrderState,
    PanelFinding,
    RedoReason,
    RequestKind,
    Role,
    SupervisionLevel,
    SupervisionReason,
)
from models.workflow import Case

_CASES = {
    PanelFinding.REASONABLE_EFFORT: Case.CLOSE,
    PanelFinding.UNREASONABLE: Case.CLOSE,
    PanelFinding.SHELVE: Case.SHELVE,
    PanelFinding.REDO_AGAIN: Case.REDO,
}

#: What is wanted of every order that is shelved.
_OF_THE_SHELF = ("plan", "leader", "caller_informed")


async def again_or_panel(step: Step) -> Case:
    """Whether it may be done once more, or a panel has the word; opened again, redos count anew."""
    most = step.rules.service_levels.redo.most
    return Case.REDO if await redos(step.session, step.order.id) < most else Case.PANEL


def ask_for_redo(
    step: Step, case: Case, code: RedoReason, reason: str, evidence: dict[str, object]
) -> None:
    """The result does not stand: somebody else decides what follows."""
    kind, clock = RequestKind.REDO, "redo_decision"
    if case is Case.PANEL:
        kind, clock = RequestKind.PANEL, "shelve_decision"
    due = promise_for(step.order, step.rules, clock, step.now).due
    ask_office(
        step,
        kind,
        reason,
        due,
        task=step.subject,
        reason_code=code.value,
        evidence={name: value for name, value in evidence.items() if value},
    )


async def ask_redo(step: Step, command: AskRedo) -> None:
    """The house has found that the result is not as the unit says, whatever the citizen thinks."""
    case = await again_or_panel(step)
    step.follow(case)
    step.turn_to(lead_task(step.tasks))
    faults = Faults(step.rules)
    await check_call(step, command.call_id, faults, since=asked_since(step), talked=True)
    shown = Shown(words=command.evidence, files=command.files, call_id=command.call_id)
    check_proof(step, faults, UNTRUE_RESULT, shown)
    faults.raise_any()
    files = await attach(step, command.files)
    step.reason = command.reason
    step.told(verification=command.verification)
    given = {"verification": command.verification, "text": command.evidence}
    evidence = with_files({**given, "call_id": command.call_id}, files)
    ask_for_redo(step, case, RedoReason.UNTRUE, command.reason, evidence)
    show_lights(step)


def asked_since(step: Step) -> datetime:
    """When the result was approved, and the citizen could be asked about it."""
    return Promise.from_json(step.order.clocks["follow_up"]).start


async def decide_redo(step: Step, command: DecideRedo) -> None:
    """It is done again, closed on what the citizen said, or the citizen is asked first."""
    role = step.follow(await _case_of(step, command)).role
    step.reason = command.reason
    decide(step, command.granted, command.reason)
    if command.granted:
        await _supervise(step, _again(step), role)
    elif step.order.state is OrderState.CLOSED:
        await close(step, CloseReason.FOLLOWED_UP)
    else:
        return
    run_clock(step)


async def _case_of(step: Step, command: DecideRedo) -> Case:
    if command.granted:
        return Case.GRANTED
    return Case.REFUSED if await _heard(step) else Case.NOT_HEARD


async def _heard(step: Step) -> bool:
    """Whether the citizen has said what they think of the present result."""
    task = lead_task(step.tasks)
    query = select(FollowUp.id).where(FollowUp.task_id == (task and task.id), FollowUp.reached)
    return await step.session.scalar(query.limit(1)) is not None


async def _supervise(step: Step, task: Task, role: Role) -> None:
    """With the first redo, and with whatever a person (not silence) has found untrue."""
    asked = step.decided
    if asked.reason_code == RedoReason.UNTRUE and role is Role.MANAGER:
        await begin(step, task, SupervisionLevel.ONE, SupervisionReason.UNTRUE, asked.reason)
        return
    first = not await redos(step.session, step.order.id)  # this one is on no event yet
    for rule in step.rules.oversight.supervision:
        if rule.redo and first:
            await go_up(step, task, rule, SupervisionReason.REDO, asked.reason)
    if asked.reason_code == RedoReason.UNTRUE and role is not Role.SYSTEM:
        await step.session.flush()  # the task stands before what is asked about it
        ask_leader(step, task, SupervisionReason.UNTRUE, asked.reason)


async def decide_panel(step: Step, command: DecidePanel) -> None:
    """The panel has met."""
    case = _CASES[command.finding]
    faults = Faults(step.rules)
    if case is Case.SHELVE:
        for name in _OF_THE_SHELF:
            if not getattr(command, name):
                faults.add(name, "列入疑难挂账的必须填写")
    faults.raise_any()
    step.follow(case)
    step.reason = command.reason
    step.told(finding=command.finding)
    decide(step, True, command.reason, given={"finding": command.finding.value})
    match case:
        case Case.CLOSE:
            await close(step, CloseReason.PANEL)
        case Case.SHELVE:
            step.told(**{name: getattr(command, name) for name in _OF_THE_SHELF})
            step.change(shelved_at=step.now)
        case Case.REDO:
            task = _again(step)
            untrue = step.decided.reason_code == RedoReason.UNTRUE
            code = SupervisionReason.UNTRUE if untrue else SupervisionReason.PANEL
            await begin(step, task, SupervisionLevel.ONE, code, command.reason)
    run_clock(step)


def _again(step: Step) -> Task:
    """The unit gets a new task, with the time of a redo."""
    before = step.subject
    step.change(redo_count=step.order.redo_count + 1)
    step.turn_to(None)
    task = new_lead_task(step, before.department, step.decided.reason, redo_of=before)
    step.result["task_id"] = task.id
    return task


HANDLERS: dict[Action, Handler] = {
    Action.ASK_REDO: ask_redo,
    Action.DECIDE_REDO: decide_redo,
    Action.DECIDE_PANEL: decide_panel,
}
