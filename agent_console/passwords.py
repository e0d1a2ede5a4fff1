"""Passwords: argon2id hashes, and what a new password must be."""

from __future__ import annotations

import asyncio
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.errors import InvalidInput

MIN_LENGTH = 10
MAX_LENGTH = 128
#: Kinds of characters: lower, upper, digit, other.
MIN_KINDS = 2

#: Each hashing takes 64 MiB and a core for some 50 ms: a flood of sign-ins must queue, not swell.
PARALLEL = 2


class Passwords:
    """Makes and checks hashes, a few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turns = asyncio.Semaphore(PARALLEL)

    @cached_property
    def _nobody(self) -> str:
        """Checked for names that do not exist, so that an answer takes equally long."""
        return self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The hash to store."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the hash; ``None`` (no such account) never fits."""
        async with self._turns:
            return await asyncio.to_thread(self._fits, password, stored)

    def _fits(self, password: str, stored: str | None) -> bool:
        try:
            return self._hasher.verify(stored or self._nobody, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def check_new_password(password: str, username: str = "", field: str = "new") -> None:
    """Refuse weak ones.

    :raises InvalidInput: saying what is missing.
    """
    wrong = _weakness(password, username)
    if wrong:
        raise InvalidInput(wrong, [{"field": field, "message": wrong}])


def _weakness(password: str, username: str) -> str:
    kinds = {_kind(char) for char in password}
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"密码应为 {MIN_LENGTH} 至 {MAX_LENGTH} 个字符"
    if len(kinds) < MIN_KINDS:
        return "密码应包含大写字母、小写字母、数字、符号中的至少两种"
    if username and username.lower() in password.lower():
        return "密码不能包含用户名"
    return ""


def _kind(char: str) -> str:
    if char.isdigit():
        return "digit"
    if char.isalpha():
        return "upper" if char.isupper() else "lower"
    return "other"
