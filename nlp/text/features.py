"""A text as numbers: TF-IDF of words, pairs of words, runs of characters and runs of syllables.

Words carry the reasons shown to people; character runs hold where segmentation errs, syllables
where a recogniser or a hurried hand writes characters that sound alike. Punctuation is left out,
so that a letter and a transcript look alike; a question mark alone is kept as a word.

All but the words are packed into 64-bit keys (four code units of 16 bits), so that a text is looked
up in one sorted array at once and no two features are ever confused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nlp.text.key_table import Ints, Keys, KeyTable
from nlp.text.sounds import SYLLABLES, Codes, sound_of_code

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Words = Callable[[str], list[str]]
Floats = npt.NDArray[np.float32]

#: Full-width characters that say something; all others are left out in either width.
_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ？．]")
_NOT_TEXT = re.compile(r"[^一-龥a-z?]+")
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_GAP = re.compile(r"[\s,，、/|]+")
#: Lengths of the runs of characters and of syllables.
_CHARS, _SOUNDS = (1, 2, 3), (2, 3)
#: Word pairs are ``_PAIR << 48 | first << 24 | second``: no character has that code.
_PAIR = 1
#: How much runs of syllables count beside characters and words.
_SOUND_WEIGHT = 0.7
#: At least so many pieces, of so few characters on average, look like a text cut into words.
_FEWEST_PIECES, _LONGEST_PIECE = 4, 3.0


@dataclass(frozen=True)
class Row:
    """One text in the feature space: parallel arrays of index and weight, the words first."""

    indices: Ints
    weights: Floats
    #: How many of them are words.
    words: int

    @property
    def empty(self) -> bool:
        """Nothing of the text is known."""
        return len(self.indices) == 0


def plain(text: str) -> str:
    """Half-width lower-case letters and Chinese characters only; numbers become one letter."""
    narrow = _WIDE.sub(lambda wide: chr(ord(wide.group()) - 0xFEE0), text)
    return _NOT_TEXT.sub("", _DIGITS.sub("n", narrow.lower()))


def pieces(text: str) -> list[str] | None:
    """The words of a text that was already cut into words; None for an ordinary text."""
    cut = [piece for piece in _GAP.split(text) if piece]
    if len(cut) < _FEWEST_PIECES or len(text) > (1 + _LONGEST_PIECE) * len(cut):
        return None
    return cut


@dataclass(frozen=True)
class Cut:
    """A text made plain: its words in order, and the characters that they make together."""

    words: list[str]
    chars: str


class FeatureSpace:
    """The vocabulary with its weights. Immutable once fitted.

    Columns: first the words, then the keys in rising order. ``left_out``: words that say nothing
    where the training texts came without them; ``sounds``: see :mod:`nlp.text.sounds`.
    """

    def __init__(
        self,
        words: Sequence[str],
        keys: Keys,
        idf: Floats,
        sounds: Codes,
        cut: Words,
        left_out: Iterable[str] = (),
    ) -> None:
        self.words, self.keys, self.idf, self.sounds = tuple(words), keys, idf, sounds
        self.left_out = frozenset(left_out)
        self._cut_words = cut
        self._number = {word: i for i, word in enumerate(self.words)}
        self._rarest = float(idf.max(initial=1.0))
        self._sound_of = sound_of_code(sounds)

    @cached_property
    def _table(self) -> KeyTable:
        return KeyTable(self.keys)

    def __len__(self) -> int:
        return len(self.idf)

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        cut: Words,
        sounds: Codes,
        *,
        min_texts: int = 2,
        left_out: Iterable[str] = (),
    ) -> FeatureSpace:
        """Learn the vocabulary: what stands in at least ``min_texts`` texts."""
        none = np.empty(0, dtype=np.uint64)
        blank = cls((), none, np.empty(0, dtype=np.float32), sounds, cut, left_out)
        cuts = [blank.cut(text) for text in texts]
        heard = Counter(word for one in cuts for word in set(one.words))
        words = sorted(word for word, n in heard.items() if n >= min_texts)
        named = cls(words, none, np.ones(len(words), dtype=np.float32), sounds, cut, left_out)
        found = [np.unique(named._packed(one, named._numbers(one))) for one in cuts]
        keys, texts_with = np.unique(np.concatenate(found), return_counts=True)
        often = texts_with >= min_texts
        counts = np.concatenate([[heard[word] for word in words], texts_with[often]])
        idf = np.log((1 + len(cuts)) / (1 + counts)) + 1
        idf[len(words) :] *= np.where(_is_sound(keys[often]), _SOUND_WEIGHT, 1.0)
        return cls(words, keys[often], idf.astype(np.float32), sounds, cut, left_out)

    def reweighted(self, factors: Floats) -> FeatureSpace:
        """The same vocabulary with each feature's weight multiplied."""
        return FeatureSpace(
            self.words, self.keys, self.idf * factors, self.sounds, self._cut_words, self.left_out
        )

    def cut(self, text: str, made_plain: str | None = None) -> Cut:
        """The words of a text, as given or as the segmenter sees them.

        ``made_plain``: the text made :func:`plain`, where that is known.
        """
        if given := pieces(text):
            words = [word for word in map(plain, given) if word]
        else:
            words = self._cut_words(plain(text) if made_plain is None else made_plain)
        if self.left_out:
            words = [word for word in words if word not in self.left_out]
        chars = "".join(words)
        if not chars.strip("?n"):
            return Cut([], "")
        return Cut([word for word in words if word != "n"], chars)

    def row(self, text: str, made_plain: str | None = None) -> Row:
        """One text: sublinear term frequency times rarity, scaled to length one."""
        one = self.cut(text, made_plain)
        numbers = self._numbers(one)
        words, times = _counted(numbers[numbers >= 0])
        keys, often = _counted(self._table.places(self._packed(one, numbers)))
        indices = np.concatenate([words, keys + len(self.words)])
        frequency = np.concatenate([times, often]).astype(np.float32)
        weights = (1 + np.log(frequency)) * self.idf[indices]
        norm = float(np.sqrt(weights @ weights))
        scaled = weights / norm if norm else weights
        return Row(indices=indices, weights=scaled, words=len(words))

    def rarity(self, word: str) -> float:
        """How seldom a word is said, as a share of the rarest: 1 for one that was never seen."""
        shares = []
        if (number := self._number.get(word)) is not None:
            shares.append(float(self.idf[number]))
        if len(word) in _CHARS:
            places, known = self._places(_runs(_codes(word), (len(word),)))
            shares += [float(self.idf[len(self.words) + i]) for i in places[known]]
        return min(shares, default=self._rarest) / self._rarest

    def matrix(self, texts: Iterable[str]) -> csr_matrix:
        """Many texts at once, for training."""
        from scipy.sparse import csr_matrix  # a third of a second that only training needs

        rows = [self.row(text) for text in texts]
        starts = np.cumsum([0, *(len(row.indices) for row in rows)])
        return csr_matrix(
            (
                np.concatenate([row.weights for row in rows]),
                np.concatenate([row.indices for row in rows]),
                starts,
            ),
            shape=(len(rows), len(self)),
        )

    def _numbers(self, one: Cut) -> Ints:
        """The column of each word in order; -1 for one that is not known."""
        numbers = map(self._number.get, one.words, repeat(-1))
        return np.fromiter(numbers, dtype=np.int64, count=len(one.words))

    def _packed(self, one: Cut, numbers: Ints) -> Keys:
        """All keys of a text, with repetitions."""
        codes = _codes(one.chars)
        heard = self._sound_of[codes]
        return np.concatenate([_runs(codes, _CHARS), _runs(heard, _SOUNDS), _pairs(numbers)])

    def _places(self, keys: Keys) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Where keys stand among the known ones, and which of them do."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.bool_)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return places, self.keys[places] == keys


def known_words(space: FeatureSpace, texts: Iterable[str]) -> float:
    """The share (0–1) of the texts' words that training has seen; 1 without words."""
    known = frozenset(space.words)
    words = [word for text in texts for word in space.cut(text).words]
    return sum(word in known for word in words) / len(words) if words else 1.0


def _counted(values: Ints) -> tuple[Ints, Ints]:
    """The distinct values in rising order, and how often each of them stands there."""
    ordered = np.sort(values)
    changes = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    edges = np.concatenate(([0], changes, [len(ordered)])) if len(ordered) else np.zeros(1, int)
    return ordered[edges[:-1]], edges[1:] - edges[:-1]


def _codes(chars: str) -> Codes:
    return np.frombuffer(chars.encode("utf-16-le", "surrogatepass"), dtype="<u2")


def _runs(codes: Codes, lengths: tuple[int, ...]) -> Keys:
    """Keys of all runs of these rising lengths (at most four)."""
    wide = codes.astype(np.uint64)
    runs, found = wide, []
    for length in range(1, lengths[-1] + 1):
        if length > 1:
            runs = (runs[:-1] << np.uint64(16)) | wide[length - 1 :]
        if length in lengths:
            found.append(runs)
    return np.concatenate(found)


def _pairs(numbers: Ints) -> Keys:
    first, second = numbers[:-1], numbers[1:]
    both = (first >= 0) & (second >= 0)
    packed = (_PAIR << 48) | (first[both] << 24) | second[both]
    return packed.astype(np.uint64)


def _is_sound(keys: Keys) -> npt.NDArray[np.bool_]:
    last = keys & np.uint64(0xFFFF)
    pair = (keys >> np.uint64(48)) == _PAIR
    sound: npt.NDArray[np.bool_] = (last >= SYLLABLES) & (last < SYLLABLES + 0x1000) & ~pair
    return sound
