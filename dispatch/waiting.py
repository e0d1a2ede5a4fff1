"""The light of what waits for a decision or an answer.

These limits run on while an order is suspended, and are short: the light takes its share of the
plain time between asking and due, and turns a day before the end at the earliest.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.rules import Rules
from models.vocabulary import Light

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
