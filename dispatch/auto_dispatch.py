"""What goes to its unit without the dispatcher: where catalogue and agent agree, and nothing is at
stake that a person should look at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dispatch.commands import Dispatch
from dispatch.directory.ownership import Ownership, matter_of, owner_of
from dispatch.rules import Rules
from dispatch.timers import Timer
from models.tables import WorkOrder
from models.vocabulary import OrderState, RequestType, Urgency

if TYPE_CHECKING:
    from dispatch.step import Step

AUTO_DISPATCH = "auto_dispatch"


def owner_without_doubt(order: WorkOrder, rules: Rules) -> Ownership | None:
    """The unit that the catalogue names, when the agent named no other one; None: a person decides.

    Urgent and confidential orders, and reports, always go to a person.
    """
    plain = order.urgency is Urgency.NORMAL and order.request_type is not RequestType.REPORT
    if order.state is not OrderState.TO_DISPATCH or order.confidential or not plain:
        return None
    found = owner_of(rules, matter_of(order), order.accepted_at.astimezone(rules.zone).date())
    if found is None or order.lead_department not in ("", found.unit):
        return None
    return found


async def dispatching(step: Step) -> list[Timer]:
    """A moment for the dispatcher to step in, then it goes by itself; only where that is wanted."""
    rule, order = step.rules.handling.auto_dispatch, step.order
    if not rule.enabled or owner_without_doubt(order, step.rules) is None:
        return []
    key, due = f"{AUTO_DISPATCH}:{order.id}", order.accepted_at + rule.pause
    return [Timer(key=key, kind=AUTO_DISPATCH, subject_id=order.id, due=due)]


def auto_command(order: WorkOrder, rules: Rules) -> Dispatch | None:
    """What the system does with it; None when it is not without doubt any more."""
    found = owner_without_doubt(order, rules)
    if found is None:
        return None
    return Dispatch(
        department=found.unit,
        joint=[unit for unit in found.rule.joint if unit != found.unit],
        note=f"按派单目录自动派单：{found.rule.note}",
    )
