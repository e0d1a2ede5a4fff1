"""Passages of articles in the index of similar texts, as written and as they sound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nlp.similar.index import SimilarIndex
from nlp.text.sounds import FIRST, LAST, SYLLABLES, Codes, sounds_of

#: Passages that one search looks at.
_LOOKED_AT = 80
#: From this share of dropped passages on the index is made anew.
_WORN = 0.3
_FEWEST_WORN = 2_000


class _Index:
    """Texts with their owner; those of a dropped owner are passed over."""

    def __init__(self) -> None:
        self.index = SimilarIndex()
        #: (article, is a question); empty name: dropped.
        self.owners: list[tuple[str, bool]] = []

    def add(self, texts: Sequence[str], owners: Sequence[tuple[str, bool]]) -> None:
        # Owners first: a search meanwhile must know whose a passage is.
        self.owners.extend(owners)
        self.index.add(texts)

    def search(self, text: str) -> dict[str, tuple[float, float]]:
        """Of each article the best question and the best passage of its body."""
        best: dict[str, tuple[float, float]] = {}
        owners = self.owners
        for hit in self.index.search(text, _LOOKED_AT):
            number, is_question = owners[hit.doc]
            if not number:
                continue
            question, body = best.get(number, (0.0, 0.0))
            best[number] = (
                max(question, hit.score) if is_question else question,
                body if is_question else max(body, hit.score),
            )
        return best


class Passages:
    """All passages. Not to be changed from several threads at once."""

    def __init__(self, sounds: Codes | None) -> None:
        self._sounds = sounds
        self._written, self._heard = _Index(), _Index()
        self._texts: dict[str, tuple[tuple[str, ...], str]] = {}
        self._dropped = 0

    def add(self, articles: Iterable[tuple[str, tuple[str, ...], str]]) -> None:
        """Number, questions and body of each."""
        texts, owners = [], []
        for number, questions, body in articles:
            self._texts[number] = (questions, body)
            texts += [*questions, body]
            owners += [(number, True)] * len(questions) + [(number, False)]
        if texts:
            _fill(self._written, self._heard, texts, owners, self._sounds)

    def drop(self, numbers: Iterable[str]) -> None:
        """Found no more, from now on."""
        gone = {number for number in numbers if self._texts.pop(number, None) is not None}
        if not gone:
            return
        for one in (self._written, self._heard):
            for place, (number, _) in enumerate(one.owners):
                if number in gone:
                    one.owners[place] = ("", False)
        self._dropped = sum(not number for number, _ in self._written.owners)
        if self._dropped > max(_FEWEST_WORN, _WORN * len(self._written.owners)):
            self._make_anew()

    def search(self, text: str, *, heard: bool) -> dict[str, tuple[float, float]]:
        """Of each article found the likeness of its best question and of its body, 0–1."""
        if not heard:
            return self._written.search(text)
        if self._sounds is None:
            return {}
        return self._heard.search(as_heard(text, self._sounds))

    def _make_anew(self) -> None:
        written, heard = _Index(), _Index()
        texts, owners = [], []
        for number, (questions, body) in self._texts.items():
            texts += [*questions, body]
            owners += [(number, True)] * len(questions) + [(number, False)]
        _fill(written, heard, texts, owners, self._sounds)
        self._written, self._heard, self._dropped = written, heard, 0


def _fill(
    written: _Index,
    heard: _Index,
    texts: list[str],
    owners: list[tuple[str, bool]],
    sounds: Codes | None,
) -> None:
    written.add(texts, owners)
    if sounds is not None:
        heard.add([as_heard(text, sounds) for text in texts], owners)


def as_heard(text: str, sounds: Codes) -> str:
    """Every Chinese character replaced by one that stands for its syllable."""
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2")
    chinese = (codes >= FIRST) & (codes <= LAST)
    syllables = sounds_of(codes, sounds) - np.uint16(SYLLABLES) + np.uint16(FIRST)
    return np.where(chinese, syllables, codes).astype("<u2").tobytes().decode("utf-16-le", "ignore")
