"""What was promised: a due time with its lights and its reason, kept as it was given.

A promise is stored with the order or task it was made for, so that a later change of policy or
calendar neither moves it nor leaves it unexplained. What does move it (a pause, an extension, a
better calendar) makes a new promise, and never an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, time
from enum import Enum
from typing import Any

from config.hours import Span
from config.limits import Begin, DayOff, End, Limit
from models.vocabulary import Labelled, Light, LimitUnit


class Source(Labelled):
    """What the due time of a promise comes from."""

    #: Counted by a limit from ``start``.
    COUNTED = "counted", "按时限计算"
    #: Set by another system with its order. Our own pauses and extensions do not move it.
    EXTERNAL = "external", "外部系统规定"
    #: Kept before another promise, of the parent or of the lead.
    WITHIN = "within", "在上级时限之内"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One running or past clock. Times are aware UTC.

    ``amount`` is what was counted from ``start``; ``whole`` is the limit that the lights take their
    shares of: more than ``amount`` once a pause has parted it.
    """

    name: str
    amount: float
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
    begin: Begin = Begin.AT_ONCE
    end: End = End.MIDNIGHT
    day_off: DayOff = DayOff.STAYS
    source: Source = Source.COUNTED
    whole: float | None = None
    #: Office hours of the unit's own that it was counted in; empty: the city's.
    hours: tuple[Span, ...] = ()

    @property
    def limit(self) -> Limit:
        """What was counted from ``start``."""
        return Limit(
            amount=self.amount,
            unit=self.unit,
            begin=self.begin,
            end=self.end,
            day_off=self.day_off,
            own_hours=bool(self.hours),
            hours=self.hours,
        )

    @property
    def whole_amount(self) -> float:
        """The limit before any pause."""
        return self.amount if self.whole is None else self.whole

    def light(self, now: datetime) -> Light:
        """Its colour now."""
        return light_at(now, self.yellow_at, self.orange_at, self.due)

    def to_json(self) -> dict[str, Any]:
        """As stored; what is as usual is left out."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        usual = {item.name: item.default for item in fields(self)}
        return {k: _plain(v) for k, v in values.items() if v != usual[k]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Promise:
        """Read what :meth:`to_json` wrote."""
        return cls(**{name: _READ.get(name, _as_is)(value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [[f"{moment:%H:%M}" for moment in span] for span in value]
    return value.value if isinstance(value, Enum) else value


def _as_is(value: Any) -> Any:
    return value


def _spans(value: Any) -> tuple[Span, ...]:
    return tuple((time.fromisoformat(first), time.fromisoformat(last)) for first, last in value)


_READ: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("start", "due", "yellow_at", "orange_at"), datetime.fromisoformat),
    "unit": LimitUnit,
    "begin": Begin,
    "end": End,
    "day_off": DayOff,
    "source": Source,
    "hours": _spans,
}


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
