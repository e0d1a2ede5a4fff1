"""What the people of the floor can do: skill groups with levels."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from pydantic import BaseModel
from sqlalchemy import select

from config.permissions import Permissions
from config.queues import BEST_LEVEL, WORST_LEVEL, QueueRules
from dispatch.commands import invalid
from models.errors import NotFound
from models.guards import Actor
from models.store import Store
from models.tables import Staff
from models.vocabulary import Role

log = structlog.get_logger(__name__)


class FloorPerson(BaseModel):
    """Someone who may sit at a seat."""

    id: str
    name: str
    username: str
    extension: str | None
    skills: dict[str, int]


class FloorPeople:
    """Reads and changes skills."""

    def __init__(self, store: Store, permissions: Permissions, rules: QueueRules) -> None:
        self._store = store
        self._permissions = permissions
        self._rules = rules

    async def all(self) -> list[FloorPerson]:
        """Everybody with an account in use, by name."""
        async with self._store.read() as session:
            found = await session.scalars(
                select(Staff).where(Staff.active).order_by(Staff.name, Staff.id)
            )
            return [_person(staff) for staff in found]

    async def seated(self) -> list[FloorPerson]:
        """Those who may use a seat."""
        async with self._store.read() as session:
            found = await session.scalars(
                select(Staff).where(Staff.active).order_by(Staff.extension, Staff.name, Staff.id)
            )
            return [_person(staff) for staff in found if self._may_sit(staff)]

    async def set_skills(
        self, actor: Actor, staff_id: str, skills: Mapping[str, int]
    ) -> FloorPerson:
        """Replace a person's skills; who sets them last is right.

        :raises NotFound: when there is no such person on the floor.
        :raises InvalidInput: for a group that the rules do not know, or a level out of range.
        """
        self._check(skills)
        async with self._store.transaction() as work:
            staff = await work.session.get(Staff, staff_id)
            if staff is None or not staff.active or not self._may_sit(staff):
                raise NotFound("没有这个坐席", staff_id=staff_id)
            staff.skills = dict(skills)
            person = _person(staff)
        log.info("floor.skills", staff_id=staff_id, skills=dict(skills), by=actor.id)
        return person

    def _check(self, skills: Mapping[str, int]) -> None:
        for code, level in skills.items():
            if code not in self._rules.groups:
                raise invalid([{"field": "skills", "message": f"没有技能组“{code}”"}])
            if not BEST_LEVEL <= level <= WORST_LEVEL:
                message = f"技能等级应在 {BEST_LEVEL} 到 {WORST_LEVEL} 之间"
                raise invalid([{"field": "skills", "message": message}])

    def _may_sit(self, staff: Staff) -> bool:
        return "call.seat" in self._permissions.of(tuple(Role(code) for code in staff.roles))


def _person(staff: Staff) -> FloorPerson:
    return FloorPerson(
        id=staff.id,
        name=staff.name,
        username=staff.username,
        extension=staff.extension,
        skills=dict(staff.skills),
    )
