"""Names that are written with other characters of the same sound: 征香北路 for 蒸湘北路."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nlp.text.sounds import Codes, sounds_of

#: Shorter names sound like too many things.
_SHORTEST = 3


class SoundAlikes:
    """Finds names by their syllables, tones left out. Immutable once built."""

    def __init__(self, names: Iterable[str], sounds: Codes) -> None:
        self._sounds = sounds
        self._names: dict[bytes, str | None] = {}
        for name in names:
            if len(name) >= _SHORTEST:
                key = self._key(name)
                # Two names of one sound: which is meant cannot be told.
                self._names[key] = None if key in self._names else name
        self._lengths = sorted({len(name) for name in self._names.values() if name}, reverse=True)

    def ending(self, run: str) -> str:
        """The longest name that the end of ``run`` sounds like; empty when there is none."""
        for length in self._lengths:
            if length <= len(run) and (name := self._names.get(self._key(run[-length:]))):
                return name
        return ""

    def _key(self, text: str) -> bytes:
        codes = np.array([min(ord(character), 0xFFFF) for character in text], dtype=np.uint16)
        return sounds_of(codes, self._sounds).tobytes()
