"""How far two sequences are apart."""

from __future__ import annotations

from collections.abc import Sequence


def distance(one: Sequence[object], other: Sequence[object]) -> int:
    """The least number of insertions, deletions and replacements between the two."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(other, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right))
    return row[-1]
