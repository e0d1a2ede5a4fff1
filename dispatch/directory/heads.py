"""Who of a unit's leadership may stand for what its clerks ask and report (负责人)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.rules import Rules
from models.tables import Absence, Staff, StaffPost
from models.vocabulary import Role


@dataclass(frozen=True, kw_only=True)
class Head:
    """One of those who lead a unit now: by post, or as the deputy of one who is away."""

    staff_id: str
    name: str
    department: str


async def heads_for(
    session: AsyncSession, rules: Rules, department: str, now: datetime
) -> list[Head]:
    """Those of the unit itself; where the directory names none, of the nearest unit above that has
    any. Empty: neither it nor any unit above, below the hotline, has one."""
    if not (units := _upwards(rules, department)):
        return []
    with session.no_autoflush:  # what a step has changed is never a head
        by_unit = await _by_unit(session, units, now.astimezone(rules.zone).date())
        first = next((code for code in units if by_unit[code]), department)
        heads = by_unit[first]
        deputies = await _deputies(session, [one.id for one in heads], now)
    people = {one.id: one for one in (*heads, *deputies)}
    return [
        Head(staff_id=one.id, name=one.name, department=first)
        for one in sorted(people.values(), key=lambda each: (each.name, each.id))
    ]


def _upwards(rules: Rules, department: str) -> list[str]:
    """The unit and those above it, below the hotline."""
    if department not in rules.departments:
        return []
    units = [department, *(unit.code for unit in rules.departments.above(department))]
    hotline = rules.departments.hotline
    return units[: units.index(hotline)] if hotline in units else units


async def _by_unit(
    session: AsyncSession, units: Sequence[str], day: date
) -> dict[str, list[Staff]]:
    """Heads by account and by post; all units in two questions."""
    found: dict[str, list[Staff]] = {code: [] for code in units}
    accounts = select(Staff).where(Staff.department.in_(units), Staff.active)
    for one in await session.scalars(accounts):
        if one.has(Role.UNIT_HEAD):
            found[one.department].append(one)
    posts = (
        select(Staff, StaffPost)
        .join(StaffPost, StaffPost.staff_id == Staff.id)
        .where(StaffPost.department.in_(units), StaffPost.ended_at.is_(None), Staff.active)
        .where(StaffPost.since <= day, or_(StaffPost.until.is_(None), StaffPost.until >= day))
    )
    for staff, post in await session.execute(posts):
        if Role.UNIT_HEAD.value in post.roles:
            found[post.department].append(staff)
    return found


async def _deputies(session: AsyncSession, ids: Sequence[str], now: datetime) -> list[Staff]:
    query = (
        select(Staff)
        .join(Absence, Absence.deputy_id == Staff.id)
        .where(Absence.staff_id.in_(ids), Absence.ended_at.is_(None), Staff.active)
        .where(Absence.starts_at <= now, Absence.ends_at > now)
    )
    return list((await session.scalars(query)).unique()) if ids else []
