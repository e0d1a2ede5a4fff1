"""How strongly a text speaks for each category by the words that the taxonomy lists for it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from config.taxonomy import Category
from nlp.text.features import plain


class CueWords:
    """Finds the listed words. Immutable once built."""

    def __init__(self, leaves: Sequence[Category], rarity: Callable[[str], float]) -> None:
        """``rarity``: 0–1, how seldom citizens use a word whatever they call about."""
        self._rarity = rarity
        self._size = len(leaves)
        owners: dict[str, list[int]] = {}
        for number, leaf in enumerate(leaves):
            # A number alone (12345, 96110) looks like any other number.
            for word in {plain(word) for word in leaf.words} - {"", "n"}:
                owners.setdefault(word, []).append(number)
        self._owns = {word: frozenset(numbers) for word, numbers in owners.items()}
        self._owners = {
            word: (np.asarray(numbers), self._weight(word, len(numbers)))
            for word, numbers in owners.items()
        }
        self._lengths: dict[str, tuple[int, ...]] = {}
        for word in owners:
            lengths = {*self._lengths.get(word[0], ()), len(word)}
            self._lengths[word[0]] = tuple(sorted(lengths))
        begins = "".join(map(re.escape, self._lengths))
        #: Where a listed word can begin.
        self._begins = re.compile(f"[{begins}]" if begins else r"(?!)")

    def _weight(self, word: str, owners: int) -> float:
        """A long word, one that few categories list, and one that is seldom said, says more."""
        special = math.log(self._size / owners) / math.log(max(self._size, 2))
        return special * self._rarity(word) ** 2 * min(len(word), 4) / 2

    def count(self, text: str) -> dict[str, int]:
        """How often each listed word stands in the text."""
        cleaned = plain(text)
        found: dict[str, int] = {}
        for match in self._begins.finditer(cleaned):
            i = match.start()
            for length in self._lengths[match.group()]:
                word = cleaned[i : i + length]
                if word in self._owners:
                    found[word] = found.get(word, 0) + 1
        return found

    def scores(self, counts: dict[str, int]) -> npt.NDArray[np.float32]:
        """One score per leaf; grows with the root of the evidence, so that long texts do not run
        away."""
        scores = np.zeros(self._size, dtype=np.float32)
        for word, times in counts.items():
            numbers, weight = self._owners[word]
            scores[numbers] += weight * (1 + 0.5 * math.log(times))
        return np.sqrt(scores)

    def spoken_for(self, leaf: int, counts: dict[str, int]) -> list[str]:
        """The words found that speak for one leaf, weightiest first."""
        own = [word for word in counts if leaf in self._owns[word]]
        return sorted(own, key=lambda word: -self._owners[word][1])
