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
    if department not in rules.departments:
        return []
    above = (unit.code for unit in rules.departments.above(department))
    for code in (department, *above):
        if code == rules.departments.hotline:
            break
        if found := await _heads_of(session, rules, code, now):
            return found
    return []


async def _heads_of(
    session: AsyncSession, rules: Rules, department: str, now: datetime
) -> list[Head]:
    day = now.astimezone(rules.zone).date()
    heads = [*await _by_account(session, department), *await _by_post(session, department, day)]
    deputies = await _deputies(session, [one.id for one in heads], now)
    people = {one.id: one for one in (*heads, *deputies)}
    return [
        Head(staff_id=one.id, name=one.name, department=department)
        for one in sorted(people.values(), key=lambda each: (each.name, each.id))
    ]


async def _by_account(session: AsyncSession, department: str) -> list[Staff]:
    query = select(Staff).where(Staff.department == department, Staff.active)
    return [one for one in await session.scalars(query) if one.has(Role.UNIT_HEAD)]


async def _by_post(session: AsyncSession, department: str, day: date) -> list[Staff]:
    query = (
        select(Staff, StaffPost)
        .join(StaffPost, StaffPost.staff_id == Staff.id)
        .where(StaffPost.department == department, StaffPost.ended_at.is_(None), Staff.active)
        .where(StaffPost.since <= day, or_(StaffPost.until.is_(None), StaffPost.until >= day))
    )
    rows = await session.execute(query)
    return [staff for staff, post in rows if Role.UNIT_HEAD.value in post.roles]


async def _deputies(session: AsyncSession, ids: Sequence[str], now: datetime) -> list[Staff]:
    query = (
        select(Staff)
        .join(Absence, Absence.deputy_id == Staff.id)
        .where(Absence.staff_id.in_(ids), Absence.ended_at.is_(None), Staff.active)
        .where(Absence.starts_at <= now, Absence.ends_at > now)
    )
    return list((await session.scalars(query)).unique()) if ids else []
