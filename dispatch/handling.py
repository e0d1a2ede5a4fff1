"""A unit's own work: signing, speaking with the citizen, the result."""

from __future__ import annotations

from dispatch.checks import Faults
from dispatch.commands import FirstContact, SignFor, SubmitResult
from dispatch.running import run_clock
from dispatch.step import Handler, Step, plain
from models.vocabulary import Action, Outcome, Role

#: Outcomes that must say why the demand is not met.
_UNMET = (Outcome.PARTLY_SOLVED, Outcome.PLANNED, Outcome.UNSOLVABLE, Outcome.NOT_OURS)


async def sign_for(step: Step, command: SignFor) -> None:
    """The unit takes the task; when its limit has passed, the system does it for the unit."""
    role = step.follow().role
    step.change_task(step.subject, signed_at=step.now)
    if role is Role.SYSTEM:
        step.reason = "超过签收时限，系统自动签收"
    else:
        step.change_task(step.subject, signed_by=step.actor.id)


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
    if step.subject.first_contacted_at is None:
        # Each attempt stays on its event; the row shows the one that counts.
        step.subject.first_contact = contact
        if command.reached:
            step.change_task(step.subject, first_contacted_at=step.now)


async def submit_result(step: Step, command: SubmitResult) -> None:
    """The unit's result goes to the auditor."""
    step.follow()
    faults = Faults(step.rules)
    if command.outcome in _UNMET and not command.unresolved_reason:
        faults.add("unresolved_reason", f"办理结果为“{command.outcome.label}”的，请说明原因")
    faults.raise_any()
    result = command.facts()
    step.change_task(step.subject, submitted_at=step.now, submitted_by=step.actor.id, **result)
    step.change(public_answer=command.public_answer)
    run_clock(step)


HANDLERS: dict[Action, Handler] = {
    Action.SIGN_FOR: sign_for,
    Action.FIRST_CONTACT: first_contact,
    Action.SUBMIT_RESULT: submit_result,
}
