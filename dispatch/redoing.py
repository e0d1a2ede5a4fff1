"""Redo by consent (重办审批), and the panel (会商) when redoing has not helped."""

from __future__ import annotations

from dispatch.asking import ask_office, decide
from dispatch.checks import Faults
from dispatch.commands import DecidePanel, DecideRedo, RecordFollowUp
from dispatch.ending import close
from dispatch.running import new_lead_task, run_clock
from dispatch.step import Handler, Step
from dispatch.supervision import begin, go_up
from dispatch.terms import promise_for
from models.tables import Task
from models.vocabulary import (
    Action,
    CloseReason,
    PanelFinding,
    RequestKind,
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


def ask_for_redo(step: Step, command: RecordFollowUp, case: Case) -> None:
    """The citizen is not content: somebody else decides what follows."""
    kind, clock = RequestKind.REDO, "redo_decision"
    if case is Case.PANEL:
        kind, clock = RequestKind.PANEL, "shelve_decision"
    due = promise_for(step.order, step.rules, clock, step.now).due
    ask_office(step, kind, command.redo_reason, due, task=step.subject)


async def decide_redo(step: Step, command: DecideRedo) -> None:
    """It is done again, or closed on what the citizen said."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.reason
    decide(step, command.granted, command.reason)
    if command.granted:
        task = _again(step)
        for rule in step.rules.oversight.supervision:
            if rule.redo and step.order.redo_count == 1:
                await go_up(step, task, rule, SupervisionReason.REDO, step.decided.reason)
    else:
        await close(step, CloseReason.FOLLOWED_UP)
    run_clock(step)


async def decide_panel(step: Step, command: DecidePanel) -> None:
    """The panel has met."""
    case = _CASES[command.finding]
    faults = Faults(step.rules)
    if case is Case.SHELVE:
        for name in ("plan", "leader"):
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
            step.told(plan=command.plan, leader=command.leader)
            step.change(shelved_at=step.now)
        case Case.REDO:
            task = _again(step)
            await begin(step, task, SupervisionLevel.ONE, SupervisionReason.PANEL, command.reason)
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
    Action.DECIDE_REDO: decide_redo,
    Action.DECIDE_PANEL: decide_panel,
}
