"""An unchanging part of the index: each run with the texts that hold it and its weight there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

_ARRAYS = ("features", "offsets", "docs", "parts")
#: Entries that are moved at a time while parts are put together: bounds the memory of it.
_PIECE = 4_000_000


@dataclass(frozen=True)
class Segment:
    """Postings of ``count`` texts, numbered from ``first``.

    The texts of ``features[i]`` are ``docs[offsets[i]:offsets[i + 1]]`` (from 0 within the
    segment, ascending); ``parts`` holds the weight of the run in the text, 255 the greatest.
    """

    first: int
    count: int
    features: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    docs: npt.NDArray[np.uint32]
    parts: npt.NDArray[np.uint8]

    @property
    def nbytes(self) -> int:
        """Memory, or file, that it takes."""
        return sum(int(getattr(self, name).nbytes) for name in _ARRAYS)

    def places(self, features: npt.NDArray[np.int32]) -> list[tuple[int, int]]:
        """Where the texts of each run lie; an empty range where there are none."""
        if not len(self.features):
            return [(0, 0)] * len(features)
        at = np.minimum(np.searchsorted(self.features, features), len(self.features) - 1)
        known = self.features[at] == features
        begins = np.where(known, self.offsets[at], 0)
        ends = np.where(known, self.offsets[at + 1], 0)
        return list(zip(begins.tolist(), ends.tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Write it into a new folder."""
        folder.mkdir(parents=True)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        np.save(folder / "span.npy", np.asarray([self.first, self.count]), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Segment:
        """Open what :meth:`save` wrote: read from the file as it is needed.

        :raises OSError, ValueError: when a file is missing or damaged.
        """
        first, count = np.load(folder / "span.npy", allow_pickle=False).tolist()
        arrays = [
            np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS
        ]
        segment = cls(first, count, *arrays)
        if len(segment.offsets) != len(segment.features) + 1:
            raise ValueError(f"{folder.name}: features and offsets do not belong together")
        if not len(segment.docs) == len(segment.parts) == segment.offsets[-1]:
            raise ValueError(f"{folder.name}: postings are cut off")
        return segment


def make_segment(
    first: int,
    count: int,
    features: npt.NDArray[np.int32],
    docs: npt.NDArray[np.uint32],
    parts: npt.NDArray[np.uint8],
) -> Segment:
    """Out of entries (run, text, weight) in ascending order of the texts."""
    order = np.argsort(features, kind="stable")
    known, begins = np.unique(features[order], return_index=True)
    offsets = np.concatenate([begins, [len(features)]]).astype(np.int64)
    return Segment(first, count, known.astype(np.int32), offsets, docs[order], parts[order])


def merge(segments: Sequence[Segment]) -> Segment:
    """One segment of several that follow each other."""
    features = np.unique(np.concatenate([segment.features for segment in segments]))
    counts = np.zeros(len(features), dtype=np.int64)
    for segment in segments:
        counts[np.searchsorted(features, segment.features)] += np.diff(segment.offsets)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    docs = np.empty(offsets[-1], dtype=np.uint32)
    parts = np.empty(offsets[-1], dtype=np.uint8)
    free = offsets[:-1].copy()
    for segment in segments:
        shift = np.uint32(segment.first - segments[0].first)
        for piece in _pieces(segment):
            at = np.searchsorted(features, segment.features[piece])
            sizes = np.diff(segment.offsets[piece.start : piece.stop + 1])
            begin, end = int(segment.offsets[piece.start]), int(segment.offsets[piece.stop])
            moved = np.repeat(free[at] - segment.offsets[piece], sizes)
            target = np.arange(begin, end) + moved
            docs[target] = segment.docs[begin:end] + shift
            parts[target] = segment.parts[begin:end]
            free[at] += sizes
    total = sum(segment.count for segment in segments)
    return Segment(segments[0].first, total, features, offsets, docs, parts)


def _pieces(segment: Segment) -> Iterator[slice]:
    """Ranges of runs with a bounded number of entries (or one run alone)."""
    start, runs = 0, len(segment.features)
    while start < runs:
        limit = segment.offsets[start] + _PIECE
        stop = int(np.searchsorted(segment.offsets, limit, side="right")) - 1
        stop = min(max(stop, start + 1), runs)
        yield slice(start, stop)
        start = stop
