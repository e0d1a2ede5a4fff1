"""Where "now" comes from. Aware UTC everywhere; local time only at the edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until moved. For tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The instant it was last moved to."""
        return self._now

    def advance(self, delta: timedelta) -> None:
        """Move forward (or back, to simulate a jump)."""
        self._now += delta

    def set(self, instant: datetime) -> None:
        """Move to ``instant``."""
        self._now = instant.astimezone(UTC)
