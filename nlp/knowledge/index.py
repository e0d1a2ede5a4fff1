"""The articles that may be given as an answer, and the search in them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.knowledge import FoundArticle
from nlp.knowledge.meaning import Floats, Meaning
from nlp.knowledge.passages import Passages
from nlp.text.sounds import Codes


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the search knows of an article."""

    number: str
    #: As people ask, the title among them.
    questions: tuple[str, ...]
    #: The answer in short, and in full.
    spoken: str
    text: str

    @property
    def gist(self) -> str:
        """What tells what it is about."""
        return "\n".join((*self.questions, self.spoken))


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What each sign counts. Chosen on one half of bench/knowledge_questions.yaml."""

    #: Words as written, and as they sound.
    written: float = 1.0
    heard: float = 0.6
    #: A hit in the answer beside one in a question.
    answer: float = 1.0
    #: What it is about.
    meaning: float = 0.7
    #: The latest words of a talk beside all of them.
    latest: float = 0.5


class KnowledgeIndex:
    """Searched from several threads while another changes it."""

    def __init__(
        self,
        meaning: Meaning | None = None,
        sounds: Codes | None = None,
        weights: Weights | None = None,
    ) -> None:
        self._meaning = meaning
        self._weights = weights or Weights()
        self._passages = Passages(sounds)
        self._entries: dict[str, Entry] = {}
        self._about = _About((), np.empty((0, 0), dtype=np.float32))
        self._changing = threading.Lock()

    def __len__(self) -> int:
        """How many articles."""
        return len(self._entries)

    def replace(self, entries: Iterable[Entry]) -> None:
        """These are all there are from now on. What has not changed costs nothing."""
        wanted = {entry.number: entry for entry in entries}
        with self._changing:
            before = self._entries
            fresh = [one for number, one in wanted.items() if before.get(number) != one]
            gone = before.keys() - wanted.keys()
            if not fresh and not gone:
                return
            self._passages.drop([*gone, *(entry.number for entry in fresh)])
            self._passages.add([
                (one.number, one.questions, f"{one.spoken}\n{one.text}") for one in fresh
            ])  # fmt: skip
            self._entries = wanted
            self._about = self._placed(list(wanted.values()), {one.number for one in fresh})

    def search(self, text: str, limit: int = 10, *, latest: str = "") -> list[FoundArticle]:
        """The likeliest first. ``latest``: the last words of a talk, of which ``text`` is all."""
        scores = self._scores(text)
        if latest and latest != text:
            for number, score in self._scores(latest).items():
                scores[number] = scores.get(number, 0.0) + self._weights.latest * score
        entries = self._entries
        order = sorted(
            (number for number in scores if number in entries),
            key=lambda number: (-scores[number], number),
        )
        return [FoundArticle(number=number, score=scores[number]) for number in order[:limit]]

    def _scores(self, text: str) -> dict[str, float]:
        weights = self._weights
        scores: dict[str, float] = {}
        for share, heard in ((weights.written, False), (weights.heard, True)):
            for number, (question, answer) in self._passages.search(text, heard=heard).items():
                gain = share * (question + weights.answer * answer)
                scores[number] = scores.get(number, 0.0) + gain
        if self._meaning is not None:
            for number, nearness in self._about.nearest(self._meaning(text)):
                scores[number] = scores.get(number, 0.0) + weights.meaning * nearness
        return scores

    def _placed(self, entries: Sequence[Entry], fresh: set[str]) -> _About:
        """Where each article lies; only what is new is read."""
        if self._meaning is None or not entries:
            return _About((), np.empty((0, 0), dtype=np.float32))
        known = dict(zip(self._about.numbers, self._about.vectors, strict=True))
        vectors = [
            self._meaning(one.gist) if one.number in fresh else known[one.number] for one in entries
        ]
        return _About(tuple(one.number for one in entries), np.stack(vectors))


#: Articles that are taken for what they are about, whatever their words.
_NEAREST = 50


@dataclass(frozen=True)
class _About:
    """What each article is about: a row of ``vectors`` for each number."""

    numbers: tuple[str, ...]
    vectors: Floats

    def nearest(self, direction: Floats) -> list[tuple[str, float]]:
        """Those that point the same way, 0–1."""
        if not self.numbers:
            return []
        cosines = self.vectors @ direction
        count = min(_NEAREST, len(cosines))
        best = np.argpartition(-cosines, count - 1)[:count]
        return [(self.numbers[i], float(cosines[i])) for i in best if cosines[i] > 0]
