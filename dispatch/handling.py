"""From the dispatcher's desk to the unit's result."""

from __future__ import annotations

from typing import Any

from dispatch.checks import Faults
from dispatch.commands import Amend, Dispatch, FirstContact, Note, SignFor, SubmitResult, Urge
from dispatch.running import new_lead_task, run_clock
from dispatch.step import Step, plain
from models.vocabulary import Outcome, Role

#: Outcomes that must say why the demand is not met.
_UNMET = (Outcome.PARTLY_SOLVED, Outcome.PLANNED, Outcome.UNSOLVABLE, Outcome.NOT_OURS)
_STEERS_CLOCK = {"request_type", "category", "urgency"}


async def amend(step: Step, command: Amend) -> None:
    """Correct what was taken in, before it is dispatched."""
    step.follow()
    wanted = command.model_dump(
        exclude={"reason", "expected_version", "idempotency_key"}, exclude_none=True
    )
    wanted = _checked_amendment(step, wanted)
    step.reason = command.reason
    if "category" in wanted:
        step.order.taxonomy_version = step.rules.taxonomy.version
    step.change(**wanted)
    if _STEERS_CLOCK & step.changes.keys():
        run_clock(step)


def _checked_amendment(step: Step, wanted: dict[str, Any]) -> dict[str, Any]:
    faults = Faults(step.rules)
    if "category" in wanted:
        faults.category("category", wanted["category"])
    for name in ("caller_phone", "callback_phone"):
        if name in wanted:
            wanted[name] = faults.phone(name, wanted[name])
    after = {
        name: wanted.get(name, getattr(step.order, name))
        for name in ("want_reply", "caller_phone", "callback_phone")
    }
    if after["want_reply"] and not (after["caller_phone"] or after["callback_phone"]):
        faults.add("callback_phone", "需要回访的工单不能没有联系电话")
    if not any(getattr(step.order, name) != value for name, value in wanted.items()):
        faults.add("reason", "没有任何内容被更正")
    faults.raise_any()
    return wanted


async def dispatch(step: Step, command: Dispatch) -> None:
    """Give the order to its lead unit; its clocks start now."""
    step.follow()
    faults = Faults(step.rules)
    faults.department("department", command.department)
    faults.raise_any()
    step.reason = command.note
    step.change(dispatched_at=step.now)
    task = new_lead_task(step, command.department, command.note)
    run_clock(step)
    step.result["task_id"] = task.id


async def sign_for(step: Step, command: SignFor) -> None:
    """The unit takes the task; when its limit has passed, the system does it for the unit."""
    role = step.follow().role
    step.change_task(step.lead, signed_at=step.now)
    if role is Role.SYSTEM:
        step.reason = "超过签收时限，系统自动签收"
    else:
        step.change_task(step.lead, signed_by=step.actor.id)


async def first_contact(step: Step, command: FirstContact) -> None:
    """The unit spoke with the citizen, or tried. The first time it reached them counts."""
    step.follow()
    faults = Faults(step.rules)
    phone = faults.phone("phone", command.phone)
    faults.raise_any()
    contact = {
        "person": command.person,
        "phone": phone,
        "reached": command.reached,
        "note": command.note,
        "by": step.actor.name,
        "at": plain(step.now),
    }
    step.reason = command.note
    step.told(**{f"first_contact.{name}": contact[name] for name in ("person", "phone", "reached")})
    if step.lead.first_contacted_at is None:
        # Each attempt stays on its event; the row shows the one that counts.
        step.lead.first_contact = contact
        if command.reached:
            step.change_task(step.lead, first_contacted_at=step.now)


async def submit_result(step: Step, command: SubmitResult) -> None:
    """The unit's result goes to the auditor."""
    step.follow()
    faults = Faults(step.rules)
    if command.outcome in _UNMET and not command.unresolved_reason:
        faults.add("unresolved_reason", f"办理结果为“{command.outcome.label}”的，请说明原因")
    faults.raise_any()
    result = command.model_dump(exclude={"expected_version", "idempotency_key"})
    step.change_task(step.lead, submitted_at=step.now, submitted_by=step.actor.id, **result)
    step.change(public_answer=command.public_answer)
    run_clock(step)


async def urge(step: Step, command: Urge) -> None:
    """Ask whoever has the order for speed."""
    step.follow()
    step.reason = command.reason
    step.told(by_caller=command.by_caller)


async def note(step: Step, command: Note) -> None:
    """Write something down."""
    step.follow()
    step.reason = command.text
    step.told(internal=command.internal)
