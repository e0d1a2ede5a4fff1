"""The systems that may speak with us, and their keys."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.rules import Rules
from models.clock import Clock
from models.errors import InvalidInput, NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Staff
from models.tables.partners import PartnerKey, PartnerSystem
from models.vocabulary import Role

_CODE = re.compile(r"[a-z][a-z0-9\-]{1,30}")
PREFIX = "hlk_"
#: Letters of a key that are kept readable.
HINT = 10
#: The time of the last use is written down no oftener.
SEEN_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Partner:
    """Who asks at /api/platform."""

    code: str
    name: str
    staff_id: str
    #: The unit whose tasks it works; empty: none.
    department: str
    gives_orders: bool
    address: str = ""

    def giver(self) -> Actor:
        """As the one who gave us an order."""
        return self._actor({Role.PARTNER}, "")

    def worker(self) -> Actor:
        """As the unit whose tasks it works."""
        return self._actor({Role.UNIT_CLERK, Role.UNIT_HEAD}, self.department)

    def _actor(self, roles: set[Role], department: str) -> Actor:
        return Actor(
            id=self.staff_id,
            name=self.name,
            roles=frozenset(roles),
            department=department,
            address=self.address,
        )


class PartnerRegister:
    """Looks after systems and keys."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def add(
        self, code: str, name: str, *, department: str = "", gives_orders: bool = True
    ) -> PartnerSystem:
        """Enter a system, with an account that nobody can sign in with.

        :raises InvalidInput: saying what is wrong.
        """
        self._check(code, name, department, gives_orders)
        staff = Staff(
            id=new_id(),
            username=f"system:{code}",
            name=name,
            password_hash="",
            roles=[],
            department=department or self._rules.departments.hotline,
            active=False,
            created_at=self._clock.now(),
        )
        system = PartnerSystem(
            code=code,
            name=name,
            staff_id=staff.id,
            department=department,
            gives_orders=gives_orders,
            active=True,
            created_at=self._clock.now(),
        )
        async with self._store.transaction() as work:
            if await work.session.get(PartnerSystem, code) is not None:
                raise InvalidInput(f"外部系统“{code}”已经登记")
            work.session.add(staff)
            await work.session.flush()
            work.session.add(system)
        return system

    def _check(self, code: str, name: str, department: str, gives_orders: bool) -> None:
        if not _CODE.fullmatch(code):
            raise InvalidInput("系统编码应为小写字母、数字、连字符，2 至 31 位，以字母开头")
        if not name.strip():
            raise InvalidInput("请填写系统名称")
        if department and department not in self._rules.departments:
            raise InvalidInput(f"没有编码为 {department} 的承办单位")
        if not department and not gives_orders:
            raise InvalidInput("系统既不转来工单，也不承办工单，没有可做的事")

    async def all(self) -> list[PartnerSystem]:
        """By code."""
        async with self._store.read() as session:
            found = await session.scalars(select(PartnerSystem).order_by(PartnerSystem.code))
            return list(found)

    async def keys(self, code: str) -> list[PartnerKey]:
        """All keys a system ever had, the newest first."""
        query = select(PartnerKey).where(PartnerKey.system == code)
        async with self._store.read() as session:
            return list(await session.scalars(query.order_by(PartnerKey.id.desc())))

    async def make_key(self, code: str, note: str = "") -> str:
        """A new key; it is shown this once and kept as its hash. Earlier ones stay good."""
        token = PREFIX + secrets.token_urlsafe(32)
        async with self._store.transaction() as work:
            await system_of(work.session, code)
            work.session.add(
                PartnerKey(
                    id=new_id(),
                    system=code,
                    key_hash=_digest(token),
                    hint=token[:HINT],
                    note=note,
                    created_at=self._clock.now(),
                )
            )
        return token

    async def revoke(self, key_id: str) -> None:
        """The key opens nothing any more, from now on. Safe to repeat."""
        async with self._store.transaction() as work:
            key = await work.session.get(PartnerKey, key_id)
            if key is None:
                raise NotFound(f"没有编号为 {key_id} 的密钥")
            key.revoked_at = key.revoked_at or self._clock.now()

    async def set_active(self, code: str, active: bool) -> None:
        """Let a system in, or keep it out with all its keys."""
        async with self._store.transaction() as work:
            (await system_of(work.session, code)).active = active

    async def who(self, token: str, address: str) -> Partner | None:
        """The system of a key; None when it does not count."""
        query = (
            select(PartnerSystem, PartnerKey)
            .join(PartnerKey, PartnerKey.system == PartnerSystem.code)
            .where(PartnerKey.key_hash == _digest(token))
            .where(PartnerKey.revoked_at.is_(None), PartnerSystem.active)
        )
        async with self._store.read() as session:
            found = (await session.execute(query)).first()
        if found is None:
            return None
        system, key = found
        await self._seen(key)
        return partner_of(system, address)

    async def _seen(self, key: PartnerKey) -> None:
        now = self._clock.now()
        if key.last_used_at is not None and now - key.last_used_at < SEEN_EVERY:
            return
        async with self._store.transaction() as work:
            (await work.session.get_one(PartnerKey, key.id)).last_used_at = now


def partner_of(system: PartnerSystem, address: str = "") -> Partner:
    """A system as one who acts."""
    return Partner(
        code=system.code,
        name=system.name,
        staff_id=system.staff_id,
        department=system.department,
        gives_orders=system.gives_orders,
        address=address,
    )


async def system_of(session: AsyncSession, code: str) -> PartnerSystem:
    """A system by its code.

    :raises NotFound: when there is none.
    """
    found = await session.get(PartnerSystem, code)
    if found is None:
        raise NotFound(f"没有编码为 {code} 的外部系统")
    return found


def _digest(token: str) -> str:
    """A key is long and random: it needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
