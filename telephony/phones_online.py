"""Which phones are registered at our Asterisk, and since when the others are away."""

from __future__ import annotations

from datetime import datetime

from models.clock import Clock


class PhonesOnline:
    """Extensions of phones, as Asterisk tells of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._online: set[str] = set()
        self._away: dict[str, datetime] = {}

    def __contains__(self, extension: object) -> bool:
        return extension in self._online

    def told(self, extension: str, online: bool) -> bool:
        """A phone registered or went away; whether this is news."""
        if (extension in self._online) == online:
            return False
        (self._online.add if online else self._online.discard)(extension)
        self._away.pop(extension, None)
        if not online:
            self.missed(extension)
        return True

    def missed(self, extension: str) -> None:
        """A phone that ought to be there is not: its time away counts from now, unless it does."""
        self._away.setdefault(extension, self._clock.now())

    def away_since(self, extension: str) -> datetime | None:
        """None for one that is here, or was never looked for."""
        return self._away.get(extension)
