"""In which street or township a place lies, by the names of the lexicon."""

from __future__ import annotations

import re

from config.lexicon import Lexicon


class Areas:
    """Finds the names of places in a text. Immutable once built."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._unit_of = {
            name: place.unit for place in lexicon.places if place.unit for name in place.spoken
        }
        names = sorted(self._unit_of, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, names)) if names else r"(?!)")

    def street_of(self, *texts: str) -> str | None:
        """The street of the first text that names a place; of several names the longest counts."""
        for text in texts:
            found = self._names.findall(text)
            if found:
                return self._unit_of[max(found, key=len)]
        return None
