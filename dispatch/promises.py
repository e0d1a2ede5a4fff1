"""What was promised: a due time with its lights and its reason, kept as it was given.

A promise is stored with the order or task it was made for, so that a later change of policy or
calendar neither moves it nor leaves it unexplained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from config.service_levels import LightRule, Limit, Policy, RedoRule
from dispatch.clocks import Counter, Due, explain_due
from models.vocabulary import Light, LimitUnit


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One running or past clock. Times are aware UTC."""

    name: str
    amount: int
    unit: LimitUnit
    start: datetime
    due: datetime
    yellow_at: datetime
    orange_at: datetime
    provisional: bool
    policy: str
    policy_version: str
    calendar_version: str
    explanation: str

    def light(self, now: datetime) -> Light:
        """Its colour now."""
        return light_at(now, self.yellow_at, self.orange_at, self.due)

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Promise:
        """Read what :meth:`to_json` wrote."""
        times = {
            key: datetime.fromisoformat(data[key])
            for key in ("start", "due", "yellow_at", "orange_at")
        }
        return cls(**{**data, **times, "unit": LimitUnit(data["unit"])})


class Promiser:
    """Makes promises by one policy version on one calendar."""

    def __init__(self, counter: Counter, lights: LightRule, policy_version: str) -> None:
        self._counter = counter
        self._lights = lights
        self._version = policy_version

    def make(self, name: str, start: datetime, limit: Limit, policy: Policy) -> Promise:
        """The promise that ``limit`` gives when its clock starts at ``start``."""
        due = self._counter.due(start, limit)
        return Promise(
            name=name,
            amount=limit.amount,
            unit=limit.unit,
            start=start,
            due=due.at,
            yellow_at=max(start, self._yellow(due)),
            orange_at=max(start, self._orange(due)),
            provisional=due.provisional,
            policy=policy.code,
            policy_version=self._version,
            calendar_version=self._counter.calendar.version,
            explanation=f"按“{policy.name}”{explain_due(due, self._counter)}",
        )

    def _yellow(self, due: Due) -> datetime:
        by_share = self._share_left(due, self._lights.yellow_share)
        if due.limit.unit is not LimitUnit.WD:
            return by_share
        days = self._lights.yellow_working_days
        return min(by_share, self._counter.back_working_days(due.at, days))

    def _orange(self, due: Due) -> datetime:
        by_share = self._share_left(due, self._lights.orange_share)
        if due.limit.unit is not LimitUnit.WD:
            return by_share
        hours = timedelta(hours=self._lights.orange_working_hours)
        return min(by_share, self._counter.back_working_hours(due.at, hours))

    def _share_left(self, due: Due, share: float) -> datetime:
        """When only ``share`` of the limit is left, in the time the limit itself counts in."""
        amount = due.limit.amount * share
        match due.limit.unit:
            case LimitUnit.WD:
                return self._counter.back_working_days(due.at, amount)
            case LimitUnit.WH:
                return self._counter.back_working_hours(due.at, timedelta(hours=amount))
            case _:
                return due.at - (due.at - due.start) * share


def redo_limit(limit: Limit, rule: RedoRule) -> Limit:
    """The handling limit of a redo: a share of the first one, rounded up."""
    amount = math.ceil(limit.amount * rule.share)
    if limit.unit is LimitUnit.WD:
        amount = max(amount, rule.least_working_days)
    return Limit(amount=amount, unit=limit.unit)


def light_at(
    now: datetime,
    yellow_at: datetime | None,
    orange_at: datetime | None,
    red_at: datetime | None,
) -> Light:
    """The colour at ``now``; NONE while no clock runs."""
    if red_at is None:
        return Light.NONE
    if now > red_at:
        return Light.RED
    if orange_at is not None and now >= orange_at:
        return Light.ORANGE
    if yellow_at is not None and now >= yellow_at:
        return Light.YELLOW
    return Light.GREEN
