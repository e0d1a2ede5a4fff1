"""Whom to ring at a unit now: the duty list, and the unit's hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from config.departments import Department
from dispatch.checks import Faults
from dispatch.directory.rights import needs_unit
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import DutyOfficer, Staff

log = structlog.get_logger(__name__)

LONGEST = timedelta(days=31)
#: Plans reach no further.
FARTHEST = timedelta(days=400)
#: How far back the list is shown.
_SHOWN_BACK = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Whom to ring. ``department``: whose duty it is, perhaps a unit above."""

    department: str
    name: str
    phone: str


def is_open(rules: Rules, unit: Department, at: datetime) -> bool:
    """Whether the unit is at work at an instant."""
    if unit.always_open:
        return True
    local = at.astimezone(rules.zone)
    if not rules.calendar.is_working(local.date()):
        return False
    spans = unit.hours or rules.calendar.office_hours(local.date())
    return any(start <= local.time() < end for start, end in spans)


class DutyList:
    """Keeps who is on duty when."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def put(
        self,
        actor: Actor,
        department: str,
        *,
        starts_at: datetime,
        ends_at: datetime,
        name: str,
        phone: str,
        staff_id: str | None = None,
        note: str = "",
    ) -> DutyOfficer:
        """Enter somebody; several may be on duty at once.

        :raises InvalidInput: naming what does not fit.
        """
        self._rules.departments.get(department)
        needs_unit(self._rules, actor, "duty.manage", department)
        faults = Faults(self._rules)
        digits = faults.phone("phone", phone)
        if not digits:
            faults.add("phone", "请填写值班电话")
        if not timedelta() < ends_at - starts_at <= LONGEST:
            faults.add("ends_at", f"结束时间应晚于开始时间，且一次不超过{LONGEST.days}天")
        elif ends_at <= self._clock.now():
            faults.add("ends_at", "这段时间已经过去")
        elif starts_at > self._clock.now() + FARTHEST:
            faults.add("starts_at", f"最多提前{FARTHEST.days}天安排")
        faults.raise_any()
        duty = DutyOfficer(
            id=new_id(),
            department=department,
            starts_at=starts_at,
            ends_at=ends_at,
            staff_id=staff_id,
            name=name,
            phone=digits,
            note=note,
            made_by=actor.id,
            made_at=self._clock.now(),
        )
        async with self._store.transaction() as work:
            if staff_id is not None and await work.session.get(Staff, staff_id) is None:
                raise NotFound("没有这个人员", staff_id=staff_id)
            work.session.add(duty)
        log.info("duty.entered", department=department, by=actor.id)
        return duty

    async def cancel(self, actor: Actor, duty_id: str) -> None:
        """Strike an entry. Safe to repeat."""
        async with self._store.transaction() as work:
            duty = await work.session.get(DutyOfficer, duty_id)
            if duty is None:
                raise NotFound("没有这条值班记录", duty_id=duty_id)
            needs_unit(self._rules, actor, "duty.manage", duty.department)
            duty.cancelled_at = duty.cancelled_at or self._clock.now()
        log.info("duty.cancelled", duty_id=duty_id, by=actor.id)

    async def of(self, department: str) -> list[DutyOfficer]:
        """The unit's list from yesterday on."""
        query = (
            select(DutyOfficer)
            .where(DutyOfficer.department == department, DutyOfficer.cancelled_at.is_(None))
            .where(DutyOfficer.ends_at > self._clock.now() - _SHOWN_BACK)
            .order_by(DutyOfficer.starts_at, DutyOfficer.id)
        )
        async with self._store.read() as session:
            return list(await session.scalars(query))

    async def to_ring(self, department: str, at: datetime | None = None) -> list[Contact]:
        """Who is on duty at an instant; where a unit has nobody, the unit above it answers."""
        moment = at or self._clock.now()
        units = self._rules.departments
        for unit in (units.get(department), *units.above(department)):
            if found := (await self._on_duty([unit.code], moment)).get(unit.code):
                return found
            if unit.duty_phone:
                return [Contact(department=unit.code, name="值班室", phone=unit.duty_phone)]
        return []

    async def now(self) -> dict[str, list[Contact]]:
        """Of every unit that has somebody on its own list now."""
        return await self._on_duty([unit.code for unit in self._rules.departments], None)

    async def _on_duty(
        self, departments: Iterable[str], at: datetime | None
    ) -> dict[str, list[Contact]]:
        moment = at or self._clock.now()
        query = select(DutyOfficer).where(
            DutyOfficer.department.in_(list(departments)),
            DutyOfficer.starts_at <= moment,
            DutyOfficer.ends_at > moment,
            DutyOfficer.cancelled_at.is_(None),
        )
        found: dict[str, list[Contact]] = {}
        async with self._store.read() as session:
            for row in await session.scalars(query.order_by(DutyOfficer.starts_at, DutyOfficer.id)):
                contact = Contact(department=row.department, name=row.name, phone=row.phone)
                found.setdefault(row.department, []).append(contact)
        return found
