"""Two who labelled the same texts."""

from __future__ import annotations

import pytest

from nlp.corpus import seed_files
from nlp.text.agreement import agreement, of_the_seed_corpus

pytestmark = pytest.mark.unit


def test_kappa_of_a_worked_example() -> None:
    """Twenty yes and fifteen no alike, five and ten not: 0.7 alike, 0.5 by chance, kappa 0.4."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = agreement(first, second)
    assert found.same == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)


def test_a_tenth_of_the_seed_corpus_has_labels_of_two() -> None:
    found = of_the_seed_corpus()
    rows = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in seed_files())
    assert found["type"].rows >= 0.09 * rows
    assert min(one.kappa for one in found.values()) > 0.8
