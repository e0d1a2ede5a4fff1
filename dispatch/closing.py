"""From the auditor's desk to the end of an order."""

from __future__ import annotations

from sqlalchemy import select

from config.evidence import UNTRUE_RESULT
from config.scoring import ScoringRules
from dispatch.asked_of import case_of, why_not_asked
from dispatch.back_in_hand import go_on
from dispatch.checks import Faults, sheet_mark
from dispatch.commands import ApproveResult, RecordFollowUp, SendBack
from dispatch.ending import close
from dispatch.evidence import Shown, attach, check_call, check_proof, with_files
from dispatch.follow_up_tries import counted, tried_enough
from dispatch.redoing import again_or_panel, ask_for_redo, asked_since
from dispatch.running import run_clock, show_lights, start_task_clock
from dispatch.step import Handler, Step
from models.ids import new_id
from models.tables import AuditReview, FollowUp
from models.vocabulary import (
    Action,
    CloseReason,
    FollowUpWay,
    OrderState,
    RedoReason,
    Role,
    Satisfaction,
    SolvedByCaller,
)
from models.workflow import Case, lead_task

#: Full marks of the auditor's two sheets.
QUALITY_FULL = 100.0
PROCESS_FULL = 10.0

#: Fewer signs than these do not say what is untrue and how that was found.
SHORTEST_FINDING = 10

_UNHAPPY = (Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED)


async def approve_result(step: Step, command: ApproveResult) -> None:
    """The result passes; the citizen is asked next, if they want to be."""
    ended = why_not_asked(step.order, step.rules)
    step.follow(case_of(ended))
    scoring = step.rules.scoring
    faults = Faults(step.rules)
    faults.sheet("quality_items", scoring.quality_sheet, command.quality_items)
    faults.sheet("process_items", scoring.process_sheet, command.process_items)
    faults.raise_any()
    review = _review(step, command, scoring)
    step.session.add(review)
    step.reason = command.note
    step.told(quality=review.quality, process=review.process)
    if ended is not None:
        await close(step, ended)
    run_clock(step)


def _review(step: Step, command: ApproveResult, scoring: ScoringRules) -> AuditReview:
    return AuditReview(
        id=new_id(),
        order_id=step.order.id,
        task_id=step.subject.id,
        auditor_id=step.actor.id,
        at=step.now,
        passed=True,
        quality_items=command.quality_items,
        quality=sheet_mark(scoring.quality_sheet, command.quality_items, QUALITY_FULL),
        process_items=command.process_items,
        process=sheet_mark(scoring.process_sheet, command.process_items, PROCESS_FULL),
        reason=command.note,
    )


async def send_back(step: Step, command: SendBack) -> None:
    """The result does not pass; the unit does it again on the first due date."""
    step.follow()
    step.session.add(
        AuditReview(
            id=new_id(),
            order_id=step.order.id,
            task_id=step.subject.id,
            auditor_id=step.actor.id,
            at=step.now,
            passed=False,
            quality_items={},
            process_items={},
            reason=command.reason,
            faults=[fault.value for fault in command.faults],
        )
    )
    step.reason = command.reason
    step.told(faults="、".join(fault.label for fault in command.faults))
    step.change_task(step.subject, sent_back_count=step.subject.sent_back_count + 1)
    start_task_clock(step, step.subject, "resubmit")
    if step.from_state is OrderState.TO_AUDIT and step.subject.submitted_at is not None:
        await go_on(step, step.subject.submitted_at)
    show_lights(step)


async def record_follow_up(step: Step, command: RecordFollowUp) -> None:
    """One attempt to ask the citizen; decides what becomes of the order."""
    task = lead_task(step.tasks)
    earlier = await _attempts(step, task.id) if task else []
    case = await _case(step, command, earlier)
    step.follow(case)
    step.turn_to(task)
    await _check_follow_up(step, command, earlier)
    files = await attach(step, command.files)
    step.session.add(_attempt(step, command))
    if step.order.follow_up_started_at is None:
        step.change(follow_up_started_at=step.now)
    show_lights(step)
    step.reason = command.redo_reason if command.redo else command.note
    _tell(step, command, earlier)
    await step.session.flush()
    await _after_follow_up(step, case, command, files)


def _tell(step: Step, command: RecordFollowUp, earlier: list[FollowUp]) -> None:
    told = command.model_dump(
        include={"reached", "contacted", "solved", "satisfaction", "service_satisfaction"},
        exclude_none=True,
    )
    if command.way is not FollowUpWay.PHONE:
        step.told(way=command.way)
    if command.evidence:
        step.told(evidence=command.evidence)
    step.told(attempt=len(earlier) + 1, **told)
    moments = [attempt.at for attempt in earlier if not attempt.reached]
    if not command.reached and len(counted([*moments, step.now], step.rules)) == len(
        counted(moments, step.rules)
    ):
        step.told(too_soon=True)


async def _after_follow_up(
    step: Step, case: Case, command: RecordFollowUp, files: dict[str, str]
) -> None:
    match case:
        case Case.CLOSE:
            await close(step, CloseReason.FOLLOWED_UP)
        case Case.GIVE_UP:
            await close(step, CloseReason.UNREACHABLE)
        case Case.REDO | Case.PANEL:
            if command.redo_code is RedoReason.UNTRUE:
                step.told(verification=command.verification)
            given = {"verification": command.verification, "text": command.evidence}
            evidence = with_files({**given, "call_id": command.call_id}, files)
            ask_for_redo(step, case, command.redo_code, command.redo_reason, evidence)
    if step.order.state is OrderState.CLOSED:
        run_clock(step)


async def _case(step: Step, command: RecordFollowUp, earlier: list[FollowUp]) -> Case:
    if command.reached:
        return await again_or_panel(step) if command.redo else Case.CLOSE
    moments = [attempt.at for attempt in earlier if not attempt.reached]
    enough = tried_enough([*moments, step.now], step.rules)
    return Case.GIVE_UP if enough else Case.TRY_AGAIN


async def _attempts(step: Step, task_id: str) -> list[FollowUp]:
    query = select(FollowUp).where(FollowUp.task_id == task_id).order_by(FollowUp.at)
    return list(await step.session.scalars(query))


async def _check_follow_up(step: Step, command: RecordFollowUp, earlier: list[FollowUp]) -> None:
    faults = Faults(step.rules)
    answers = ("contacted", "solved", "satisfaction")
    if command.reached:
        for name in answers:
            if getattr(command, name) is None:
                faults.add(name, "已接通的回访必须填写")
    else:
        for name in (*answers, "service_satisfaction"):
            if getattr(command, name) is not None:
                faults.add(name, "未接通的回访不能填写诉求人的评价")
    if _by_system(step) != (command.way is FollowUpWay.WEB):
        faults.add("way", "短信链接的评价由诉求人自己填写")
    elif command.way is FollowUpWay.PHONE:
        await _check_try(step, command, earlier, faults)
    if command.redo:
        _check_redo(step, command, faults)
    faults.raise_any()


async def _check_try(
    step: Step, command: RecordFollowUp, earlier: list[FollowUp], faults: Faults
) -> None:
    """That the citizen was really rung, after the result was approved, and for each try anew."""
    since, call_id = asked_since(step), command.call_id
    await check_call(step, call_id, faults, since=since, talked=command.reached, begun="审核通过")
    if call_id and call_id in {attempt.call_id for attempt in earlier}:
        faults.add("call_id", "这通电话已经登记过一次回访")
    shown = Shown(words=command.evidence, files=command.files, call_id=call_id)
    check_proof(step, faults, step.action, shown)


def _check_redo(step: Step, command: RecordFollowUp, faults: Faults) -> None:
    if not command.redo_reason:
        faults.add("redo_reason", "请写明重办的原因和要求")
    if command.redo_code is RedoReason.UNTRUE:
        _check_untrue(step, command, faults)
    elif command.solved is not SolvedByCaller.UNSOLVED or command.satisfaction not in _UNHAPPY:
        faults.add("redo", "只有诉求人表示未解决且不满意，或办理结果不实的，才能重办")


def _check_untrue(step: Step, command: RecordFollowUp, faults: Faults) -> None:
    """What is untrue, and what shows it; of an answer by link that is the citizen's own word."""
    if not command.reached:
        faults.add("redo", "未接通的，核实办理结果不实后请用“提请重办”提出")
    if _by_system(step):
        return
    if len(command.verification) < SHORTEST_FINDING:
        faults.add("verification", f"请写明哪些与事实不符、怎样核实的，至少{SHORTEST_FINDING}字")
    shown = Shown(words=command.evidence, files=command.files, call_id=command.call_id)
    check_proof(step, faults, UNTRUE_RESULT, shown)


def _by_system(step: Step) -> bool:
    """The citizen answered on a page; whoever sent the link stands in ``asked_by``."""
    return step.permit is not None and step.permit.role is Role.SYSTEM


def _attempt(step: Step, command: RecordFollowUp) -> FollowUp:
    return FollowUp(
        id=new_id(),
        order_id=step.order.id,
        task_id=step.subject.id,
        staff_id=(_by_system(step) and command.asked_by) or step.actor.id,
        at=step.now,
        **command.model_dump(
            include={
                "call_id",
                "reached",
                "contacted",
                "solved",
                "satisfaction",
                "service_satisfaction",
                "note",
                "way",
            }
        ),
    )


HANDLERS: dict[Action, Handler] = {
    Action.APPROVE_RESULT: approve_result,
    Action.SEND_BACK: send_back,
    Action.RECORD_FOLLOW_UP: record_follow_up,
}
