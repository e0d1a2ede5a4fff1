"""撤单: the citizen takes the demand back; one person asks for it, and another confirms it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from dispatch.asking import ask_office, decide, withdraw_all
from dispatch.checks import Faults
from dispatch.commands import AskWithdrawal, DecideWithdrawal, Withdraw
from dispatch.evidence import Shown, attach, check_call, check_proof, with_files
from dispatch.intake import eases
from dispatch.merging import leave_lead
from dispatch.possible import check_possible
from dispatch.running import run_clock
from dispatch.step import Handler, Step
from dispatch.terms import promise_for
from models.states import ACTIVE_TASK
from models.tables import OrderEvent
from models.vocabulary import Action, OrderState, RequestKind, TaskState
from models.workflow import Case


async def ask_withdrawal(step: Step, command: AskWithdrawal) -> None:
    """The citizen said so; what shows it goes before a second person."""
    step.follow()
    faults = Faults(step.rules)
    await check_call(step, command.call_id, faults, since=None, talked=True)
    shown = Shown(words=command.consent, files=command.files, call_id=command.call_id)
    check_proof(step, faults, step.action, shown, field="consent")
    faults.raise_any()
    files = await attach(step, command.files)
    step.reason = command.reason
    step.told(**{name: text for name in ("consent", "call_id") if (text := getattr(command, name))})
    ask_office(
        step,
        RequestKind.WITHDRAWAL,
        command.reason,
        promise_for(step.order, step.rules, "withdraw_decision", step.now).due,
        evidence=with_files({"text": command.consent, "call_id": command.call_id or ""}, files),
    )


async def decide_withdrawal(step: Step, command: DecideWithdrawal) -> None:
    """Granted, units stop working on it; else nothing has changed."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    check_possible(step, eased_by=eased_by(await _amendments(step)))
    decide(step, command.granted, command.reason)
    if command.granted:
        await _strike_off(step)


async def withdraw(step: Step, command: Withdraw) -> None:
    """The system that gave the order answers for what its citizen said."""
    step.follow()
    step.reason = command.reason
    step.told(consent=command.consent)
    await _strike_off(step)


async def _strike_off(step: Step) -> None:
    if step.from_state is OrderState.MERGED:
        await leave_lead(step, f"工单{step.order.order_no}撤单：{step.reason}")
    for task in step.tasks:
        if task.state in ACTIVE_TASK:
            step.change_task(task, state=TaskState.CANCELLED)
    withdraw_all(step, "工单已撤单")
    run_clock(step)


async def _amendments(step: Step) -> Iterable[OrderEvent]:
    query = select(OrderEvent).where(
        OrderEvent.order_id == step.order.id, OrderEvent.action == Action.AMEND.value
    )
    return await step.session.scalars(query)


def eased_by(events: Iterable[OrderEvent]) -> frozenset[str]:
    """Who has taken something from the citizen by correcting the order."""
    return frozenset(
        event.actor_id
        for event in events
        if event.action == Action.AMEND.value
        if any(eases(name, *change) for name, change in event.changes.items())
    )


HANDLERS: dict[Action, Handler] = {
    Action.ASK_WITHDRAWAL: ask_withdrawal,
    Action.DECIDE_WITHDRAWAL: decide_withdrawal,
    Action.WITHDRAW: withdraw,
}
