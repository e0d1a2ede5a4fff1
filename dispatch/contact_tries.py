"""A unit's failed tries to contact the citizen first: which of them count."""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.rules import Rules
from models.tables import Task, WorkOrder


def counts_from(order: WorkOrder, task: Task, rules: Rules) -> datetime | None:
    """Since when one more try would count; None: at once. The task keeps those that count."""
    if not task.contact_tries:
        return None
    apart = timedelta(minutes=rules.handling.contact.minutes_apart[order.urgency])
    return datetime.fromisoformat(task.contact_tries[-1]) + apart
