"""延期: more time for a task, asked for before it is over."""

from __future__ import annotations

from config.limits import Limit
from dispatch.checks import Faults
from dispatch.commands import DecideExtension, RequestExtension
from dispatch.evidence import Shown, attach, require_proof, with_files
from dispatch.oversight_times import lift_untrue
from dispatch.possible import check_possible, granted_extensions
from dispatch.promises import Promise
from dispatch.requests import ask, decide
from dispatch.running import (
    cut,
    keep_order_due,
    latest_below,
    latest_beside,
    promise_anew,
    show_lights,
)
from dispatch.same_unit import first_promise
from dispatch.step import Handler, Step
from dispatch.terms import terms_of
from models.tables import OrderRequest, Task
from models.task_tree import lead_task, leader_of, parent_of
from models.vocabulary import Action, LimitUnit, RequestKind, TaskRole
from models.workflow import Case

_IN_DAYS = (LimitUnit.WD, LimitUnit.ND)


async def request_extension(step: Step, command: RequestExtension) -> None:
    """The unit asks for more time."""
    step.follow()
    check_possible(step)
    _check_amount(step, Limit(amount=command.amount, unit=command.unit))
    check_informed(step, command.caller_informed)
    require_proof(step, Shown(words=command.evidence, files=command.files))
    files = await attach(step, command.files)
    await ask(
        step,
        RequestKind.EXTENSION,
        command,
        wanted={"amount": command.amount, "unit": command.unit.value},
        evidence=with_files(
            {"text": command.evidence, "caller_informed": command.caller_informed}, files
        ),
        reason_code=command.reason_code.value,
    )


def check_informed(step: Step, informed: bool) -> None:
    """Whoever waits longer is told so, if there is anybody to tell.

    :raises InvalidInput: when it was not done.
    """
    order = step.order
    reachable = bool(order.caller_phone or order.callback_phone) and not order.confidential
    if reachable and not informed:
        faults = Faults(step.rules)
        faults.add("caller_informed", "请先把延长的原因和时间告知诉求人")
        faults.raise_any()


def _check_amount(step: Step, wanted: Limit) -> None:
    faults, task = Faults(step.rules), step.subject
    rule, first = terms_of(step.order, step.rules).extension, first_promise(step, task).limit
    granted = granted_extensions(task, step.tasks, step.requests)
    usual = _counted_in(step, task)
    if wanted.unit is not usual:
        why = f"的办结时限为{first.text}" if _counts_in(first) is usual else "现按小时计时"
        faults.add("unit", f"该工单{why}，请按“{usual.label}”申请")
    elif _hours(wanted) > _hours(first) * rule.share:
        faults.add("amount", f"一次延期不能超过原办结时限（{first.text}）")
    elif rule.total is not None and _sum(granted, wanted) > _hours(rule.total):
        faults.add("amount", f"累计延期不能超过{rule.total.text}")
    faults.raise_any()


def _counted_in(step: Step, task: Task) -> LimitUnit:
    """Hours, where the task is held to hours now, by its promise or by what the order has become:
    a working day may be three."""
    promised = Promise.from_json(task.clocks["handle"]).limit
    now = (promised, terms_of(step.order, step.rules).limit("handle"))
    hours = any(_counts_in(one) is LimitUnit.NH for one in now)
    return LimitUnit.NH if hours else LimitUnit.WD


def _counts_in(limit: Limit) -> LimitUnit:
    return LimitUnit.WD if limit.unit in _IN_DAYS else LimitUnit.NH


def _sum(granted: list[OrderRequest], wanted: Limit) -> float:
    """All extensions in hours, a working day as a day."""
    given = [
        Limit(amount=one.granted["amount"], unit=LimitUnit(one.wanted["unit"])) for one in granted
    ]
    return sum(_hours(limit) for limit in [*given, wanted])


def _hours(limit: Limit) -> float:
    """To compare limits with: a day of any kind as 24."""
    if limit.unit is LimitUnit.NM:
        return limit.amount / 60
    return float(limit.amount * 24 if limit.unit in _IN_DAYS else limit.amount)


async def decide_extension(step: Step, command: DecideExtension) -> None:
    """Grant as much as was asked for or less, or nothing."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    asked = step.decided.wanted
    amount = command.amount or asked["amount"]
    decide(step, command.granted, command.reason, {"amount": amount} if command.granted else {})
    if command.granted:
        _check_granted(step, amount, asked["amount"])
        _extend(step, Limit(amount=amount, unit=LimitUnit(asked["unit"])))
        await lift_untrue(step, step.subject)


def _check_granted(step: Step, amount: int, asked: int) -> None:
    faults = Faults(step.rules)
    if amount > asked:
        faults.add("amount", f"不能多于申请的{asked}")
    faults.raise_any()


def _extend(step: Step, added: Limit) -> None:
    task = step.subject
    promise = step.rules.promiser.extended(Promise.from_json(task.clocks["handle"]), added)
    why = "办结时限由上级平台规定"
    if (parent := parent_of(task, step.tasks)) is not None:
        promise, why = cut(promise, latest_below(step, parent).due), "上级单位的时限内没有余地"
    if task.role is TaskRole.JOINT and (lead := leader_of(task, step.tasks)) is not None:
        promise, why = cut(promise, latest_beside(step, lead).due), "主办单位的时限内没有余地"
    if promise.due <= task.due_at:
        faults = Faults(step.rules)
        faults.add("granted", f"{why}，不能延期")
        faults.raise_any()
    promise_anew(step, task, "handle", promise)
    if task is lead_task(step.tasks):
        keep_order_due(step)
        show_lights(step)


HANDLERS: dict[Action, Handler] = {
    Action.REQUEST_EXTENSION: request_extension,
    Action.DECIDE_EXTENSION: decide_extension,
}
