"""Every version of the dispatch catalogue by day: who owned what, now and on any past day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from config.catalogue import Catalogue


class CatalogueShelf:
    """Holds the versions in memory; whoever reads them from the database puts them here.

    Used from several threads: what is read is one tuple, replaced as a whole.
    """

    def __init__(self, first: Catalogue, today: Callable[[], date]) -> None:
        """``first`` holds until versions are put; ``today``: the city's own day."""
        self._first = first
        self._today = today
        self._versions: tuple[Catalogue, ...] = ()

    @property
    def first(self) -> Catalogue:
        """The rule file's."""
        return self._first

    def put(self, versions: Iterable[Catalogue]) -> None:
        """These and no others; of two of the same day the later in order holds."""
        self._versions = tuple(sorted(versions, key=lambda each: each.valid_from))

    def on(self, day: date) -> Catalogue | None:
        """The version that held on ``day``; None before the first one."""
        versions = self._versions or (self._first,)
        held = [each for each in versions if each.valid_from <= day]
        return held[-1] if held else None

    @property
    def current(self) -> Catalogue:
        """The version of today; the file's while none has begun."""
        return self.on(self._today()) or self._first
