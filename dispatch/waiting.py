"""The light of what waits for a decision or an answer.

These limits are short: the light takes its share of the plain time between asking and due, and
turns a day before the end at the earliest. What somebody is to decide runs on while an order is
suspended; what a unit is to answer stands still whenever the unit has not got the order in hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists

from dispatch.rules import Rules
from models.states import IN_HAND
from models.tables import Oversight, Task, WorkOrder
from models.vocabulary import Light, TaskState

#: No light turns longer before the end than this.
LONGEST = timedelta(days=1)


def waiting_light(since: datetime, due: datetime | None, rules: Rules, now: datetime) -> Light:
    """Green, yellow when the end is near, red when it has passed; NONE without a limit."""
    if due is None:
        return Light.NONE
    if now > due:
        return Light.RED
    left = min((due - since) * rules.service_levels.lights.yellow_share, LONGEST)
    return Light.YELLOW if now >= due - left else Light.GREEN


def runs() -> ColumnElement[bool]:
    """Of an ``Oversight`` joined with its order: whether its time to be answered runs now."""
    returned = exists().where(
        Task.id == Oversight.task_id, Task.state == TaskState.RETURN_REQUESTED
    )
    return and_(WorkOrder.state.in_(IN_HAND), WorkOrder.suspended_at.is_(None), ~returned)
