"""转出: orders that another system or region handles, until it answers or gives them back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.asking import withdraw_all
from dispatch.checks import Faults
from dispatch.commands import AnswerTransfer, ReferTransfer, ReturnTransfer, TransferOut
from dispatch.ending import close
from dispatch.evidence import Shown, attach, require_proof, with_files
from dispatch.requests import end, put
from dispatch.running import run_clock
from dispatch.step import Handler, Step
from models.ids import new_id
from models.states import ACTIVE_TASK
from models.tables import WorkOrder
from models.tables.partners import ExternalRef, PartnerSystem
from models.task_tree import lead_task
from models.vocabulary import (
    Action,
    CloseReason,
    Direction,
    RequestKind,
    RequestState,
    Role,
    TaskState,
)


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Where an order goes. ``system`` None: we speak with it by telephone and letter only."""

    name: str
    system: PartnerSystem | None


async def transfer_out(step: Step, command: TransferOut) -> None:
    """Units stop working on it; what is asked for now is the other side's answer."""
    step.follow()
    target = await _target(step, command)
    step.reason = command.reason
    for task in step.tasks:
        if task.state in ACTIVE_TASK:
            step.change_task(task, state=TaskState.CANCELLED)
    withdraw_all(step, "工单已转出，申请失效")
    put(
        step,
        RequestKind.TRANSFER,
        task=None,
        reason_code="",
        reason=command.reason,
        evidence={"target": target.name, "external_no": command.external_no},
        wanted={"system": target.system.code if target.system else ""},
        due=None,
        decider=target.system.staff_id if target.system else step.rules.departments.hotline,
    )
    step.told(target=target.name)
    if command.external_no:
        step.told(external_no=command.external_no)
    if target.system is not None:
        step.session.add(_ref(step, target.system, command.external_no))
    run_clock(step)


async def _target(step: Step, command: TransferOut) -> _Target:
    """:raises InvalidInput: when it is not said where the order goes, or it cannot go there."""
    faults, system = Faults(step.rules), None
    if command.system:
        system = await step.session.get(PartnerSystem, command.system)
        if system is None or not system.active:
            faults.add("system", "没有这个外部系统，或已停用")
        elif await _came_from(step.session, step.order, system.code):
            faults.add("system", "工单是这个系统转来的，不能再转回；退回请与对方联系后撤单")
    elif not command.target:
        faults.add("target", "请选择转往的系统，或填写转往的地区、单位")
    elif not command.external_no:
        faults.add("external_no", "转往没有对接的单位，请先取得对方的受理编号")
    if _can_be_told(step.order) and not command.caller_informed:
        faults.add("caller_informed", "请先告知诉求人工单转往何处")
    faults.raise_any()
    return _Target(name=system.name if system else command.target, system=system)


async def systems_of(session: AsyncSession) -> tuple[tuple[str, str], ...]:
    """Systems that an order may go out to, by code and name."""
    query = select(PartnerSystem).where(PartnerSystem.active).order_by(PartnerSystem.code)
    return tuple((system.code, system.name) for system in await session.scalars(query))


async def _came_from(session: AsyncSession, order: WorkOrder, system: str) -> bool:
    query = select(ExternalRef.id).where(
        ExternalRef.order_id == order.id,
        ExternalRef.system == system,
        ExternalRef.direction == Direction.IN,
    )
    return await session.scalar(query.limit(1)) is not None


def _can_be_told(order: WorkOrder) -> bool:
    return bool(order.caller_phone or order.callback_phone) and not order.confidential


def _ref(step: Step, system: PartnerSystem, external_no: str) -> ExternalRef:
    """Until the system says what it calls the order, it is called as here."""
    return ExternalRef(
        id=new_id(),
        system=system.code,
        external_id=step.order.order_no,
        external_no=external_no,
        direction=Direction.OUT,
        order_id=step.order.id,
        content_hash="",
        received={},
        at=step.now,
    )


async def refer_transfer(step: Step, command: ReferTransfer) -> None:
    """The order has a number over there."""
    step.follow()
    _name(step, command.external_no)
    ref = await step.session.scalar(_sent(step.order).limit(1))
    if ref is not None:
        ref.external_no = command.external_no


def _sent(order: WorkOrder) -> Select[ExternalRef]:
    return select(ExternalRef).where(
        ExternalRef.order_id == order.id,
        ExternalRef.direction == Direction.OUT,
        ExternalRef.task_id.is_(None),
    )


def _name(step: Step, external_no: str) -> None:
    request = step.decided
    request.evidence = {**request.evidence, "external_no": external_no}
    step.told(external_no=external_no)


async def answer_transfer(step: Step, command: AnswerTransfer) -> None:
    """What the other side found goes to the citizen; no unit is assessed for it."""
    step.follow()
    assert step.permit is not None, "the table has been asked"
    if step.permit.role is not Role.PARTNER:
        require_proof(step, Shown(words=command.evidence, files=command.files))
    files = await attach(step, command.files)
    if command.external_no:
        _name(step, command.external_no)
    request = step.decided
    request.granted = with_files({"text": command.evidence}, files)
    end(step, request, RequestState.GRANTED, command.answer)
    step.reason = command.evidence
    step.change(public_answer=command.answer)
    if lead_task(step.tasks) is None:
        step.change(closed_at=step.now, close_reason=CloseReason.TRANSFERRED)
    else:  # a unit's result had been approved before the order was opened again
        await close(step, CloseReason.TRANSFERRED)
    run_clock(step)


async def return_transfer(step: Step, command: ReturnTransfer) -> None:
    """It is ours again, and waits for the dispatcher."""
    step.follow()
    step.reason = command.reason
    assert step.permit is not None, "the table has been asked"
    refused = step.permit.role is Role.PARTNER
    state = RequestState.REFUSED if refused else RequestState.WITHDRAWN
    end(step, step.decided, state, command.reason)
    sent = _sent(step.order).with_only_columns(ExternalRef.id)
    await step.session.execute(delete(ExternalRef).where(ExternalRef.id.in_(sent)))
    run_clock(step)


HANDLERS: dict[Action, Handler] = {
    Action.TRANSFER_OUT: transfer_out,
    Action.REFER_TRANSFER: refer_transfer,
    Action.ANSWER_TRANSFER: answer_transfer,
    Action.RETURN_TRANSFER: return_transfer,
}
