"""Whether a unit can be asked to contact the citizen first (先行联系), and if not, why not."""

from __future__ import annotations

from enum import Enum

from models.tables import Task, WorkOrder


class NoContact(Enum):
    """Why nobody is to be contacted by the unit; the value is stored with the score."""

    NO_NUMBER = "NO_NUMBER"
    CONFIDENTIAL = "CONFIDENTIAL"
    TRIED = "TRIED"


def why_no_contact(order: WorkOrder, task: Task) -> NoContact | None:
    """Of a lead task; None: the citizen is to be contacted."""
    if order.confidential:
        return NoContact.CONFIDENTIAL
    if not (order.caller_phone or order.callback_phone):
        return NoContact.NO_NUMBER
    # A lead unit of the hotline's is excused by its tries only.
    return NoContact.TRIED if task.contact_excused_at is not None else None
