"""Finding thousands of 64-bit keys among hundreds of thousands at once.

A binary search of one key takes a dozen and more steps through memory that the processor has not at
hand. A table says at once where a key would be, and one comparison whether it is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

#: Slots for each key at least: fewer would hold more keys that want the same one.
_ROOM = 4
#: Odd factors that spread keys over the slots, one for each table; keys that found theirs taken go
#: into the next.
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True)
class _Level:
    """``slots``: which key has a slot, -1 where none wants it: what leads there is unknown."""

    slots: npt.NDArray[np.int32]
    factor: np.uint64
    shift: np.uint64

    def candidates(self, keys: Keys) -> npt.NDArray[np.int32]:
        """The one place at which each key can be."""
        spread: Keys = (keys * self.factor) >> self.shift
        return self.slots[spread]


class KeyTable:
    """Where distinct keys stand in their array. Immutable, safe from several threads."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._levels: list[_Level] = []
        left = np.arange(len(keys), dtype=np.int32)
        for factor in _FACTORS:
            if not len(left):
                break
            level = _level(keys, left, factor)
            self._levels.append(level)
            left = left[level.candidates(keys[left]) != left]
        #: The few that found no slot, in rising order of their keys.
        self._left: Ints = left[np.argsort(keys[left])].astype(np.int64)
        self._left_keys = keys[self._left]

    def places(self, keys: Keys) -> Ints:
        """The place of each key that is known, in the order of ``keys``; others are left out."""
        places = np.full(len(keys), -1, dtype=np.int64)
        open_ = np.arange(len(keys))
        for level in self._levels:
            wanted = keys[open_]
            candidates = level.candidates(wanted)
            there = self._keys[candidates] == wanted
            places[open_[there]] = candidates[there]
            # Its slot is another's: it may have found its own in the next table.
            open_ = open_[~there & (candidates >= 0)]
        if len(self._left):
            near = np.searchsorted(self._left_keys[:-1], keys[open_])
            there = self._left_keys[near] == keys[open_]
            places[open_[there]] = self._left[near[there]]
        return places[places >= 0]


def _level(keys: Keys, numbers: npt.NDArray[np.int32], factor: int) -> _Level:
    """A table in which most of ``numbers`` have a slot of their own."""
    bits = max(1, (_ROOM * len(numbers) - 1).bit_length())
    slots = np.full(1 << bits, -1, dtype=np.int32)
    level = _Level(slots, np.uint64(factor), np.uint64(64 - bits))
    slots[(keys[numbers] * level.factor) >> level.shift] = numbers
    return level
