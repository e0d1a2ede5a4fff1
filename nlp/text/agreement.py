"""How far two people who labelled the same texts agree: ``python -m nlp.text.agreement``.

A tenth of the seed corpus was labelled again by somebody who did not know the first labels
(``second_labels.jsonl``). Cohen's kappa takes off what chance would give: 1 is full agreement.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.corpus import seed_files

SECOND_LABELS = Path(__file__).parents[1] / "corpus" / "second_labels.jsonl"

Row = dict[str, Any]

#: What is compared, and how it is read off a row.
LABELS: dict[str, Callable[[Row], str]] = {
    "type": lambda row: str(row["request_type"]),
    "category, first level": lambda row: str(row["category"])[:3],
    "category, second level": lambda row: str(row["category"])[:5],
    "category, leaf": lambda row: str(row["category"]),
    "unit": lambda row: str(row["department"]),
}


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of two labellers on the same rows; shares of 1."""

    rows: int
    same: float
    kappa: float


def agreement(first: Sequence[str], second: Sequence[str]) -> Agreement:
    """Share of equal labels, and Cohen's kappa (1960)."""
    rows = len(first)
    same = sum(one == other for one, other in zip(first, second, strict=True)) / rows
    ones, others = Counter(first), Counter(second)
    by_chance = sum(ones[label] * others[label] for label in ones) / rows**2
    kappa = 1.0 if by_chance == 1.0 else (same - by_chance) / (1 - by_chance)
    return Agreement(rows=rows, same=same, kappa=kappa)


def of_the_seed_corpus() -> dict[str, Agreement]:
    """By kind of label."""
    first = {row["id"]: row for path in seed_files() for row in _rows(path)}
    second = _rows(SECOND_LABELS)
    return {
        name: agreement([of(first[row["id"]]) for row in second], [of(row) for row in second])
        for name, of in LABELS.items()
    }


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def main() -> None:
    """Print a line for each kind of label."""
    for name, found in of_the_seed_corpus().items():
        print(f"{name}: {found.same:.3f} of {found.rows} rows alike, kappa {found.kappa:.3f}")


if __name__ == "__main__":
    main()
