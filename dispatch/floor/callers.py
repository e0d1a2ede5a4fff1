"""What is known of a number, to serve its caller better."""

from __future__ import annotations

import re
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import func, select

from dispatch.commands import invalid
from models.clock import Clock
from models.guards import Actor
from models.phone_numbers import WITHHELD, normal_number, spellings
from models.store import Store
from models.tables import CallerProfile, Contact


class CallerView(BaseModel):
    """A caller's profile, and how often the number has called."""

    number: str
    elderly: bool
    enterprise: bool
    dialect: bool
    note: str
    contacts: int
    last_at: datetime | None


class Callers:
    """Reads and writes profiles."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def profile(self, number: str) -> CallerView:
        """One that nobody has written yet is empty.

        :raises InvalidInput: for what is no number.
        """
        plain = _plain(number)
        seen = Contact.citizen_number.in_(sorted(spellings(plain)))
        async with self._store.read() as session:
            row = await session.get(CallerProfile, plain)
            counted = select(func.count(), func.max(Contact.started_at)).where(seen)
            contacts, last_at = (await session.execute(counted)).one()
        return CallerView(
            number=plain,
            elderly=row.elderly if row else False,
            enterprise=row.enterprise if row else False,
            dialect=row.dialect if row else False,
            note=row.note if row else "",
            contacts=contacts,
            last_at=last_at,
        )

    async def write(
        self,
        actor: Actor,
        number: str,
        *,
        elderly: bool,
        enterprise: bool,
        dialect: bool,
        note: str,
    ) -> CallerView:
        """Set the whole profile. The one who writes last is right.

        :raises InvalidInput: for what is no number, or for callers who hide theirs.
        """
        plain = _plain(number)
        row = CallerProfile(
            number=plain,
            elderly=elderly,
            enterprise=enterprise,
            dialect=dialect,
            note=note,
            updated_by=actor.id,
            updated_at=self._clock.now(),
        )
        async with self._store.transaction() as work:
            await work.session.merge(row)
        return await self.profile(plain)


def _plain(number: str) -> str:
    plain = normal_number(number)
    if plain == WITHHELD:
        raise invalid([{"field": "number", "message": "隐藏号码没有来电人档案"}])
    if not re.fullmatch(r"\+?\d{3,20}", plain):
        raise invalid([{"field": "number", "message": "不是电话号码"}])
    return plain
