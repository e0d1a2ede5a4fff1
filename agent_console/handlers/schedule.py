"""Staffing and rosters: seats of a day, a week's shifts, who kept to them."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.schedule import Adherence, Assignment, ShiftView, WeekView
from dispatch.floor.staffing import StaffingDay, Wanted

routes = Routes("排班与人力")

#: Who plans the shifts, and who reads the figures.
SEES = ("floor.schedule", "floor.figures")


class StaffingQuery(Body):
    """A local day, and other goals than the rules' to try."""

    day: date = Field(title="日期")
    target_share: float | None = Field(None, gt=0, lt=1, title="目标接通率")
    target_s: float | None = Field(None, gt=0, le=600, title="目标秒数")
    shrinkage: float | None = Field(None, ge=0, lt=0.9, title="损耗率")


class WeekQuery(Body):
    """Any day of a week; weeks begin on Monday."""

    week: date = Field(title="周")


class DayQuery(Body):
    """A local day."""

    day: date = Field(title="日期")


class Duties(Body):
    """A week's roster, whole."""

    week: date = Field(title="周")
    assignments: list[Assignment] = Field(max_length=20_000, title="班次")


class NewRoster(Duties):
    """The same, in place of the one that was read."""

    expected_version: str = Field(max_length=32)


@routes.route("GET", "/api/staffing", summary="一天的人力需求", permission=SEES)
async def get_staffing(ask: Ask, query: StaffingQuery) -> StaffingDay:
    """Forecast, seats and people needed, people on the roster and what is short, by half hour."""
    wanted = Wanted(
        target_share=query.target_share, target_seconds=query.target_s, shrinkage=query.shrinkage
    )
    return await ask.console.staffing.day(ask.person.actor(), query.day, wanted)


@routes.route("GET", "/api/shifts", summary="班次")
async def get_shifts(ask: Ask) -> list[ShiftView]:
    """The shifts of the rule file."""
    return ask.console.schedule.shifts()


@routes.route("GET", "/api/schedule", summary="一周班表", permission=SEES)
async def get_schedule(ask: Ask, query: WeekQuery) -> WeekView:
    """Duties, what the rules find wrong with them, and people needed and on duty by half hour."""
    return await ask.console.schedule.week(ask.person.actor(), query.week)


@routes.route("PUT", "/api/schedule", summary="保存一周班表", permission="floor.schedule")
async def put_schedule(ask: Ask, body: NewRoster) -> WeekView:
    """Replaces the week; refused when somebody else has changed it since it was read."""
    return await ask.console.schedule.replace(
        ask.person.actor(), body.week, body.expected_version, body.assignments
    )


@routes.route("POST", "/api/schedule/check", summary="检查一周班表", permission="floor.schedule")
async def check_schedule(ask: Ask, body: Duties) -> WeekView:
    """What the rules would say; nothing is kept."""
    return await ask.console.schedule.try_out(ask.person.actor(), body.week, body.assignments)


@routes.route("GET", "/api/schedule/proposal", summary="班表建议", permission="floor.schedule")
async def propose_schedule(ask: Ask, query: WeekQuery) -> WeekView:
    """A roster made by the machine for the week; nothing is kept until a person saves it."""
    return await ask.console.schedule.proposal(ask.person.actor(), query.week)


@routes.route("GET", "/api/schedule/adherence", summary="出勤遵守", permission=SEES)
async def get_adherence(ask: Ask, query: DayQuery) -> list[Adherence]:
    """Planned and signed in, for each duty that begins on a day."""
    return await ask.console.schedule.adherence(ask.person.actor(), query.day)
