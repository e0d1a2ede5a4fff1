"""Asking and deciding: the one way for everything that needs somebody else's consent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dispatch.back_in_hand import go_on
from dispatch.commands import LapseRequest, RequestCommand, WithdrawRequest, invalid
from dispatch.directory.heads import heads_for
from dispatch.step import Handler, Step
from dispatch.terms import promise_for
from models.errors import InvalidInput
from models.ids import new_id
from models.tables import OrderRequest, Task
from models.task_tree import parent_of
from models.vocabulary import (
    OPEN_REQUEST,
    Action,
    RequestKind,
    RequestState,
    Role,
    TaskState,
)

#: The time limit of each kind's decision, by clock.
DECISION_CLOCKS = {
    RequestKind.RETURN: "return_decision",
    RequestKind.DISPUTE: "dispute",
    RequestKind.EXTENSION: "extension_decision",
    RequestKind.SUSPENSION: "suspension_decision",
}


async def ask(
    step: Step,
    kind: RequestKind,
    command: RequestCommand,
    *,
    wanted: dict[str, Any],
    evidence: dict[str, Any],
    reason_code: str = "",
) -> OrderRequest:
    """Put the request of a unit before those who decide it.

    :raises InvalidInput: when nobody who leads the unit has agreed.
    """
    request = put(
        step,
        kind,
        task=step.subject,
        reason_code=reason_code,
        reason=command.reason,
        evidence={**evidence, "head": await head_of(step, command.head, _CONSENT)},
        wanted=wanted,
        due=promise_for(step.order, step.rules, DECISION_CLOCKS[kind], step.now).due,
        decider=_decider(step),
    )
    step.reason = command.reason
    return request


def put(
    step: Step,
    kind: RequestKind,
    *,
    task: Task | None,
    reason_code: str,
    reason: str,
    evidence: dict[str, Any],
    wanted: dict[str, Any],
    due: datetime | None,
    decider: str,
) -> OrderRequest:
    """A new request of whoever acts, to be decided by ``decider`` (a unit) until ``due``."""
    request = OrderRequest(
        id=new_id(),
        order_id=step.order.id,
        task_id=task.id if task else None,
        kind=kind,
        state=RequestState.OPEN,
        asked_at=step.now,
        asked_by=step.actor.id,
        asked_by_name=step.actor.name,
        asked_department=step.actor.department,
        reason_code=reason_code,
        reason=reason,
        evidence=evidence,
        wanted=wanted,
        due_at=due,
        decider=decider,
    )
    step.add_request(request)
    return request


_CONSENT = "申请须经本单位负责人同意，请选择负责人"


async def head_of(step: Step, named: str, otherwise: str) -> str:
    """Who of the unit's leadership stands for what is asked or reported: one of those whom the
    directory names; any name only where it names nobody.

    :raises InvalidInput: ``otherwise``, when a clerk names nobody; or when the one who is named
        does not lead the unit, or is the clerk.
    """
    if step.permit is not None and step.permit.role is Role.UNIT_HEAD:
        return step.actor.name
    if not named:
        raise _no_head(otherwise)
    if _same_name(named, step.actor.name):
        raise _no_head("负责人不能是经办人本人，请选择单位负责人")
    heads = await heads_for(step.session, step.rules, step.subject.department, step.now)
    others = [one.name for one in heads if one.staff_id not in step.actor.selves]
    found = next((name for name in others if _same_name(name, named)), None)
    if heads and found is None:
        unit = step.rules.unit_name(heads[0].department)
        known = f"请从{'、'.join(others)}中选择" if others else "请由负责人本人办理"
        raise _no_head(f"{unit}登记的负责人中没有“{named}”，{known}")
    return found or named


def _no_head(message: str) -> InvalidInput:
    return invalid([{"field": "head", "message": message}])


def _same_name(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


def _decider(step: Step) -> str:
    above = parent_of(step.subject, step.tasks)
    return above.department if above else step.rules.departments.hotline


def decide(
    step: Step, granted: bool, reason: str, given: dict[str, Any] | None = None
) -> OrderRequest:
    """Write the decision down; what follows from it is the kind's own."""
    request = step.decided
    state = RequestState.GRANTED if granted else RequestState.REFUSED
    end(step, request, state, reason)
    request.granted = given or {}
    step.reason = reason
    return request


def end(step: Step, request: OrderRequest, state: RequestState, reason: str) -> None:
    """The request is over, whatever it came to."""
    step.change_request(
        request,
        state=state,
        decided_at=step.now,
        decided_by=step.actor.id,
        decided_by_name=step.actor.name,
        decision_reason=reason,
    )
    if request.kind is RequestKind.DISPUTE:
        step.change(disputed_at=None)


def drop_open(step: Step, tasks: Iterable[Task], why: str) -> None:
    """Undecided requests of tasks that are over, or on which they have no sense any more."""
    ids = {task.id for task in tasks}
    for request in step.requests:
        if request.task_id in ids and request.state in OPEN_REQUEST:
            end(step, request, RequestState.WITHDRAWN, why)


def sign_as_asked(step: Step, task: Task, request: OrderRequest) -> None:
    """A unit that asked for a return has taken notice of its task when it asked."""
    if task.signed_at is None:
        step.change_task(task, signed_at=request.asked_at, signed_by=request.asked_by)


async def withdraw(step: Step, command: WithdrawRequest) -> None:
    """The unit thinks better of it."""
    step.follow()
    request = step.decided
    step.reason = f"撤回{request.kind.label}申请"
    end(step, request, RequestState.WITHDRAWN, "申请单位撤回")
    await _not_waiting_any_more(step, request)


async def lapse(step: Step, command: LapseRequest) -> None:
    """Nobody decided in time: it counts as refused."""
    step.follow()
    request = step.decided
    step.reason = f"{request.kind.label}申请逾期未审定，视为不同意"
    end(step, request, RequestState.LAPSED, "逾期未审定，视为不同意")
    await _not_waiting_any_more(step, request)


def let_go(step: Step) -> None:
    """No unit has the order in hand any more: what units asked for has no sense now."""
    for request in step.requests:
        if request.kind in DECISION_CLOCKS and request.state in OPEN_REQUEST:
            end(step, request, RequestState.WITHDRAWN, "工单已不在单位办理，申请自动失效")
            _go_on(step, request)


async def _not_waiting_any_more(step: Step, request: OrderRequest) -> None:
    if (task := _go_on(step, request)) is not None:
        await go_on(step, request.asked_at, task)


def _go_on(step: Step, request: OrderRequest) -> Task | None:
    """As if it had not been asked; the task that goes on, if it stood still."""
    task = next((one for one in step.tasks if one.id == request.task_id), None)
    if task is None or task.state is not TaskState.RETURN_REQUESTED:
        return None
    step.change_task(task, state=TaskState.SIGNED)
    sign_as_asked(step, task, request)
    return task


HANDLERS: dict[Action, Handler] = {
    Action.WITHDRAW_REQUEST: withdraw,
    Action.LAPSE_REQUEST: lapse,
}
