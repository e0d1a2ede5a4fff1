"""Closed orders: put away (归档), opened again (恢复办理), left out of the statistics (剔除)."""

from __future__ import annotations

from dispatch.asking import agree, ask_office, decide, withdraw_all
from dispatch.commands import (
    Archive,
    AskExclusion,
    AskReopening,
    ConfirmExclusion,
    DecideExclusion,
    DecideReopening,
)
from dispatch.evidence import Shown, attach, require_proof, with_files
from dispatch.possible import check_possible
from dispatch.running import run_clock
from dispatch.step import Handler, Step
from dispatch.terms import promise_for
from models.vocabulary import Action, RequestKind
from models.workflow import Case


async def archive(step: Step, command: Archive) -> None:
    """Nothing is changed any more."""
    step.follow()
    step.change(archived_at=step.now)


async def ask_reopening(step: Step, command: AskReopening) -> None:
    """Within the time after closing that the rules give."""
    step.follow()
    check_possible(step)
    require_proof(step, Shown(words=command.evidence, files=command.files))
    step.reason = command.reason
    limit = step.rules.oversight.reopen_decision.limit
    ask_office(
        step,
        RequestKind.REOPENING,
        command.reason,
        step.rules.counter.due(step.now, limit).at,
        reason_code=command.reason_code.value,
        evidence=with_files({"text": command.evidence}, await attach(step, command.files)),
    )


async def decide_reopening(step: Step, command: DecideReopening) -> None:
    """The same number, counted on; all clocks anew, and what is done now counts."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.reason
    decide(step, command.granted, command.reason, given={"unit_fault": command.unit_fault})
    if not command.granted:
        return
    withdraw_all(step, "工单已恢复办理，申请自动失效")
    step.told(unit_fault=command.unit_fault)
    step.change(
        reopen_count=step.order.reopen_count + 1,
        closed_at=None,
        close_reason=None,
        archived_at=None,
        excluded_at=None,
    )
    run_clock(step)


async def ask_exclusion(step: Step, command: AskExclusion) -> None:
    """The order that the unit led to its end, soon after it was closed."""
    step.follow()
    check_possible(step)
    require_proof(step, Shown(words=command.evidence, files=command.files))
    step.reason = command.reason
    ask_office(
        step,
        RequestKind.EXCLUSION,
        command.reason,
        promise_for(step.order, step.rules, "exclusion_decision", step.now).due,
        reason_code=command.reason_code.value,
        evidence=with_files({"text": command.evidence}, await attach(step, command.files)),
    )


async def decide_exclusion(step: Step, command: DecideExclusion) -> None:
    """The office's word; a yes is not the last one."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.reason
    if command.granted:
        agree(step, command.reason)
    else:
        decide(step, False, command.reason)


async def confirm_exclusion(step: Step, command: ConfirmExclusion) -> None:
    """The leader's word."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.reason
    decide(step, command.granted, command.reason)
    if command.granted:
        step.change(excluded_at=step.now)


HANDLERS: dict[Action, Handler] = {
    Action.ARCHIVE: archive,
    Action.ASK_REOPENING: ask_reopening,
    Action.DECIDE_REOPENING: decide_reopening,
    Action.ASK_EXCLUSION: ask_exclusion,
    Action.DECIDE_EXCLUSION: decide_exclusion,
    Action.CONFIRM_EXCLUSION: confirm_exclusion,
}
