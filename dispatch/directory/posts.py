"""The posts a person may act in: the account's own, further ones, and those of whom they stand in
for. One acts in one post at a time, and chooses which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.checks import Faults
from dispatch.directory.rights import needs
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import Forbidden, NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Absence, Staff, StaffPost
from models.vocabulary import Role

log = structlog.get_logger(__name__)

#: Key of the account's own post.
OWN = "own"


@dataclass(frozen=True, kw_only=True)
class Post:
    """A unit and what one is there."""

    key: str
    department: str
    roles: tuple[Role, ...]
    #: Of whom one stands in for; empty: one's own post.
    for_id: str = ""
    for_name: str = ""


class Posts:
    """Who holds which posts now; giving and ending further ones."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def of(self, staff: Staff) -> list[Post]:
        """Every post that the person may act in now, the own first."""
        now = self._clock.now()
        async with self._store.read() as session:
            found = await self._held(session, staff)
            away = await session.scalars(
                select(Staff)
                .join(Absence, Absence.staff_id == Staff.id)
                .where(Absence.deputy_id == staff.id, Staff.active, _lasting(now))
                .order_by(Staff.id)
            )
            for absent in away.unique():
                found += [_stood_in(absent, post) for post in await self._held(session, absent)]
        return found

    async def chosen(self, staff: Staff, key: str) -> Post | None:
        """The post of that key; None: the person does not hold it (any more)."""
        return next((post for post in await self.of(staff) if post.key == key), None)

    async def further(self, staff_ids: Iterable[str]) -> list[StaffPost]:
        """Further posts of these people that hold now or will."""
        query = select(StaffPost).where(
            StaffPost.staff_id.in_(sorted(staff_ids)),
            StaffPost.ended_at.is_(None),
            or_(StaffPost.until.is_(None), StaffPost.until >= self._today()),
        )
        async with self._store.read() as session:
            return list(await session.scalars(query.order_by(StaffPost.since, StaffPost.id)))

    async def give(
        self,
        actor: Actor,
        staff_id: str,
        *,
        department: str,
        roles: tuple[Role, ...],
        since: date,
        until: date | None,
    ) -> StaffPost:
        """A further post for a person.

        :raises Forbidden: without the right, or to oneself.
        """
        needs(self._rules, actor, "staff.manage")
        if actor.id == staff_id:
            raise Forbidden("不能给本人增加岗位，请由其他系统管理员办理", permission="staff.manage")
        self._check(department, roles, since, until)
        async with self._store.transaction() as work:
            staff = await work.session.get(Staff, staff_id)
            if staff is None or not staff.active:
                raise NotFound("没有这个人员，或其账号已停用", staff_id=staff_id)
            post = StaffPost(
                id=new_id(),
                staff_id=staff_id,
                department=department,
                roles=[role.value for role in roles],
                since=since,
                until=until,
                given_by=actor.id,
                given_at=self._clock.now(),
            )
            work.session.add(post)
        log.info("post.given", staff_id=staff_id, department=department, by=actor.id)
        return post

    def _check(
        self, department: str, roles: tuple[Role, ...], since: date, until: date | None
    ) -> None:
        faults = Faults(self._rules)
        if department not in self._rules.departments:
            faults.add("department", f"没有编码为 {department or '（空）'} 的单位")
        if not roles or Role.SYSTEM in roles:
            faults.add("roles", "至少选一个岗位；“系统”不是人员的岗位")
        if until is not None and until < max(since, self._today()):
            faults.add("until", "截止日期应不早于起始日期和今天")
        faults.raise_any()

    async def end(self, actor: Actor, post_id: str) -> None:
        """The post is over now. Safe to repeat."""
        needs(self._rules, actor, "staff.manage")
        async with self._store.transaction() as work:
            post = await work.session.get(StaffPost, post_id)
            if post is None:
                raise NotFound("没有这个岗位", post_id=post_id)
            post.ended_at = post.ended_at or self._clock.now()
        log.info("post.ended", post_id=post_id, by=actor.id)

    async def _held(self, session: AsyncSession, staff: Staff) -> list[Post]:
        rows = await session.scalars(
            select(StaffPost)
            .where(StaffPost.staff_id == staff.id, StaffPost.ended_at.is_(None))
            .where(StaffPost.since <= self._today())
            .where(or_(StaffPost.until.is_(None), StaffPost.until >= self._today()))
            .order_by(StaffPost.since, StaffPost.id)
        )
        return [
            Post(key=OWN, department=staff.department, roles=_roles(staff.roles)),
            *(Post(key=row.id, department=row.department, roles=_roles(row.roles)) for row in rows),
        ]

    def _today(self) -> date:
        return self._clock.now().astimezone(self._rules.zone).date()


def _stood_in(absent: Staff, post: Post) -> Post:
    return Post(
        key=f"for.{absent.id}.{post.key}",
        department=post.department,
        roles=post.roles,
        for_id=absent.id,
        for_name=absent.name,
    )


def _roles(codes: Iterable[str]) -> tuple[Role, ...]:
    return tuple(Role(code) for code in codes)


def _lasting(now: datetime) -> ColumnElement[bool]:
    return (Absence.starts_at <= now) & (Absence.ends_at > now) & Absence.ended_at.is_(None)
