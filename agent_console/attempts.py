"""Slowing down those who guess passwords. In memory: a restart forgives."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Any

from agent_console.errors import TooManyAttempts
from models.clock import Clock

#: Wrong passwords of one account from one address before it is locked, and for how long.
MAX_FAILURES = 5
LOCK = timedelta(minutes=10)
#: Sign-ins from one address, right or wrong. A whole call floor may share one address.
MAX_PER_ADDRESS = 60
WINDOW = timedelta(minutes=1)
#: Memory is bounded; the oldest are forgotten first.
MAX_KEYS = 10_000


class SignInGuard:
    """Counts tries by account and address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()
        self._tries: OrderedDict[str, deque[datetime]] = OrderedDict()

    def admit(self, username: str, address: str) -> None:
        """Count a try.

        :raises TooManyAttempts: when it must wait; the password must then not even be looked at.
        """
        now = self._clock.now()
        self._admit_address(address, now)
        failures = self._failures.get((username.lower(), address), [])
        if len(failures) >= MAX_FAILURES and now < failures[-1] + LOCK:
            raise _wait(
                f"连续 {MAX_FAILURES} 次密码错误，该账号在本机已锁定 10 分钟",
                failures[-1] + LOCK - now,
            )

    def failed(self, username: str, address: str) -> None:
        """A wrong password."""
        now = self._clock.now()
        key = (username.lower(), address)
        recent = [at for at in self._failures.pop(key, []) if now < at + LOCK]
        self._failures[key] = [*recent, now]
        _bound(self._failures)

    def succeeded(self, username: str, address: str) -> None:
        """The right one: earlier mistakes are forgotten."""
        self._failures.pop((username.lower(), address), None)

    def _admit_address(self, address: str, now: datetime) -> None:
        tries = self._tries.pop(address, deque())
        self._tries[address] = tries
        _bound(self._tries)
        while tries and now - tries[0] >= WINDOW:
            tries.popleft()
        if len(tries) >= MAX_PER_ADDRESS:
            raise _wait("登录过于频繁，请稍后再试", tries[0] + WINDOW - now)
        tries.append(now)


def _wait(message: str, remaining: timedelta) -> TooManyAttempts:
    return TooManyAttempts(message, retry_after=max(1, round(remaining.total_seconds())))


def _bound(table: OrderedDict[Any, Any]) -> None:
    while len(table) > MAX_KEYS:
        table.popitem(last=False)
