"""Every version of the service levels: an order goes on under the one it was opened under."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from config.service_levels import ServiceLevels


class LevelShelf:
    """Holds the versions in memory; whoever reads them from the database puts them here.

    Used from several threads: what is read is one mapping, replaced as a whole.
    """

    def __init__(self, newest: ServiceLevels) -> None:
        """``newest``: the rule file's."""
        self._newest = newest
        self._versions = {newest.version: newest}

    def put(self, kept: Iterable[ServiceLevels]) -> None:
        """All versions ever used, the oldest first. Under one name the first one ever used counts,
        also before the file: a version never changes."""
        self._versions = {one.version: one for one in [*kept, self._newest][::-1]}

    def of(self, version: str, day: date) -> ServiceLevels:
        """The version of that name; for an order that has none yet, the one valid on ``day``."""
        return self._versions.get(version) or self.on(day)

    def on(self, day: date) -> ServiceLevels:
        """Under which a new order of that day falls: the newest that is valid already."""
        newest = self._versions[self._newest.version]
        candidates = [newest, *self._versions.values()]
        valid = (one for one in candidates if one.valid_from is None or one.valid_from <= day)
        return next(valid, newest)
