"""Search among many texts for those most alike: BM25 over rare runs, fresh texts found at once.

A text keeps its weightiest runs only, and a search reads the rarest runs of the question first and
stops at a bound: that is what keeps memory and time in hand, see docs/decisions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp.similar.grams import BUCKETS, SCHEME, Grams, grams_of
from nlp.similar.segment import Segment, make_segment, merge

#: BM25: how soon repetition counts no more, and how much a long text is held back.
K1 = 1.2
B = 0.6
#: Rarity is judged as if there were so many texts: among few, all of one matter, what they share
#: would else count as common speech.
_AT_LEAST = 1_000
#: Texts that are read in one go when many come.
BATCH = 10_000
#: Fresh texts that are looked through one by one before they become a segment.
_FRESH = 512

Floats = npt.NDArray[np.float32]
_WEIGHTS = (np.arange(256, dtype=np.float32) * np.float32((K1 + 1) / 255)).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How thorough the index is. The defaults are for a million texts."""

    #: Runs kept of each text, the weightiest.
    runs_kept: int = 96
    #: Entries that one search reads at most.
    entries_read: int = 300_000


#: For pools that fit into memory anyway: nothing left out.
THOROUGH = Reach(runs_kept=BUCKETS, entries_read=1 << 40)


@dataclass(frozen=True)
class Hit:
    """A text found: its number, and its likeness, 1 for the text itself."""

    doc: int
    score: float


@dataclass(frozen=True)
class _Fresh:
    """The newest texts, not yet in a segment: entries in order of the texts."""

    first: int
    count: int
    features: npt.NDArray[np.int32]
    docs: npt.NDArray[np.uint32]
    parts: npt.NDArray[np.uint8]


def _nothing_fresh(first: int) -> _Fresh:
    return _Fresh(
        first,
        0,
        np.empty(0, dtype=np.int32),
        np.empty(0, dtype=np.uint32),
        np.empty(0, dtype=np.uint8),
    )


class SimilarIndex:
    """The index. Texts are numbered in the order in which they were added.

    May be searched from several threads while another adds: what is searched never changes.
    """

    def __init__(self, reach: Reach | None = None) -> None:
        self.reach = reach or Reach()
        self._segments: tuple[Segment, ...] = ()
        self._fresh = _nothing_fresh(0)
        self._texts_with = np.zeros(BUCKETS, dtype=np.uint32)
        self._runs_in_all = 0.0
        self._changing = threading.Lock()

    def __len__(self) -> int:
        """How many texts."""
        return self._fresh.first + self._fresh.count

    @property
    def nbytes(self) -> int:
        """Memory, or mapped files, of the index."""
        return sum(segment.nbytes for segment in self._segments) + self._texts_with.nbytes

    # --- adding ---------------------------------------------------------------------------------

    def add(self, texts: Sequence[str]) -> int:
        """Add texts; the number of the first. They are found from now on."""
        with self._changing:
            first = len(self)
            for start in range(0, len(texts), BATCH):
                self._add(grams_of(texts[start : start + BATCH]))
            return first

    def _add(self, grams: Grams) -> None:
        np.add.at(self._texts_with, grams.features, 1)
        lengths = grams.lengths
        self._runs_in_all += float(lengths.sum())
        features, docs, parts = self._entries(grams, lengths, len(self) + grams.texts)
        fresh = self._fresh
        self._fresh = _Fresh(
            fresh.first,
            fresh.count + grams.texts,
            np.concatenate([fresh.features, features]),
            np.concatenate([fresh.docs, docs + np.uint32(fresh.count)]),
            np.concatenate([fresh.parts, parts]),
        )
        if self._fresh.count >= _FRESH:
            self._seal()

    def _entries(
        self, grams: Grams, lengths: Floats, total: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
        """The weightiest runs of each text, as entries in order of the texts."""
        sizes = np.diff(grams.starts)
        docs = np.repeat(np.arange(grams.texts, dtype=np.uint32), sizes)
        average = max(self._runs_in_all / max(total, 1), 1.0)
        held_back = K1 * (1 - B + B * lengths / average)
        counts = grams.counts.astype(np.float32)
        parts = counts * (K1 + 1) / (counts + held_back[docs])
        quantised = np.clip(np.rint(parts * (255 / (K1 + 1))), 1, 255).astype(np.uint8)
        if sizes.max(initial=0) <= self.reach.runs_kept:
            return grams.features, docs, quantised
        weight = parts * self._rarity(grams.features, total)
        order = np.lexsort((-weight, docs))
        rank = np.arange(len(order)) - np.repeat(grams.starts[:-1], sizes)
        kept = np.sort(order[rank < self.reach.runs_kept])
        return grams.features[kept], docs[kept], quantised[kept]

    def _seal(self) -> None:
        """The fresh texts become a segment; segments of like size become one.

        The new segments are in place before the fresh texts go: a search in between sees them
        twice, never not at all.
        """
        fresh = self._fresh
        segments = [
            *self._segments,
            make_segment(fresh.first, fresh.count, fresh.features, fresh.docs, fresh.parts),
        ]
        alike = len(segments)
        size = 0
        while alike and segments[alike - 1].count <= 2 * max(size, fresh.count):
            alike -= 1
            size += segments[alike].count
        if len(segments) - alike >= _TOGETHER:
            segments = [*segments[:alike], merge(segments[alike:])]
        self._segments = tuple(segments)
        self._fresh = _nothing_fresh(fresh.first + fresh.count)

    def compact(self) -> None:
        """Put all segments together: the fastest to search, the slowest to make."""
        with self._changing:
            if self._fresh.count:
                self._seal()
            if len(self._segments) > 1:
                self._segments = (merge(self._segments),)

    # --- keeping --------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write it into a new folder; what is added meanwhile is not in it."""
        with self._changing:
            if self._fresh.count:
                self._seal()
            segments, texts_with = self._segments, self._texts_with.copy()
            runs_in_all = self._runs_in_all
        folder.mkdir(parents=True)
        for number, segment in enumerate(segments):
            segment.save(folder / f"segment-{number:03d}")
        np.save(folder / "texts_with.npy", texts_with, allow_pickle=False)
        kept = {
            "scheme": SCHEME,
            "segments": len(segments),
            "runs_in_all": runs_in_all,
            "runs_kept": self.reach.runs_kept,
        }
        (folder / "index.json").write_text(json.dumps(kept), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, reach: Reach | None = None) -> SimilarIndex:
        """Open what :meth:`save` wrote. Large arrays are read from the files as they are needed.

        :raises OSError, ValueError, KeyError: when it is damaged, or of another scheme.
        """
        kept = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        index = cls(reach)
        if kept["scheme"] != SCHEME or kept["runs_kept"] != index.reach.runs_kept:
            raise ValueError(f"{folder.name}: an index of another scheme")
        names = [folder / f"segment-{number:03d}" for number in range(kept["segments"])]
        index._segments = tuple(Segment.load(name) for name in names)
        index._texts_with = np.load(folder / "texts_with.npy", allow_pickle=False)
        index._runs_in_all = float(kept["runs_in_all"])
        index._fresh = _nothing_fresh(sum(segment.count for segment in index._segments))
        return index

    # --- searching ------------------------------------------------------------------------------

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """The texts most alike, the best first; fewer where nothing else is shared."""
        fresh, segments = self._fresh, self._segments
        features, wanted, whole = self._question(text)
        if not len(features) or whole <= 0:
            return []
        best: dict[int, float] = {}
        for segment in segments:
            best.update(self._in_segment(segment, features, wanted, limit))
        best.update(_in_fresh(fresh, features, wanted))
        ordered = sorted(best.items(), key=lambda item: (-item[1], -item[0]))[:limit]
        return [Hit(doc, min(1.0, score / whole)) for doc, score in ordered]

    def likeness(self, text: str, others: Sequence[str]) -> list[float]:
        """How alike each of the others is, by all that is in both: 1 the same, 0 nothing shared.

        Unlike the score of a search it does not matter which of two texts is asked for.
        """
        if not others:
            return []
        grams = grams_of([text, *others])
        rarity = self._rarity(grams.features, len(self))
        weights = rarity * (1 + np.log(grams.counts.astype(np.float32)))
        owner = np.repeat(np.arange(grams.texts), np.diff(grams.starts))
        lengths = np.sqrt(np.bincount(owner, weights=weights**2, minlength=grams.texts))
        own, own_weights = grams.of(0)[0], weights[: grams.starts[1]]
        at = np.minimum(np.searchsorted(own, grams.features), max(len(own) - 1, 0))
        shared = own[at] == grams.features if len(own) else np.zeros(len(owner), dtype=bool)
        products = np.where(shared, weights * own_weights[at] if len(own) else 0.0, 0.0)
        dots = np.bincount(owner, weights=products, minlength=grams.texts)
        cosines = dots[1:] / np.maximum(lengths[0] * lengths[1:], 1e-9)
        return [min(1.0, float(cosine)) for cosine in cosines]

    def _question(self, text: str) -> tuple[npt.NDArray[np.int32], Floats, float]:
        """The runs of the text, rarest first, with their weights; and what the text itself gets."""
        grams = grams_of([text])
        features, counts = grams.features, grams.counts.astype(np.float32)
        rarity = self._rarity(features, len(self))
        wanted = rarity * (1 + np.log(counts))
        average = max(self._runs_in_all / max(len(self), 1), 1.0)
        held_back = K1 * (1 - B + B * float(counts.sum()) / average)
        own = counts * (K1 + 1) / (counts + held_back)
        known = self._texts_with[features] > 0
        order = np.argsort(-rarity[known], kind="stable")
        return features[known][order], wanted[known][order], float(wanted @ own)

    def _in_segment(
        self, segment: Segment, features: npt.NDArray[np.int32], wanted: Floats, limit: int
    ) -> dict[int, float]:
        scores = np.zeros(segment.count, dtype=np.float32)
        left = self.reach.entries_read
        for (begin, end), weight in zip(segment.places(features), wanted, strict=True):
            if begin == end:
                continue
            left -= end - begin
            if left < 0:
                break
            docs = segment.docs[begin:end]
            scores[docs] += weight * _WEIGHTS[segment.parts[begin:end]]
        return {segment.first + int(doc): float(scores[doc]) for doc in _best(scores, limit)}

    def _rarity(self, features: npt.NDArray[np.int32], total: int) -> Floats:
        """How much sharing a run says: little when half of the texts have it."""
        total = max(total, _AT_LEAST)
        with_it = self._texts_with[features].astype(np.float32)
        return np.log1p((total - with_it + 0.5) / (with_it + 0.5)).astype(np.float32)


#: Segments of like size that are put together in one go.
_TOGETHER = 8


def _best(scores: Floats, limit: int) -> npt.NDArray[np.int64]:
    """The places of the highest scores, without sorting all of them."""
    top = float(scores.max(initial=0.0))
    if top <= 0:
        return np.empty(0, dtype=np.int64)
    floor = top / 2
    found = np.flatnonzero(scores >= floor)
    while len(found) < limit and floor > top / 64:
        floor /= 2
        found = np.flatnonzero(scores >= floor)
    if len(found) > limit:
        cut = np.argpartition(-scores[found], limit)[:limit]
        found = found[cut]
    return found


def _in_fresh(fresh: _Fresh, features: npt.NDArray[np.int32], wanted: Floats) -> dict[int, float]:
    if not len(fresh.features):
        return {}
    order = np.argsort(features)
    ordered = features[order]
    at = np.minimum(np.searchsorted(ordered, fresh.features), len(ordered) - 1)
    shared = ordered[at] == fresh.features
    weights = wanted[order][at[shared]] * _WEIGHTS[fresh.parts[shared]]
    scores = np.bincount(fresh.docs[shared], weights=weights, minlength=fresh.count)
    return {fresh.first + int(doc): float(scores[doc]) for doc in np.flatnonzero(scores)}
