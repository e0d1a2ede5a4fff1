"""What was made quick finds exactly what the plain way finds."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp.text.archive import mapped_arrays
from nlp.text.corpus import LabelledText
from nlp.text.cues import CueWords
from nlp.text.features import plain
from nlp.text.key_table import KeyTable
from nlp.text.model import TextModel
from nlp.text.places import _ENDING, _stretches
from nlp.text.resources import Resources
from nlp.text.times import _PATTERNS, _matches

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def texts(seed_rows: list[LabelledText]) -> list[str]:
    said = [row.text for row in seed_rows[::20]]
    return [*said, *(re.sub(r"\W", "", text) for text in said), "".join(said[:20])]


class TestKeys:
    def test_known_ones_are_found_in_order_and_others_left_out(self) -> None:
        random = np.random.default_rng(12345)
        some = np.unique(random.integers(0, 1 << 48, 5_000, dtype=np.uint64))
        known, strange = some[::2], some[1::2]
        asked = random.permutation(np.concatenate([known, strange, known[:50], known[-1:]]))
        there = set(known)
        wanted = [int(np.searchsorted(known, key)) for key in asked if key in there]
        assert KeyTable(known).places(asked).tolist() == wanted

    @pytest.mark.parametrize("count", [0, 1, 2, 3])
    def test_few_or_no_keys(self, count: int) -> None:
        known = np.arange(7, 7 + count, dtype=np.uint64)
        asked = np.arange(20, dtype=np.uint64)
        assert KeyTable(known).places(asked).tolist() == list(range(count))


def test_times_begin_only_where_their_pattern_says(texts: list[str]) -> None:
    for text in texts:
        plainly = {m.span() for _, pattern, _ in _PATTERNS for m in pattern.finditer(text)}
        assert {match.span() for match, _ in _matches(text)} == plainly


def test_names_reach_as_far_back_as_a_pattern_would_find_them(texts: list[str]) -> None:
    whole = re.compile(rf"[一-龥]{{2,8}}?{_ENDING.pattern}")
    for text in [*texts, "村", "x村\n某某村", "一二三四五六七八九十小区小区花园路路路"]:
        assert list(_stretches(text)) == [match.span() for match in whole.finditer(text)]


class TestListedWords:
    def test_each_is_counted_wherever_it_stands(
        self, resources: Resources, texts: list[str]
    ) -> None:
        leaves = resources.taxonomy.leaves
        listed = {plain(word) for leaf in leaves for word in leaf.words} - {"", "n"}
        longest = max(map(len, listed))
        cues = CueWords(leaves, lambda _: 0.5)
        for text in map(plain, texts):
            ends = range(1, len(text) + 1)
            runs = (text[begin:end] for end in ends for begin in range(max(0, end - longest), end))
            assert cues.count(text) == Counter(run for run in runs if run in listed)

    def test_one_at_the_very_end_counts_once(self, resources: Resources) -> None:
        leaf = replace(resources.taxonomy.leaves[0], words=("税", "税费", "税费高", "交税"))
        counts = CueWords([leaf], lambda _: 0.5).count("说说税费")
        assert counts == {"税": 1, "税费": 1}


def test_a_place_at_the_very_end_ends_with_the_text(resources: Resources) -> None:
    text = "路灯坏了在华泰嘉园"
    assert [text[p.start : p.end] for p in resources.places.find(text)] == ["华泰嘉园"]
    assert resources.places.find(text)[0].end == len(text)


def test_heads_side_by_side_score_as_each_by_itself(model: TextModel, texts: list[str]) -> None:
    together = replace(
        model, side_by_side=np.concatenate([head.weights for head in model.heads.values()], axis=1)
    )
    for text in texts[:20]:
        row = model.space.row(text)
        for name, scores in model.scores(row).items():
            assert np.allclose(together.scores(row)[name], scores, atol=1e-5)


class TestArchive:
    def test_arrays_are_those_that_were_saved(self, tmp_path: Path) -> None:
        saved: dict[str, Any] = {
            "a.weights": np.arange(6, dtype=np.float32).reshape(2, 3),
            "none": np.empty((0, 4), dtype=np.uint16),
            "keys": np.array([1, 1 << 60], dtype=np.uint64),
        }
        np.savez(tmp_path / "arrays.npz", **saved)
        found = mapped_arrays(tmp_path / "arrays.npz")
        assert found.keys() == saved.keys()
        for name, array in saved.items():
            assert found[name].dtype == array.dtype
            assert np.array_equal(found[name], array)

    def test_packed_ones_are_refused(self, tmp_path: Path) -> None:
        np.savez_compressed(tmp_path / "arrays.npz", a=np.zeros(100))
        with pytest.raises(ValueError, match="packed"):
            mapped_arrays(tmp_path / "arrays.npz")
