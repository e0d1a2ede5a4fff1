"""退单, 争议, 改派: whose an order is, and how it comes to somebody else."""

from __future__ import annotations

from dispatch.back_in_hand import go_on
from dispatch.carried import supervision_goes_on
from dispatch.checks import Faults
from dispatch.commands import (
    DecideReturn,
    OpenDispute,
    Reassign,
    RequestReturn,
    SettleDispute,
)
from dispatch.delegation import (
    come_back,
    hand_to_another,
    leave_nobody_without_lead,
    take_back,
)
from dispatch.evidence import Shown, attach, require_proof, with_files
from dispatch.intake import check_units
from dispatch.oversight_times import lift_returned
from dispatch.own_work import check_owner
from dispatch.requests import ask, decide, drop_open, sign_as_asked
from dispatch.running import new_joint_task, new_lead_task, show_lights
from dispatch.step import Handler, Step
from dispatch.supervision import card_for_returns
from dispatch.terms import promise_for
from dispatch.under import cut_under
from models.guards import late_or_supervised, rulings
from models.tables import Task
from models.task_tree import lead_task, unit_task
from models.vocabulary import (
    Action,
    RequestKind,
    RequestState,
    ReturnReason,
    TaskRole,
)
from models.workflow import Case

#: Reasons that name another owner.
_SOMEBODY_ELSES = (
    ReturnReason.NOT_OUR_DUTY,
    ReturnReason.WRONG_AREA,
    ReturnReason.OVERLAPPING,
    ReturnReason.WRONG_CATEGORY,
)


#: What lets the office rule otherwise than the catalogue.
_BUT_FOR_OPINION = "；编办、司法部门另有意见的，请写明意见"


async def request_return(step: Step, command: RequestReturn) -> None:
    """Not ours. The second unit that says so of one order makes it a dispute."""
    task = step.look()
    again = task is not None and task is lead_task(step.tasks) and _returned_before(step)
    step.follow(Case.NEXT_UNIT if again else Case.FIRST_UNIT)
    _check_return(step, command)
    require_proof(step, Shown(words=command.clause, files=command.files), field="clause")
    files = await attach(step, command.files)
    request = await ask(
        step,
        RequestKind.DISPUTE if again else RequestKind.RETURN,
        command,
        wanted={"department": command.suggested_department},
        evidence=with_files({"clause": command.clause, "new_facts": command.new_facts}, files),
        reason_code=command.reason_code.value,
    )
    if again:
        sign_as_asked(step, step.subject, request)
        step.change(disputed_at=step.now)


def _returned_before(step: Step) -> bool:
    """Whether a lead unit has given the order back, and rightly."""
    leads = {t.id for t in step.tasks if t.parent_id is None and t.role is TaskRole.LEAD}
    return any(
        one.kind is RequestKind.RETURN
        and one.state is RequestState.GRANTED
        and one.task_id in leads
        for one in step.requests
    )


def _check_return(step: Step, command: RequestReturn) -> None:
    faults, task = Faults(step.rules), step.subject
    suggested = command.suggested_department
    if not suggested and command.reason_code in _SOMEBODY_ELSES:
        faults.add("suggested_department", "请提出应由哪个单位承办")
    elif suggested == task.department:
        faults.add("suggested_department", "建议的承办单位不能是本单位")
    elif suggested:
        faults.department("suggested_department", suggested)
    limit = promise_for(step.order, step.rules, "return_request", task.dispatched_at)
    if step.now > limit.due and not command.new_facts:
        end = f"{step.rules.counter.local(limit.due):%m月%d日%H:%M}"
        message = f"申请退单的时限（{end}）已过，只有出现新情况才能申请，请写明新情况"
        faults.add("new_facts", message)
    elif _is_top_lead(task) and rulings(step.requests) and not command.new_facts:
        message = "承办单位此前已经裁定，恢复办理后只有出现新情况才能申请退单，请写明新情况"
        faults.add("new_facts", message)
    faults.raise_any()
    _check_suggested(step, suggested)


def _check_suggested(step: Step, unit: str) -> None:
    """Nobody proposes to push down what the catalogue keeps above."""
    if unit and _is_top_lead(step.subject):
        check_owner(step, unit, "suggested_department")


async def decide_return(step: Step, command: DecideReturn) -> None:
    """Another unit, or the same one after all."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    task = step.subject
    request = decide(step, command.granted, command.reason, {"department": command.department})
    if command.granted:
        _move(step, task, command)
        await lift_returned(step, task, request)
    else:
        sign_as_asked(step, task, request)
        await card_for_returns(step, task)
        await go_on(step, request.asked_at, task)
    show_lights(step)


def _move(step: Step, task: Task, command: DecideReturn) -> None:
    faults = Faults(step.rules)
    top_lead = _is_top_lead(task)
    if top_lead and not command.department:
        faults.add("department", "同意退单的，请选择新的承办单位")
    if command.department == task.department:
        faults.add("department", "不能再派给申请退单的单位")
    faults.raise_any()
    if command.department and task.parent_id is not None:
        new = hand_to_another(step, task, command.department, command.reason)
        step.result["task_id"] = new.id
    elif command.department:
        check_units(step, command.department)
        if top_lead:
            check_owner(step, command.department)
        step.result["task_id"] = _new_top(step, task, command.department, command.reason).id
    else:
        leave_nobody_without_lead(step, task)
    drop_open(step, [task], "工单已改派，申请失效")
    come_back(step, task)


def _is_top_lead(task: Task) -> bool:
    return task.parent_id is None and task.role is TaskRole.LEAD


def _new_top(step: Step, task: Task, department: str, note: str) -> Task:
    if task.role is TaskRole.LEAD:
        return _new_lead(step, department, note)
    lead = lead_task(step.tasks)
    assert lead is not None, "an order in hand has a lead task"
    return new_joint_task(step, lead, department, note)


async def open_dispute(step: Step, command: OpenDispute) -> None:
    """The unit stands by its return; until it is settled it goes on working."""
    step.follow()
    faults = Faults(step.rules)
    if command.suggested_department:
        faults.department("suggested_department", command.suggested_department)
    faults.raise_any()
    _check_suggested(step, command.suggested_department)
    require_proof(step, Shown(words=command.clause, files=command.files), field="clause")
    files = await attach(step, command.files)
    await ask(
        step,
        RequestKind.DISPUTE,
        command,
        wanted={"department": command.suggested_department},
        evidence=with_files({"clause": command.clause}, files),
    )
    step.change(disputed_at=step.now)


async def settle_dispute(step: Step, command: SettleDispute) -> None:
    """The office rules, for good; further units may be told to help."""
    task = step.look()
    moves = task is not None and task.department != command.department
    step.follow(Case.MOVES if moves else Case.STAYS)
    decide(step, moves, command.reason, {"opinion": command.opinion})
    lead = step.subject
    if moves:
        if not command.opinion:  # what those say who decide on duties goes before the catalogue
            check_owner(step, command.department, otherwise=_BUT_FOR_OPINION)
        lead = replace_lead(step, command.department, command.reason, "工单已改派，申请失效")
    fresh = [unit for unit in command.joint if not unit_task(step.tasks, unit)]
    if fresh:
        check_units(step, fresh[0], fresh[1:])
    for unit in fresh:
        new_joint_task(step, lead, unit, command.reason)
    show_lights(step)


def replace_lead(step: Step, department: str, note: str, why: str) -> Task:
    """The lead task is cancelled by the table; what is under it goes too, and a new one comes."""
    old = step.subject
    take_back(step, old, why)
    check_units(step, department)
    task = _new_lead(step, department, note)
    step.result["task_id"] = task.id
    return task


def _new_lead(step: Step, department: str, note: str) -> Task:
    """Its time may be what it had before, sooner than those who help were promised."""
    task = new_lead_task(step, department, note)
    cut_under(step, "主办单位变更，协办时限相应提前。")
    return task


async def reassign(step: Step, command: Reassign) -> None:
    """Moved without being asked: by the dispatcher, a late or supervised one by the office."""
    late = late_or_supervised(step.look(), step.now)
    step.follow(Case.LATE if late else Case.IN_TIME)
    if command.department == step.subject.department:
        faults = Faults(step.rules)
        faults.add("department", "工单已由该单位承办")
        faults.raise_any()
    check_owner(step, command.department)
    step.reason = command.reason
    before = step.subject
    task = replace_lead(step, command.department, command.reason, "工单已改派，申请失效")
    await supervision_goes_on(step, before, task)
    show_lights(step)


HANDLERS: dict[Action, Handler] = {
    Action.REQUEST_RETURN: request_return,
    Action.DECIDE_RETURN: decide_return,
    Action.OPEN_DISPUTE: open_dispute,
    Action.SETTLE_DISPUTE: settle_dispute,
    Action.REASSIGN: reassign,
}
