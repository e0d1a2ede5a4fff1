"""Demands that are not accepted (不予受理), and demands of which something is missing (待补充)."""

from __future__ import annotations

from dispatch.asking import ask_office, decide
from dispatch.checks import Faults
from dispatch.commands import (
    TITLE_LENGTH,
    AskSupplement,
    DecideObjection,
    DecideRefusal,
    ObjectRefusal,
    OpenOrder,
    Supplement,
)
from dispatch.rules import Rules
from dispatch.running import run_clock
from dispatch.step import Handler, Step
from dispatch.terms import promise_for
from models.vocabulary import Action, RequestKind
from models.workflow import Case

#: Kept in place of what may not be kept.
REDACTED = "（依法不予记录）"


def check_refusal(command: OpenOrder, faults: Faults, rules: Rules) -> OpenOrder:
    """The command without what may not be kept, where its reason says so."""
    if not command.refusal:
        return command
    if command.answered:
        faults.add("refusal", "直接答复和不予受理只能选一项")
    reason = rules.oversight.refusal(command.refusal)
    if reason is None:
        faults.add("refusal", f"没有编码为 {command.refusal} 的不予受理原因")
    elif reason.redact:
        kept = {"title": reason.name[:TITLE_LENGTH], "content": REDACTED, "demand": ""}
        return command.model_copy(update={**kept, "proposal": None})
    return command


def refuse(step: Step, command: OpenOrder) -> None:
    """While it is being opened: say which way is open to the citizen; some need a second person."""
    reason = step.rules.oversight.refusal(command.refusal)
    assert reason is not None, "checked before the transaction"
    step.reason = reason.name
    answer = command.public_answer or reason.route
    step.change(refusal=reason.code, public_answer=answer)
    step.told(refusal=reason.code, public_answer=answer)
    if reason.confirm:
        due = promise_for(step.order, step.rules, "refusal_decision", step.now).due
        ask_office(step, RequestKind.REFUSAL, reason.name, due, reason_code=reason.code)


async def decide_refusal(step: Step, command: DecideRefusal) -> None:
    """Granted: it stays refused. Refused: it is accepted."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.reason
    decide(step, command.granted, command.reason)
    if not command.granted:
        _accept(step)


async def object_refusal(step: Step, command: ObjectRefusal) -> None:
    """The citizen does not agree with the refusal."""
    step.follow()
    step.reason = command.reason
    due = promise_for(step.order, step.rules, "refusal_decision", step.now).due
    ask_office(step, RequestKind.OBJECTION, command.reason, due)


async def decide_objection(step: Step, command: DecideObjection) -> None:
    """Granted: it is accepted after all."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.reason
    decide(step, command.granted, command.reason)
    if command.granted:
        _accept(step)


def _accept(step: Step) -> None:
    """To the dispatcher, as if it had just come."""
    step.change(refusal="", public_answer="")
    run_clock(step)


async def ask_supplement(step: Step, command: AskSupplement) -> None:
    """Somebody asks the citizen for what is missing."""
    step.follow()
    step.reason = command.missing
    run_clock(step)


async def supplement(step: Step, command: Supplement) -> None:
    """What the citizen added stands below what was said first."""
    step.follow()
    faults = Faults(step.rules)
    phone = faults.phone("callback_phone", command.callback_phone)
    faults.raise_any()
    step.reason = command.text
    local = step.rules.counter.local(step.now)
    content = f"{step.order.content}\n补充（{local:%m月%d日 %H:%M}）：{command.text}"
    step.change(content=content)
    if command.place:
        step.change(place=command.place)
    if phone:
        step.change(callback_phone=phone)
    run_clock(step)


HANDLERS: dict[Action, Handler] = {
    Action.DECIDE_REFUSAL: decide_refusal,
    Action.OBJECT_REFUSAL: object_refusal,
    Action.DECIDE_OBJECTION: decide_objection,
    Action.ASK_SUPPLEMENT: ask_supplement,
    Action.SUPPLEMENT: supplement,
}
