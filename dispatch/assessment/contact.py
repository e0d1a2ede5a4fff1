"""Whether a unit can be asked to contact the citizen first (先行联系), and if not, why not."""

from __future__ import annotations

from datetime import datetime
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
    return NoContact.TRIED if _tried_in_time(task) else None


def _tried_in_time(task: Task) -> bool:
    """Whether all tries that the rules want lie within the limit: who only begins when it is over
    need not go on for ever either, but was late. A lead unit of the hotline's is excused by its
    tries only."""
    enough = task.contact_excused_at
    return enough is not None and enough <= task.first_contact_due


def tried_too_late(task: Task) -> datetime | None:
    """When the unit had tried often enough, the limit being over; None: it has not, or in time."""
    return None if _tried_in_time(task) else task.contact_excused_at
