"""Texts as runs of two characters, numbered by a hash, many texts in one go.

No word is cut: runs hold where a segmenter or the speech recogniser errs, and a million texts are
read in a minute. Punctuation and blanks are left out, so a letter and a transcript look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Runs are numbered below this. Two that share a number cost a little precision, nothing else.
BUCKETS = 1 << 22
_SHIFT = np.uint64(64 - 22)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
#: Longer texts are read up to here.
LONGEST = 4_000
#: Changes whenever the numbers of runs change: an index of another scheme is made anew.
SCHEME = "runs-2/22/1"
_BITS = np.uint64(22)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Grams:
    """Runs of several texts: those of text ``i`` lie at ``starts[i]:starts[i + 1]``, each once."""

    starts: Ints
    features: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int32]

    @property
    def texts(self) -> int:
        """How many texts."""
        return len(self.starts) - 1

    @property
    def lengths(self) -> Floats:
        """Runs of each text, repetitions counted."""
        sums = np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)])
        runs: Floats = (sums[self.starts[1:]] - sums[self.starts[:-1]]).astype(np.float32)
        return runs

    def of(self, text: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Runs and how often, of one text."""
        part = slice(int(self.starts[text]), int(self.starts[text + 1]))
        return self.features[part], self.counts[part]


def grams_of(texts: Sequence[str]) -> Grams:
    """The runs of texts. A text of fewer than two characters has none."""
    codes, owners = _characters([text[:LONGEST] for text in texts])
    whole = owners[:-1] == owners[1:]
    runs = ((codes[:-1] << np.uint64(16)) | codes[1:])[whole]
    features = (runs * _SPREAD) >> _SHIFT
    merged, counts = np.unique(
        (owners[:-1][whole].astype(np.uint64) << _BITS) | features, return_counts=True
    )
    owner = (merged >> _BITS).astype(np.int64)
    return Grams(
        starts=np.searchsorted(owner, np.arange(len(texts) + 1)),
        features=(merged & np.uint64(BUCKETS - 1)).astype(np.int32),
        counts=counts.astype(np.int32),
    )


def _characters(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """The characters that count, and the number of the text of each."""
    raw = "".join(texts).encode("utf-32-le", errors="surrogatepass")
    codes = np.frombuffer(raw, dtype=np.uint32)
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    plain = _PLAIN[np.minimum(codes, 0xFFFF)]
    kept = plain > 0
    return plain[kept], owners[kept]


def _plain_table() -> npt.NDArray[np.uint64]:
    """Code → code of the plain form; 0: left out. Half width, lower case, Chinese, digits."""
    table = np.zeros(0x10000, dtype=np.uint64)
    for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), 0x3007):
        table[code] = code
    for code in (*range(ord("0"), ord("9") + 1), *range(ord("a"), ord("z") + 1)):
        table[code] = table[code + 0xFEE0] = code
    for code in range(ord("A"), ord("Z") + 1):
        table[code] = table[code + 0xFEE0] = code + 32
    return table


_PLAIN = _plain_table()
