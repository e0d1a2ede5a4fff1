"""Who sits where: extensions, and the passwords of the phones there."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from config.phones import desk_phone_names, seat_names
from config.secrets import Secrets
from config.settings import TelephonySettings
from models.errors import NotFound, TransitionRefused
from models.ports import SeatAccount
from models.store import Store, UnitOfWork
from models.tables import Staff

#: SIP domain of the phones' addresses; a name only, never looked up.
SIP_DOMAIN = "hotline"


class Seats:
    """Gives people their seats, and phones their accounts."""

    def __init__(self, settings: TelephonySettings, secrets: Secrets, store: Store) -> None:
        self._settings = settings
        self._secrets = secrets
        self._store = store

    async def of(self, agent_id: str, at_work: Collection[str]) -> Staff:
        """The person, with a seat: the one from before, or a free one, or one whose last user has
        gone. ``at_work``: the ids of those who are signed in.

        :raises NotFound: for nobody who works here. :raises TransitionRefused: without a free seat.
        """
        async with self._store.transaction() as work:
            staff = await work.session.get(Staff, agent_id)
            if staff is None or not staff.active:
                raise NotFound("没有这个工作人员，或账号已停用", agent_id=agent_id)
            if staff.extension is None:
                staff.extension = await self._free_seat(work, at_work)
            return staff

    async def _free_seat(self, work: UnitOfWork, at_work: Collection[str]) -> str:
        seats = seat_names(self._settings)
        query = select(Staff).where(Staff.extension.in_(seats))
        holders = {one.extension: one for one in await work.session.scalars(query)}
        if never := [seat for seat in seats if seat not in holders]:
            return never[0]
        left = [seat for seat in seats if holders[seat].id not in at_work]
        if not left:
            raise TransitionRefused(
                f"{len(seats)} 个坐席分机都有人在用，请等有人签出，或联系系统管理员增加坐席"
            )
        holders[left[0]].extension = None
        await work.session.flush()  # the extension is one person's at a time
        return left[0]

    def account(self, extension: str) -> SeatAccount:
        """What the phone on a seat registers with."""
        desk = extension in desk_phone_names(self._settings)
        passwords = self._secrets.desk_phones if desk else self._secrets.seats
        if extension not in passwords:
            raise NotFound(f"没有分机 {extension}", extension=extension)
        return SeatAccount(
            extension=extension,
            password=passwords[extension],
            domain=SIP_DOMAIN,
            browser=not desk,
        )

    def practice_account(self, account: str) -> SeatAccount:
        """What a practice phone registers with."""
        return SeatAccount(
            extension=account,
            password=self._secrets.practice_phones[account],
            domain=SIP_DOMAIN,
        )
