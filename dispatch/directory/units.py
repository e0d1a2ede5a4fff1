"""Units as people look at them: level, kind, hours, whom to ring, who works there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pydantic import BaseModel
from sqlalchemy import select

from config.departments import Department
from config.hours import Span
from dispatch.directory.absences import Absences
from dispatch.directory.duty import Contact, DutyList, is_open
from dispatch.directory.posts import Posts
from dispatch.rules import Rules
from models.clock import Clock
from models.store import Store
from models.tables import Absence, DutyOfficer, Staff, StaffPost
from models.vocabulary import Role


class ContactView(BaseModel):
    """Whom to ring."""

    department_name: str
    name: str
    phone: str


class UnitRow(BaseModel):
    """A unit in the tree."""

    code: str
    name: str
    short_name: str
    parent: str | None
    level: int
    kind_label: str
    open_now: bool
    #: Names of those on the unit's own list now.
    on_duty: list[str]


class DutyView(BaseModel):
    """An entry of the duty list."""

    id: str
    name: str
    phone: str
    starts_at: datetime
    ends_at: datetime
    note: str
    now: bool


class PostView(BaseModel):
    """A further post."""

    id: str
    department_name: str
    role_labels: list[str]
    since: date
    until: date | None


class AbsenceView(BaseModel):
    """An absence that is not over."""

    id: str
    staff_name: str
    deputy_name: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    now: bool


class PersonView(BaseModel):
    """Someone who works at a unit, by the own post or a further one."""

    id: str
    name: str
    username: str
    department: str
    role_labels: list[str]
    #: Belongs to another unit and is here by a further post.
    further: bool
    posts: list[PostView]
    absences: list[AbsenceView]


class UnitView(BaseModel):
    """A unit with everything."""

    row: UnitRow
    above: list[str]
    hours: str
    to_ring: list[ContactView]
    duties: list[DutyView]
    people: list[PersonView]


class Units:
    """Reads units for people."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: Rules,
        duty: DutyList,
        posts: Posts,
        absences: Absences,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._duty = duty
        self._posts = posts
        self._absences = absences

    async def all(self) -> list[UnitRow]:
        """In the order of the rule file."""
        now = self._clock.now()
        on_duty = await self._duty.now()
        return [
            self._row(unit, now, on_duty.get(unit.code, [])) for unit in self._rules.departments
        ]

    async def one(self, code: str) -> UnitView:
        """One unit.

        :raises NotFound: when there is none.
        """
        unit, now = self._rules.departments.get(code), self._clock.now()
        duties = await self._duty.of(code)
        to_ring = await self._duty.to_ring(code)
        own = [one for one in to_ring if one.department == code]
        return UnitView(
            row=self._row(unit, now, own),
            above=[each.short_name for each in self._rules.departments.above(code)],
            hours=self._hours(unit, now),
            to_ring=[self._contact(each) for each in to_ring],
            duties=[_duty(each, now) for each in duties],
            people=await self._people(code, now),
        )

    def _row(self, unit: Department, now: datetime, on_duty: Sequence[Contact]) -> UnitRow:
        return UnitRow(
            code=unit.code,
            name=unit.name,
            short_name=unit.short_name,
            parent=unit.parent,
            level=self._rules.departments.level(unit.code),
            kind_label=unit.kind.label,
            open_now=is_open(self._rules, unit, now),
            on_duty=[each.name for each in on_duty],
        )

    def _hours(self, unit: Department, now: datetime) -> str:
        if unit.always_open:
            return "全天值守"
        if unit.hours:
            return f"工作日 {_spans(unit.hours)}"
        today = now.astimezone(self._rules.zone).date()
        calendar = self._rules.calendar
        day = today if calendar.is_working(today) else calendar.next_working_day(today)
        return f"工作日 {_spans(calendar.office_hours(day))}（统一时间）"

    def _contact(self, contact: Contact) -> ContactView:
        name = self._rules.unit_name(contact.department)
        return ContactView(department_name=name, name=contact.name, phone=contact.phone)

    async def _people(self, code: str, now: datetime) -> list[PersonView]:
        here = await self._here(code)
        posts = await self._posts.further(staff.id for staff in here)
        absences = await self._absences.coming(staff.id for staff in here)
        names = await self._names(absences)
        return [
            PersonView(
                id=staff.id,
                name=staff.name,
                username=staff.username,
                department=staff.department,
                role_labels=_labels(staff.roles),
                further=staff.department != code,
                posts=[self._post(each) for each in posts if each.staff_id == staff.id],
                absences=[
                    _absence(each, names, now) for each in absences if each.staff_id == staff.id
                ],
            )
            for staff in here
        ]

    async def _here(self, code: str) -> list[Staff]:
        by_post = select(StaffPost.staff_id).where(
            StaffPost.department == code, StaffPost.ended_at.is_(None)
        )
        query = select(Staff).where(
            Staff.active, (Staff.department == code) | Staff.id.in_(by_post)
        )
        async with self._store.read() as session:
            return list(await session.scalars(query.order_by(Staff.name, Staff.id)))

    async def _names(self, absences: Iterable[Absence]) -> dict[str, str]:
        ids = {each for one in absences for each in (one.staff_id, one.deputy_id)}
        query = select(Staff.id, Staff.name).where(Staff.id.in_(sorted(ids)))
        async with self._store.read() as session:
            return {staff_id: name for staff_id, name in await session.execute(query)}

    def _post(self, post: StaffPost) -> PostView:
        return PostView(
            id=post.id,
            department_name=self._rules.unit_name(post.department),
            role_labels=_labels(post.roles),
            since=post.since,
            until=post.until,
        )


def _duty(duty: DutyOfficer, now: datetime) -> DutyView:
    return DutyView(
        id=duty.id,
        name=duty.name,
        phone=duty.phone,
        starts_at=duty.starts_at,
        ends_at=duty.ends_at,
        note=duty.note,
        now=duty.starts_at <= now < duty.ends_at,
    )


def _absence(absence: Absence, names: dict[str, str], now: datetime) -> AbsenceView:
    return AbsenceView(
        id=absence.id,
        staff_name=names.get(absence.staff_id, ""),
        deputy_name=names.get(absence.deputy_id, ""),
        starts_at=absence.starts_at,
        ends_at=absence.ends_at,
        reason=absence.reason,
        now=absence.starts_at <= now < absence.ends_at,
    )


def _labels(codes: Iterable[str]) -> list[str]:
    return [Role(code).label for code in codes]


def _spans(spans: Iterable[Span]) -> str:
    return "、".join(f"{start:%H:%M}—{end:%H:%M}" for start, end in spans)
