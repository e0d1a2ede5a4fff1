"""Who is away from when until when, and who stands in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.checks import Faults
from dispatch.directory.rights import may, needs
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Absence, Staff

#: Longer ones are somebody leaving; plans reach no further.
LONGEST = FARTHEST = timedelta(days=400)

log = structlog.get_logger(__name__)


class Absences:
    """People note their own absences; those who look after accounts note anybody's."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def coming(self, staff_ids: Iterable[str]) -> list[Absence]:
        """Absences of these people, or in which they stand in, that are not over."""
        ids = sorted(staff_ids)
        query = select(Absence).where(
            or_(Absence.staff_id.in_(ids), Absence.deputy_id.in_(ids)),
            Absence.ended_at.is_(None),
            Absence.ends_at > self._clock.now(),
        )
        async with self._store.read() as session:
            return list(await session.scalars(query.order_by(Absence.starts_at, Absence.id)))

    async def note(
        self,
        actor: Actor,
        *,
        staff_id: str,
        deputy_id: str,
        starts_at: datetime,
        ends_at: datetime,
        reason: str,
    ) -> Absence:
        """Write an absence down; the deputy may act in the person's posts while it lasts.

        :raises InvalidInput: naming what does not fit.
        """
        if staff_id != actor.id:
            needs(self._rules, actor, "staff.manage")
        async with self._store.transaction() as work:
            away = await self._active(work.session, staff_id)
            deputy = await self._active(work.session, deputy_id)
            self._check_pair(actor, away, deputy)
            await self._check_span(work.session, away, deputy, starts_at, ends_at)
            absence = Absence(
                id=new_id(),
                staff_id=staff_id,
                deputy_id=deputy_id,
                starts_at=starts_at,
                ends_at=ends_at,
                reason=reason,
                made_by=actor.id,
                made_at=self._clock.now(),
            )
            work.session.add(absence)
        log.info("absence.noted", staff_id=staff_id, deputy_id=deputy_id, by=actor.id)
        return absence

    async def end(self, actor: Actor, absence_id: str) -> None:
        """Back earlier, or not going at all. Safe to repeat."""
        async with self._store.transaction() as work:
            absence = await work.session.get(Absence, absence_id)
            if absence is None:
                raise NotFound("没有这条请假记录", absence_id=absence_id)
            if absence.staff_id != actor.id:
                needs(self._rules, actor, "staff.manage")
            absence.ended_at = absence.ended_at or self._clock.now()
        log.info("absence.ended", absence_id=absence_id, by=actor.id)

    async def _active(self, session: AsyncSession, staff_id: str) -> Staff:
        staff = await session.get(Staff, staff_id)
        if staff is None or not staff.active:
            raise NotFound("没有这个人员，或其账号已停用", staff_id=staff_id)
        return staff

    def _check_pair(self, actor: Actor, away: Staff, deputy: Staff) -> None:
        faults = Faults(self._rules)
        if away.id == deputy.id:
            faults.add("deputy_id", "代理人不能是本人")
        elif not may(self._rules, actor, "staff.manage") and not self._near(away, deputy):
            message = "自行委托的代理人须是本单位或上级单位的人员，其他代理请联系系统管理员"
            faults.add("deputy_id", message)
        faults.raise_any()

    def _near(self, away: Staff, deputy: Staff) -> bool:
        """One's powers are handed on within the unit or to the unit above only."""
        above = [unit.code for unit in self._rules.departments.above(away.department)]
        return deputy.department in (away.department, *above)

    async def _check_span(
        self, session: AsyncSession, away: Staff, deputy: Staff, start: datetime, end: datetime
    ) -> None:
        faults, now = Faults(self._rules), self._clock.now()
        if end <= start or end <= now:
            faults.add("ends_at", "结束时间应晚于开始时间和现在")
        if end - start > LONGEST or start > now + FARTHEST:
            faults.add("ends_at", f"一次不超过{LONGEST.days}天，最多提前{FARTHEST.days}天登记")
            faults.raise_any()
        if await _overlaps(session, away.id, start, end):
            faults.add("starts_at", f"{away.name}在这段时间内已登记了请假")
        if await _overlaps(session, deputy.id, start, end):
            faults.add("deputy_id", f"{deputy.name}在这段时间内也不在岗，请另选代理人")
        faults.raise_any()


async def _overlaps(session: AsyncSession, staff_id: str, start: datetime, end: datetime) -> bool:
    query = select(Absence.id).where(
        Absence.staff_id == staff_id,
        Absence.ended_at.is_(None),
        Absence.starts_at < end,
        Absence.ends_at > start,
    )
    return await session.scalar(query.limit(1)) is not None
