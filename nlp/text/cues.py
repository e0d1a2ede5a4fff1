"""How strongly a text speaks for each category by the words that the taxonomy lists for it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from operator import add

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
            word: (numbers, self._weight(word, len(numbers))) for word, numbers in owners.items()
        }
        #: How long the words are that begin with these two characters, shorter ones first.
        self._lengths: dict[str, tuple[int, ...]] = {}
        for word in owners:
            if len(word) > 1:
                lengths = {*self._lengths.get(word[:2], ()), len(word)}
                self._lengths[word[:2]] = tuple(sorted(lengths))
        single = "".join(word for word in owners if len(word) == 1)
        #: Where a word of one character stands.
        self._single = re.compile(f"[{re.escape(single)}]" if single else "(?!)")

    def _weight(self, word: str, owners: int) -> float:
        """A long word, one that few categories list, and one that is seldom said, says more."""
        special = math.log(self._size / owners) / math.log(max(self._size, 2))
        return special * self._rarity(word) ** 2 * min(len(word), 4) / 2

    def count(self, text: str) -> dict[str, int]:
        """How often each listed word stands in a text that was made :func:`plain`."""
        lengths, owners = self._lengths, self._owners
        found: dict[str, int] = {}
        spots = [i for i, pair in enumerate(map(add, text, text[1:])) if pair in lengths]
        if single := [match.start() for match in self._single.finditer(text)]:
            spots = sorted({*spots, *single})
        for i in spots:
            for length in (1, *lengths.get(text[i : i + 2], ())):
                word = text[i : i + length]
                # At the end of the text a slice is shorter: no word a second time.
                if word in owners and len(word) == length:
                    found[word] = found.get(word, 0) + 1
        return found

    def scores(self, counts: dict[str, int]) -> npt.NDArray[np.float32]:
        """One score per leaf; grows with the root of the evidence, so that long texts do not run
        away."""
        leaves: list[int] = []
        weights: list[float] = []
        for word, times in counts.items():
            numbers, weight = self._owners[word]
            leaves += numbers
            weights += [weight * (1 + 0.5 * math.log(times))] * len(numbers)
        scores = np.zeros(self._size, dtype=np.float32)
        np.add.at(scores, np.array(leaves, dtype=np.intp), np.array(weights, dtype=np.float32))
        return np.sqrt(scores)

    def spoken_for(self, leaf: int, counts: dict[str, int]) -> list[str]:
        """The words found that speak for one leaf, weightiest first."""
        own = [word for word in counts if leaf in self._owns[word]]
        return sorted(own, key=lambda word: -self._owners[word][1])
