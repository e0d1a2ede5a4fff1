"""Making accounts: for the command line, the demo, and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select

from agent_console.passwords import Passwords, check_new_password
from config.demo_staff import load_demo_staff
from config.phones import seat_names
from config.settings import Settings
from models.clock import Clock, SystemClock
from models.errors import InvalidInput, NotFound
from models.store import Store
from models.tables import Session, Staff
from models.vocabulary import Role


@dataclass(frozen=True, kw_only=True)
class NewStaff:
    """An account to make."""

    username: str
    name: str
    roles: Sequence[Role]
    department: str
    extension: str | None = None
    skills: Mapping[str, int] = field(default_factory=dict)


async def create_staff(
    store: Store, new: NewStaff, password: str, clock: Clock | None = None
) -> Staff:
    """Make one account.

    :raises InvalidInput: when the name or the extension is taken, or the password is weak.
    """
    password_hash = await _hash(password, new.username)
    async with store.transaction() as work:
        if await work.session.scalar(select(Staff.id).where(Staff.username == new.username)):
            raise _taken("username", f"用户名 {new.username} 已被使用")
        if new.extension and await work.session.scalar(
            select(Staff.id).where(Staff.extension == new.extension)
        ):
            raise _taken("extension", f"分机 {new.extension} 已分配给他人")
        staff = _row(new, password_hash, clock or SystemClock())
        work.session.add(staff)
    return staff


async def set_password(store: Store, username: str, password: str) -> None:
    """Replace a forgotten password; all the person's sessions end.

    :raises NotFound: when there is no such account.
    """
    password_hash = await _hash(password, username)
    async with store.transaction() as work:
        staff = await work.session.scalar(select(Staff).where(Staff.username == username))
        if staff is None:
            raise NotFound(f"没有用户名为 {username} 的账号")
        staff.password_hash = password_hash
        await work.session.execute(delete(Session).where(Session.staff_id == staff.id))


async def seed_demo_staff(
    store: Store, password: str, settings: Settings, clock: Clock | None = None
) -> list[NewStaff]:
    """Make the accounts of ``demo_staff.yaml`` that are not there yet. Safe to repeat.

    All get the same password; an account that exists keeps its own. Returns all of the file.
    """
    wanted = demo_accounts(settings)
    async with store.read() as session:
        known = set(await session.scalars(select(Staff.username)))
    password_hash = await _hash(password)
    async with store.transaction() as work:
        for new in wanted:
            if new.username not in known:
                work.session.add(_row(new, password_hash, clock or SystemClock()))
    return wanted


def demo_accounts(settings: Settings) -> list[NewStaff]:
    """The demo people; those with a seat get the extensions in turn, as far as there are any."""
    seats = iter(seat_names(settings.telephony))
    return [
        NewStaff(
            username=person.username,
            name=person.name,
            roles=person.roles,
            department=person.department,
            extension=next(seats, None) if person.seat else person.extension,
            skills=person.skills,
        )
        for person in load_demo_staff(settings.rules)
    ]


async def _hash(password: str, username: str = "") -> str:
    check_new_password(password, username, field="password")
    return await Passwords().hash(password)


def _row(new: NewStaff, password_hash: str, clock: Clock) -> Staff:
    return Staff(
        username=new.username,
        name=new.name,
        password_hash=password_hash,
        roles=[role.value for role in new.roles],
        department=new.department,
        extension=new.extension,
        skills=dict(new.skills),
        created_at=clock.now(),
    )


def _taken(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, [{"field": field, "message": message}])
