"""A text as numbers: TF-IDF of words and of character n-grams in one space.

Words carry the reasons shown to people; character n-grams hold where segmentation or speech
recognition errs. Punctuation is left out of both, so that a letter and a transcript without
punctuation look alike; a question mark alone is kept as a word.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

Words = Callable[[str], list[str]]

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_NOT_TEXT = re.compile(r"[^一-龥a-z?]+")
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
#: Marks a word feature, so that it never coincides with a character n-gram.
WORD = "w:"
#: Character n-gram lengths.
_CHARS = (2, 3)


@dataclass(frozen=True)
class Row:
    """One text in the feature space: sorted-free parallel arrays of index and weight."""

    indices: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]

    @property
    def empty(self) -> bool:
        """Nothing of the text is known."""
        return len(self.indices) == 0


def plain(text: str) -> str:
    """Half-width lower-case letters and Chinese characters only; numbers become one letter."""
    lowered = text.translate(_WIDE).lower()
    return _NOT_TEXT.sub("", _DIGITS.sub("n", lowered))


def tokens(text: str, words: Words) -> list[str]:
    """All features of a text, with repetitions."""
    cleaned = plain(text)
    if not cleaned.strip("?n"):
        return []
    grams = [cleaned[i : i + n] for n in _CHARS for i in range(len(cleaned) - n + 1)]
    whole = [word for word in words(cleaned) if word != "n"]
    pairs = [f"{WORD}{a}_{b}" for a, b in pairwise(whole)]
    return grams + [WORD + word for word in whole] + pairs


class FeatureSpace:
    """The vocabulary with its weights. Immutable once fitted."""

    def __init__(self, vocabulary: list[str], idf: npt.NDArray[np.float32], words: Words) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self._words = words
        self._index = {token: i for i, token in enumerate(vocabulary)}
        self._rarest = float(idf.max(initial=1.0))

    @classmethod
    def fit(cls, texts: Iterable[str], words: Words, min_texts: int = 2) -> FeatureSpace:
        """Learn the vocabulary: tokens that stand in at least ``min_texts`` texts."""
        found: Counter[str] = Counter()
        count = 0
        for text in texts:
            found.update(set(tokens(text, words)))
            count += 1
        vocabulary = sorted(token for token, n in found.items() if n >= min_texts)
        idf = [math.log((1 + count) / (1 + found[token])) + 1 for token in vocabulary]
        return cls(vocabulary, np.asarray(idf, dtype=np.float32), words)

    def row(self, text: str) -> Row:
        """One text: sublinear term frequency times rarity, scaled to length one."""
        index = self._index
        counts: dict[int, int] = {}
        for token in tokens(text, self._words):
            if (i := index.get(token)) is not None:
                counts[i] = counts.get(i, 0) + 1
        indices = np.fromiter(counts.keys(), dtype=np.int32, count=len(counts))
        frequency = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        weights = (1 + np.log(frequency)) * self.idf[indices] if counts else frequency
        norm = float(np.sqrt(weights @ weights)) if counts else 0.0
        return Row(indices=indices, weights=(weights / norm if norm else weights))

    def rarity(self, word: str) -> float:
        """How seldom a word is said, as a share of the rarest: 1 for one that was never seen."""
        places = (self._index.get(WORD + word), self._index.get(word))
        shares = (float(self.idf[i]) / self._rarest for i in places if i is not None)
        return min(shares, default=1.0)

    def matrix(self, texts: Iterable[str]) -> csr_matrix:
        """Many texts at once, for training."""
        rows = [self.row(text) for text in texts]
        starts = np.cumsum([0, *(len(row.indices) for row in rows)])
        return csr_matrix(
            (
                np.concatenate([row.weights for row in rows]),
                np.concatenate([row.indices for row in rows]),
                starts,
            ),
            shape=(len(rows), len(self.vocabulary)),
        )
