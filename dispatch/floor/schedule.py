"""The roster in the database: a week read, checked, replaced, proposed; and who kept to it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import invalid
from dispatch.floor.expected import midnight
from dispatch.floor.ledger import touching
from dispatch.floor.roster import SLOTS, Duty, Finding, Roster, findings, propose
from dispatch.floor.staffing import Staffing, read_roster, require_any
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import Conflict
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import AgentStateLogRow, ShiftAssignment, Staff
from models.vocabulary import Role

PERMISSION = "floor.schedule"
_ON_ROSTER = (Role.AGENT, Role.SHIFT_LEADER)


class ShiftView(BaseModel):
    """A shift as the page shows it."""

    code: str
    name: str
    starts: str
    ends: str
    hours: float


class Assignment(BaseModel):
    """One person on one shift."""

    staff_id: str
    day: date
    shift: str


class RosterPerson(BaseModel):
    """Someone who can be put on the roster."""

    id: str
    name: str
    hours: float


class FindingView(BaseModel):
    """A broken rule, in words."""

    code: str
    text: str
    staff_id: str | None
    day: date | None


class WeekView(BaseModel):
    """A week's roster. ``version`` changes with every change of the week."""

    week: date
    version: str
    shifts: list[ShiftView]
    people: list[RosterPerson]
    assignments: list[Assignment]
    findings: list[FindingView]
    #: Of 336 half hours: people needed, and people on the roster.
    needed: list[int]
    scheduled: list[int]
    #: How many of the week's half hours are short, and by how many person hours.
    short_half_hours: int
    short_hours: float


class Adherence(BaseModel):
    """How one person kept to one duty."""

    staff_id: str
    name: str
    day: date
    shift: str
    shift_name: str
    starts_at: datetime
    ends_at: datetime
    planned_s: float
    #: Signed in within the duty, until now at most.
    present_s: float
    first_in: datetime | None
    late_s: float
    #: Share of the planned time that has passed; None before it begins.
    share: float | None


class Schedule:
    """Reads and writes rosters."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, staffing: Staffing) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._staffing = staffing

    def shifts(self) -> list[ShiftView]:
        """The shifts of the rules."""
        return [
            ShiftView(code=s.code, name=s.name, starts=f"{s.starts:%H:%M}",
                      ends=f"{s.ends:%H:%M}", hours=s.hours)
            for s in self._rules.shifts.shifts
        ]  # fmt: skip

    async def week(self, actor: Actor, day: date) -> WeekView:
        """The week that holds a day, from Monday on.

        :raises Forbidden: without the permission to read rosters or figures.
        """
        require_any(self._rules, actor, PERMISSION, "floor.figures")
        week = monday(day)
        async with self._store.read() as session:
            return await self._view(session, await read_roster(session, self._rules, week, 7))

    async def try_out(self, actor: Actor, day: date, wanted: Sequence[Assignment]) -> WeekView:
        """A week as it would be: checked, not kept."""
        require_any(self._rules, actor, PERMISSION)
        async with self._store.read() as session:
            return await self._view(session, await self._checked(session, monday(day), wanted))

    async def replace(
        self, actor: Actor, day: date, expected_version: str, wanted: Sequence[Assignment]
    ) -> WeekView:
        """Put a week's roster in place of the one that was read.

        Broken rules of rest are told, not refused: who plans may have to.

        :raises Conflict: somebody else has changed the week.
        :raises InvalidInput: unknown people or shifts, or somebody in two places at once.
        """
        require_any(self._rules, actor, PERMISSION)
        week = monday(day)
        async with self._store.transaction() as work:
            before = await read_roster(work.session, self._rules, week, 7)
            if version_of(before) != expected_version:
                raise Conflict(
                    "班表已被他人修改，请重新载入后再改", current_version=version_of(before)
                )
            roster = await self._checked(work.session, week, wanted)
            _refuse_overlaps(roster)
            await self._write(work.session, actor, before, roster)
        async with self._store.read() as session:
            return await self._view(session, await read_roster(session, self._rules, week, 7))

    async def proposal(self, actor: Actor, day: date) -> WeekView:
        """A roster made by the machine for the shifts of the week that have not begun; nothing is
        kept until a person saves it.
        """
        require_any(self._rules, actor, PERMISSION)
        week = monday(day)
        async with self._store.read() as session:
            before = await read_roster(session, self._rules, week, 7)
            needed = await self._staffing.needed_in_week(session, week)
            people = [person.id for person in await _people(session)]
            duties = propose(before, people, needed, self._clock.now())
            roster = Roster(rules=before.rules, zone=before.zone, week=week,
                            duties=tuple(duties), around=before.around)  # fmt: skip
            return await self._view(session, roster, version=version_of(before))

    async def adherence(self, actor: Actor, day: date) -> list[Adherence]:
        """Planned and present, for each duty that begins on a day."""
        require_any(self._rules, actor, PERMISSION, "floor.figures")
        async with self._store.read() as session:
            roster = await read_roster(session, self._rules, day, 1)
            names = {p.id: p.name for p in await _people(session, [d.staff_id for d in roster.all])}
            lines = await self._signed_in(session, roster)
        now = self._clock.now()
        return [
            _adherence(roster, duty, names, lines[duty.staff_id], now) for duty in roster.duties
        ]

    # --- inside ---------------------------------------------------------------------------------

    async def _checked(
        self, session: AsyncSession, week: date, wanted: Sequence[Assignment]
    ) -> Roster:
        """The roster, all of whose people, shifts and days exist."""
        known = {person.id for person in await _people(session)}
        stored = await read_roster(session, self._rules, week, 7)
        # Someone who has left since stays where the roster had them.
        known |= {duty.staff_id for duty in stored.duties}
        errors = []
        for n, item in enumerate(wanted):
            if item.staff_id not in known:
                errors.append(_wrong(n, "staff_id", "人员不存在、已停用或不在话务岗位"))
            if self._rules.shifts.get(item.shift) is None:
                errors.append(_wrong(n, "shift", f"没有班次“{item.shift}”"))
            if not week <= item.day < week + timedelta(days=7):
                errors.append(_wrong(n, "day", "日期不在本周"))
        if errors:
            raise invalid(errors)
        duties = {Duty(day=i.day, shift=i.shift, staff_id=i.staff_id) for i in wanted}
        return Roster(rules=stored.rules, zone=stored.zone, week=week,
                      duties=tuple(sorted(duties)), around=stored.around)  # fmt: skip

    async def _write(
        self, session: AsyncSession, actor: Actor, before: Roster, after: Roster
    ) -> None:
        """Only what changed: the rest keeps who made it and when."""
        for duty in set(before.duties) - set(after.duties):
            await session.execute(
                delete(ShiftAssignment).where(
                    ShiftAssignment.staff_id == duty.staff_id,
                    ShiftAssignment.day == duty.day,
                    ShiftAssignment.shift == duty.shift,
                )
            )
        now = self._clock.now()
        for duty in sorted(set(after.duties) - set(before.duties)):
            starts, ends = after.span(duty)
            session.add(
                ShiftAssignment(
                    id=new_id(), staff_id=duty.staff_id, day=duty.day, shift=duty.shift,
                    starts_at=starts, ends_at=ends, made_by=actor.id, made_at=now,
                )
            )  # fmt: skip

    async def _view(
        self, session: AsyncSession, roster: Roster, version: str | None = None
    ) -> WeekView:
        on_roster = {duty.staff_id for duty in roster.duties}
        people = await _people(session, on_roster)
        names = {person.id: person.name for person in people}
        needed = await self._staffing.needed_in_week(session, roster.week)
        scheduled = roster.on_duty(midnight(roster.week, roster.zone), 7 * SLOTS)
        short = [max(0, n - s) for n, s in zip(needed, scheduled, strict=True)]
        hours: dict[str, float] = defaultdict(float)
        for duty in roster.duties:
            if self._rules.shifts.get(duty.shift):
                hours[duty.staff_id] += roster.shift(duty).hours
        return WeekView(
            week=roster.week,
            version=version or version_of(roster),
            shifts=self.shifts(),
            people=[RosterPerson(id=p.id, name=p.name, hours=hours[p.id]) for p in people],
            assignments=[
                Assignment(staff_id=d.staff_id, day=d.day, shift=d.shift) for d in roster.duties
            ],
            findings=[_finding(item) for item in findings(roster, names)],
            needed=needed,
            scheduled=scheduled,
            short_half_hours=sum(n > 0 for n in short),
            short_hours=sum(short) / 2,
        )

    async def _signed_in(
        self, session: AsyncSession, roster: Roster
    ) -> dict[str, list[tuple[datetime, datetime]]]:
        """When the people of the roster were signed in."""
        found: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        spans = [roster.span(duty) for duty in roster.duties]
        if not spans:
            return found
        first, last = min(s for s, _ in spans), max(e for _, e in spans)
        row = AgentStateLogRow
        query = select(row.agent_id, row.since, row.until).where(
            row.agent_id.in_({duty.staff_id for duty in roster.duties}), *touching(first, last)
        )
        now = self._clock.now()
        for agent_id, since, until in await session.execute(query.order_by(row.since)):
            found[agent_id].append((since, until or now))
        return found


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def version_of(roster: Roster) -> str:
    """Changes with every change of the week's duties."""
    told = "\n".join(f"{d.day} {d.shift} {d.staff_id}" for d in sorted(roster.duties))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


async def _people(session: AsyncSession, besides: Iterable[str] = ()) -> list[Staff]:
    """Everyone who answers calls, and some more by id, in order of name of account."""
    rows = await session.scalars(select(Staff).order_by(Staff.username))
    more = set(besides)
    return [p for p in rows if p.id in more or (p.active and p.has(*_ON_ROSTER))]


def _refuse_overlaps(roster: Roster) -> None:
    twice = [f for f in findings(roster, {}) if f.code == "OVERLAP"]
    if twice:
        message = "同一人的班次时间重叠，无法保存"
        raise invalid([{"field": "assignments", "message": message}])


def _wrong(n: int, field: str, message: str) -> dict[str, str]:
    return {"field": f"assignments.{n}.{field}", "message": message}


def _finding(found: Finding) -> FindingView:
    return FindingView(code=found.code, text=found.text, staff_id=found.staff_id, day=found.day)


def _adherence(
    roster: Roster,
    duty: Duty,
    names: dict[str, str],
    signed: Sequence[tuple[datetime, datetime]],
    now: datetime,
) -> Adherence:
    starts, ends = roster.span(duty)
    passed = max(timedelta(), min(ends, now) - starts)
    inside = [(max(a, starts), min(b, ends)) for a, b in signed if b > starts and a < ends]
    present = sum((b - a for a, b in inside), timedelta())
    first_in = min((a for a, _ in inside), default=None)
    shift = roster.shift(duty)
    return Adherence(
        staff_id=duty.staff_id,
        name=names.get(duty.staff_id, duty.staff_id),
        day=duty.day,
        shift=duty.shift,
        shift_name=shift.name,
        starts_at=starts.astimezone(UTC),
        ends_at=ends.astimezone(UTC),
        planned_s=shift.length.total_seconds(),
        present_s=present.total_seconds(),
        first_in=first_in,
        late_s=((first_in or max(now, starts)) - starts).total_seconds() if passed else 0.0,
        share=present / passed if passed else None,
    )
