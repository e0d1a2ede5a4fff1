"""Seats of a day: forecast, people needed by Erlang's formula, the roster, what is short."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.figures import StaffingRules
from dispatch.floor.call_facts import MICRO, Span
from dispatch.floor.counting import Chosen, Counting
from dispatch.floor.erlang import Goal, people_needed, seats_needed, service_level
from dispatch.floor.expected import midnight, read_forecaster
from dispatch.floor.figures import accuracy_values
from dispatch.floor.forecast import Counts
from dispatch.floor.roster import HALF_HOUR, SLOTS, Duty, Roster
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import Forbidden
from models.guards import Actor
from models.store import Store
from models.tables import ShiftAssignment

_HANDLE_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What seats are reckoned for; None: as the rules say."""

    target_share: float | None = None
    target_seconds: float | None = None
    shrinkage: float | None = None


class StaffedHalfHour(BaseModel):
    """One half hour. Numbers of people count those away on breaks; seats do not."""

    start: datetime
    #: None: the past is too short for a forecast; then only the night floor is asked for.
    forecast_calls: float | None
    aht_s: float
    seats: int
    needed: int
    scheduled: int
    #: How many are missing; 0 when enough.
    shortage: int
    #: Share answered in time that the formula promises with the people on the roster.
    service_level: float | None


class StaffingDay(BaseModel):
    """A day's seats."""

    day: date
    target_share: float
    target_s: float
    shrinkage: float
    occupancy_cap: float
    least_seats: int
    aht_s: float
    #: Measured over the last days; else as the rules say.
    aht_measured: bool
    half_hours: list[StaffedHalfHour]
    #: Person hours short over the day.
    short_hours: float
    accuracy: dict[str, float] | None
    words: list[str]


class Staffing:
    """Reckons seats."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def day(self, actor: Actor, day: date, wanted: Wanted) -> StaffingDay:
        """The seats of one local day.

        :raises Forbidden: for a reader without either permission of figures and schedules.
        """
        require_any(self._rules, actor, "floor.schedule", "floor.figures")
        rules = self._settings(wanted)
        zone = self._rules.zone
        async with self._store.read() as session:
            today = self._clock.now().astimezone(zone).date()
            forecaster = await read_forecaster(session, self._rules, min(day, today))
            handle, measured = await self._handle_seconds(session)
            roster = await read_roster(session, self._rules, day, 1)
        start = midnight(day, zone)
        forecast = await asyncio.to_thread(forecaster.day, day)
        halves = self._half_hours(start, forecast, handle, rules, roster.on_duty(start, SLOTS))
        accuracy = await asyncio.to_thread(forecaster.accuracy, min(day, today))
        return StaffingDay(
            day=day,
            target_share=rules.target_share,
            target_s=rules.target_seconds,
            shrinkage=rules.shrinkage,
            occupancy_cap=rules.occupancy_cap,
            least_seats=rules.least_seats,
            aht_s=handle,
            aht_measured=measured,
            half_hours=halves,
            short_hours=sum(half.shortage for half in halves) / 2,
            accuracy=accuracy_values(accuracy) if accuracy else None,
            words=_words(rules),
        )

    async def needed_in_week(self, session: AsyncSession, week: date) -> list[int]:
        """People for each half hour of a week, as the rules say."""
        zone = self._rules.zone
        today = self._clock.now().astimezone(zone).date()
        forecaster = await read_forecaster(session, self._rules, min(week, today))
        handle, _ = await self._handle_seconds(session)
        rules = self._rules.figures.staffing
        found: list[int] = []
        for offset in range(7):
            day = week + timedelta(days=offset)
            halves = self._half_hours(
                midnight(day, zone), forecaster.day(day), handle, rules, [0] * SLOTS
            )
            found += [half.needed for half in halves]
        return found

    def _settings(self, wanted: Wanted) -> StaffingRules:
        chosen = {
            name: value
            for name in ("target_share", "target_seconds", "shrinkage")
            if (value := getattr(wanted, name)) is not None
        }
        return self._rules.figures.staffing.model_copy(update=chosen)

    async def _handle_seconds(self, session: AsyncSession) -> tuple[float, bool]:
        """Mean handle time of the last days, when there were enough calls."""
        rules, now = self._rules.figures, self._clock.now()
        span = Span(start=now - timedelta(days=_HANDLE_DAYS), end=now, now=now)
        sums = await Counting(span, rules, Chosen()).calls(session, with_ledger=True)
        answered = sums.get("answered", 0)
        if answered < rules.staffing.handle_sample:
            return rules.staffing.handle_seconds, False
        spent = sum(sums.get(name, 0) for name in ("talk_us", "hold_us", "wrap_us"))
        return (spent / MICRO / answered, True) if spent else (rules.staffing.handle_seconds, False)

    def _half_hours(
        self,
        start: datetime,
        forecast: Counts | None,
        handle: float,
        rules: StaffingRules,
        scheduled: Sequence[int],
    ) -> list[StaffedHalfHour]:
        goal = Goal(share=rules.target_share, seconds=rules.target_seconds,
                    occupancy_cap=rules.occupancy_cap)  # fmt: skip
        found = []
        for slot in range(SLOTS):
            calls = None if forecast is None else float(forecast[2 * slot : 2 * slot + 2].sum())
            load = (calls or 0.0) * handle / HALF_HOUR.total_seconds()
            seats = max(seats_needed(load, handle, goal), rules.least_seats)
            needed = people_needed(seats, rules.shrinkage)
            there = int(scheduled[slot] * (1 - rules.shrinkage) + 0.5)
            found.append(
                StaffedHalfHour(
                    start=start + slot * HALF_HOUR,
                    forecast_calls=None if calls is None else round(calls, 2),
                    aht_s=handle,
                    seats=seats,
                    needed=needed,
                    scheduled=scheduled[slot],
                    shortage=max(0, needed - scheduled[slot]),
                    service_level=None
                    if calls is None
                    else round(service_level(load, there, handle, rules.target_seconds), 4),
                )
            )
        return found


def require_any(rules: Rules, actor: Actor, *permissions: str) -> None:
    """Refuse who holds none of them.

    :raises Forbidden: naming the posts that do.
    """
    if not set(permissions) & rules.permissions.of(actor.usable_roles):
        holders = rules.permissions.holders(permissions[0])
        raise Forbidden(f"排班与人力只对{'、'.join(role.label for role in holders)}开放")


async def read_roster(session: AsyncSession, rules: Rules, first: date, days: int) -> Roster:
    """The duties of some days, with those around them that matter for rest."""
    reach = timedelta(days=max(8, rules.shifts.rest.max_days_in_row + 1))
    last = first + timedelta(days=days)
    query = select(ShiftAssignment).where(
        ShiftAssignment.day >= first - reach, ShiftAssignment.day < last + reach
    )
    rows = await session.scalars(query)
    duties = [Duty(day=row.day, shift=row.shift, staff_id=row.staff_id) for row in rows]
    inside = tuple(sorted(duty for duty in duties if first <= duty.day < last))
    around = tuple(sorted(duty for duty in duties if not first <= duty.day < last))
    return Roster(rules=rules.shifts, zone=rules.zone, week=first, duties=inside, around=around)


def _words(rules: StaffingRules) -> list[str]:
    return [
        f"需要坐席：按爱尔兰C（Erlang C）公式，{rules.target_share * 100:g}%的来电在"
        f"{rules.target_seconds:g}秒内接听、占用率不超过"
        f"{rules.occupancy_cap * 100:g}%所需的最少坐席，任何时刻不少于{rules.least_seats}席。"
        "公式不计放弃，结果偏保守。",
        f"需要人数：需要坐席÷（1－损耗率{rules.shrinkage * 100:g}%），向上取整。"
        "损耗率含用餐、休息、培训和请假。",
        "缺口：需要人数－排班人数，仅在不足时列出。",
        f"处理时长：最近{_HANDLE_DAYS}天的平均处理时长（通话＋保持＋整理）；样本不足"
        f"{rules.handle_sample}通时取{rules.handle_seconds:g}秒。",
        "预测：近几周的同类日（同星期、节假日、调休上班日）加权平均，剔除异常和缺数时段。",
    ]
