"""Signing in and out: an opaque token in a cookie, its SHA-256 in the ``sessions`` table."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select, update

from agent_console.attempts import SignInGuard
from agent_console.passwords import Passwords, check_new_password
from models.clock import Clock
from models.errors import InvalidInput, NotSignedIn
from models.store import Store
from models.tables import Session, Staff

log = structlog.get_logger(__name__)

WRONG = "用户名或密码不正确"


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A new session. ``token`` goes into the cookie and is kept nowhere else."""

    token: str
    staff: Staff
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class SignedOn:
    """Who a session is of, and the key of the post chosen in it; empty: the own."""

    staff: Staff
    post: str


class Sessions:
    """Keeps who is signed in."""

    def __init__(self, store: Store, clock: Clock, hours: int) -> None:
        self._store = store
        self._clock = clock
        self._lifetime = timedelta(hours=hours)
        self._guard = SignInGuard(clock)
        self._passwords = Passwords()

    async def sign_in(self, username: str, password: str, address: str) -> SignedIn:
        """Check the password and open a session.

        :raises NotSignedIn: wrong name or password; which of the two is not told.
        :raises TooManyAttempts: after too many wrong ones.
        """
        self._guard.admit(username, address)
        staff = await self._staff(username)
        if not await self._right(staff, password) or not staff:
            self._guard.failed(username, address)
            log.warning("sign-in refused", username=username, address=address)
            raise NotSignedIn(WRONG)
        self._guard.succeeded(username, address)
        return await self._open(staff, address)

    async def who(self, token: str) -> SignedOn | None:
        """The person of a token; None when it is unknown, too old, or the account was closed."""
        query = (
            select(Staff, Session.post)
            .join(Session, Session.staff_id == Staff.id)
            .where(Session.token_hash == _digest(token))
            .where(Session.expires_at > self._clock.now())
            .where(Staff.active)
        )
        async with self._store.read() as session:
            found = (await session.execute(query)).first()
        return SignedOn(staff=found[0], post=found[1]) if found else None

    async def choose_post(self, token: str, post: str) -> None:
        """Act in another post from now on; whether it is held is looked at with every request."""
        row = update(Session).where(Session.token_hash == _digest(token)).values(post=post)
        async with self._store.transaction() as work:
            await work.session.execute(row)

    async def sign_out(self, token: str) -> None:
        """Close the session. Safe to repeat."""
        async with self._store.transaction() as work:
            await work.session.execute(delete(Session).where(Session.token_hash == _digest(token)))

    async def change_password(
        self, staff_id: str, old: str, new: str, *, token: str, address: str
    ) -> None:
        """Replace one's own password; all other sessions of the person end.

        :raises InvalidInput: wrong old password, or a weak new one.
        :raises TooManyAttempts: after too many wrong ones.
        """
        async with self._store.read() as session:
            staff = await session.get_one(Staff, staff_id)
        self._guard.admit(staff.username, address)
        if not await self._right(staff, old):
            self._guard.failed(staff.username, address)
            message = "原密码不正确"
            raise InvalidInput(message, [{"field": "old", "message": message}])
        check_new_password(new, staff.username)
        hashed = await self._passwords.hash(new)
        async with self._store.transaction() as work:
            (await work.session.get_one(Staff, staff.id)).password_hash = hashed
            await work.session.execute(
                delete(Session)
                .where(Session.staff_id == staff.id)
                .where(Session.token_hash != _digest(token))
            )

    async def _right(self, staff: Staff | None, password: str) -> bool:
        return await self._passwords.fits(password, staff.password_hash if staff else None)

    async def _staff(self, username: str) -> Staff | None:
        query = select(Staff).where(Staff.username == username, Staff.active)
        async with self._store.read() as session:
            return await session.scalar(query)

    async def _open(self, staff: Staff, address: str) -> SignedIn:
        token, now = secrets.token_urlsafe(32), self._clock.now()
        async with self._store.transaction() as work:
            await work.session.execute(delete(Session).where(Session.expires_at <= now))
            work.session.add(
                Session(
                    token_hash=_digest(token),
                    staff_id=staff.id,
                    created_at=now,
                    expires_at=now + self._lifetime,
                    address=address,
                )
            )
        return SignedIn(token=token, staff=staff, expires_at=now + self._lifetime)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
