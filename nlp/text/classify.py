"""Type, category and responsible unit of a text, each with confidence and reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from config.catalogue import STREET_OF_PLACE, Catalogue, Decision
from models.understanding import Candidate
from models.vocabulary import RequestType
from nlp.text.cues import CueWords
from nlp.text.features import Row, plain
from nlp.text.model import NEVER, Floats, Head, TextModel
from nlp.text.numbers import SPOKEN_DIGITS
from nlp.text.resources import Resources

#: How many candidates are shown.
TOP = 3
#: A category or unit below this is noise, unless it is the only one there is.
_FAINT = 0.01
#: Categories looked at when units vote; the rest carry too little weight to matter.
_VOTERS = 6

#: Words that may carry weight but explain nothing to a person.
_EMPTY_WORDS = frozenset(
    word
    for line in (
        Path(__file__).with_name("empty_words.txt").read_text(encoding="utf-8")
    ).splitlines()
    if not line.startswith("#")
    for word in line.split()
)

#: Those among them that are reasons for a type.
_TYPE_CUES = frozenset(
    word
    for line in (
        "怎么 什么 多少 哪里 可以 要求 希望 请问 能不能 谢谢 麻烦 应该 怎么办 如何",
        "投诉 举报 咨询 求助 建议 表扬 感谢",
    )
    for word in line.split()
)

Street = Callable[[], str | None]
#: Scores of every head, by its name.
Scores = Mapping[str, Floats]


@dataclass(frozen=True)
class Classified:
    """Likeliest first, at most :data:`TOP` each; faint categories and units are left out.

    All empty when nothing of the text is known.
    """

    request_types: tuple[Candidate, ...] = ()
    categories: tuple[Candidate, ...] = ()
    departments: tuple[Candidate, ...] = ()
    #: The words of the text that spoke for the likeliest category, weightiest first.
    category_words: tuple[str, ...] = ()


class Classifier:
    """A model put to work under the present taxonomy, units and catalogue.

    These may be newer than the model: a category that moved keeps its code and so its weights, a
    new one is recognised by its listed words alone, one that is gone is passed over.
    """

    def __init__(self, model: TextModel, resources: Resources) -> None:
        self.model = model
        self._resources = resources
        self._leaves = resources.taxonomy.leaves
        self._cues = CueWords(self._leaves, model.space.rarity)
        taxonomy = resources.taxonomy
        self._lines = [
            (taxonomy.ancestor(leaf.code, 1).code, taxonomy.ancestor(leaf.code, 2).code, leaf.code)
            for leaf in self._leaves
        ]
        self._leaf_of = _positions(model.heads["category"], [leaf.code for leaf in self._leaves])
        self._first_of = _positions(model.heads["level1"], [line[0] for line in self._lines])
        self._words = _TellingWords(model, resources)
        self._local_units = frozenset(
            unit.code for unit in resources.departments if resources.is_local(unit.code)
        )
        self._local = _Local(self._lines)
        self._unit_known = np.array(
            [code in resources.departments for code in model.heads["department"].classes]
        )

    def street_of(self, text: str) -> str | None:
        """The street or township of the most exact place that the lexicon knows."""
        return next((p.unit for p in self._resources.places.find(text) if p.unit), None)

    def first_level_name(self, code: str) -> str:
        """Name of the first level above a category."""
        return self._resources.taxonomy.ancestor(code, 1).name

    def classify(
        self, text: str, street: Street | None = None, scores: Scores | None = None
    ) -> Classified:
        """``street``: asked for the unit of the place named, when a rule needs it. ``scores``:
        those of heads that have not seen the text, in place of the model's own."""
        row, cues = self._read(text)
        if row.empty and not cues:
            return Classified()
        scores = scores or self.model.scores(row)
        types = self._request_types(row, scores)
        leaves = self._leaf_confidences(scores, cues)
        likeliest = RequestType(types[0].code)
        words = {leaf: self._leaf_words(row, cues, leaf) for leaf in _best(leaves)}
        first = int(np.argmax(leaves))
        return Classified(
            request_types=types,
            categories=self._categories(words, leaves),
            category_words=tuple((words.get(first) or self._leaf_words(row, cues, first))[:8]),
            departments=self._departments(text, row, scores, leaves, likeliest, street),
        )

    def confidences(self, text: str) -> dict[str, float]:
        """The confidence of every type, category (all levels) and unit, for measuring."""
        row, cues = self._read(text)
        scores = self.model.scores(row)
        leaves = self._leaf_confidences(scores, cues)
        found: dict[str, float] = {}
        for line, confidence in zip(self._lines, leaves, strict=True):
            for code in line:
                found[code] = found.get(code, 0.0) + float(confidence)
        types = self._type_confidences(scores)
        found |= dict(zip(self.model.heads["request_type"].classes, map(float, types), strict=True))
        kind = _likeliest(self.model, types)
        return found | self._votes(text, scores, leaves, kind, None)[0]

    def _read(self, text: str) -> tuple[Row, dict[str, int]]:
        what = self._resources.places.masked(text)
        cleaned = plain(what)
        return self.model.space.row(what, cleaned), self._cues.count(cleaned)

    def _type_confidences(self, scores: Scores) -> Floats:
        weighing = self.model.weighing["request_type"]
        return weighing.confidences(scores["request_type"], None, None)

    def _request_types(self, row: Row, scores: Scores) -> tuple[Candidate, ...]:
        head, confidences = self.model.heads["request_type"], self._type_confidences(scores)
        return tuple(
            Candidate(
                code=head.classes[i],
                name=RequestType(head.classes[i]).label,
                confidence=_rounded(confidences[i]),
                reason=_spoke("表述", self._words.of("request_type", row, i, cues=True)),
            )
            for i in _best(confidences)
        )

    def _leaf_confidences(self, scores: Scores, cues: dict[str, int]) -> Floats:
        return self.model.weighing["category"].confidences(
            _aligned(scores["category"], self._leaf_of),
            _aligned(scores["level1"], self._first_of),
            self._cues.scores(cues),
        )

    def _categories(
        self, words: Mapping[int, list[str]], confidences: Floats
    ) -> tuple[Candidate, ...]:
        candidates = tuple(
            Candidate(
                code=self._leaves[i].code,
                name=self._leaves[i].name,
                confidence=_rounded(confidences[i]),
                reason=_spoke("关键词", said[:TOP]),
                path=self._leaves[i].path,
            )
            for i, said in words.items()
        )
        return _worth_showing(candidates)

    def _leaf_words(self, row: Row, cues: dict[str, int], leaf: int) -> list[str]:
        listed = self._cues.spoken_for(leaf, cues)
        number = int(self._leaf_of[leaf])
        learned = self._words.of("category", row, number) if number >= 0 else []
        return list(dict.fromkeys([*listed, *learned]))

    def _departments(
        self,
        text: str,
        row: Row,
        scores: Scores,
        leaves: Floats,
        request_type: RequestType,
        street: Street | None,
    ) -> tuple[Candidate, ...]:
        votes, decisions = self._votes(text, scores, leaves, request_type, street)
        order = sorted(votes, key=lambda unit: -votes[unit])[:TOP]
        return _worth_showing(
            tuple(self._unit_candidate(u, votes[u], decisions.get(u), row) for u in order)
        )

    def _votes(
        self,
        text: str,
        scores: Scores,
        leaves: Floats,
        request_type: RequestType,
        street: Street | None,
    ) -> tuple[dict[str, float], dict[str, Decision]]:
        """Each likely category sends its confidence to the unit that the catalogue names for it;
        where no rule decides, to the units that the classifier sees."""
        learned = self._learned_units(scores)
        catalogue = self._resources.catalogue
        local = self._local.of(catalogue)
        votes: dict[str, float] = {}
        decisions: dict[str, Decision] = {}
        voters = _best(leaves, _VOTERS)
        for leaf in voters:
            share = float(leaves[leaf])
            decision = catalogue.decide(
                text=text,
                category_line=self._lines[leaf],
                request_type=request_type,
                street=street or (lambda: self.street_of(text)),
            )
            if decision is not None:
                votes[decision.unit] = votes.get(decision.unit, 0.0) + share
                decisions.setdefault(decision.unit, decision)
                continue
            for unit, confidence in self._undecided(local[leaf], learned).items():
                votes[unit] = votes.get(unit, 0.0) + share * confidence
        # What the other categories hold is left to the classifier.
        rest = 1.0 - float(leaves[voters].sum())
        for unit, confidence in learned.items():
            votes[unit] = votes.get(unit, 0.0) + rest * confidence
        return votes, decisions

    def _undecided(self, local: bool, learned: dict[str, float]) -> dict[str, float]:
        """What the classifier says where no rule decides; local matters stay with the streets."""
        if not local:
            return learned
        streets = {unit: c for unit, c in learned.items() if unit in self._local_units}
        total = sum(streets.values())
        return {unit: c / total for unit, c in streets.items()} if total else {}

    def _learned_units(self, scores: Scores) -> dict[str, float]:
        head = self.model.heads["department"]
        known = np.where(self._unit_known, scores["department"], np.float32(-1e9))
        confidences = self.model.weighing["department"].confidences(known, None, None)
        return dict(zip(head.classes, confidences.tolist(), strict=True))

    def _unit_candidate(
        self, unit: str, vote: float, decision: Decision | None, row: Row
    ) -> Candidate:
        if decision is not None:
            reason = f"派单目录：{decision.rule.note}"
        elif unit in self._local_units:
            reason = "属地事项，需先确认地点在哪个街道（乡镇）"
        else:
            number = self.model.heads["department"].classes.index(unit)
            reason = _spoke("相似来件的用词", self._words.of("department", row, number))
        return Candidate(
            code=unit,
            name=self._resources.departments.get(unit).name,
            confidence=_rounded(vote),
            reason=reason,
        )


class _TellingWords:
    """Finds the words of a text that spoke most for a class."""

    def __init__(self, model: TextModel, resources: Resources) -> None:
        self._heads = model.heads
        self._known = known = model.space.words
        names = {name for place in resources.lexicon.places for name in place.spoken}
        self._explain = {
            cues: np.array([_explains(word, cues) and word not in names for word in known], bool)
            for cues in (False, True)
        }
        self._averages = {
            name: head.averages(len(known)) for name, head in model.heads.items() if known
        }

    def of(self, head: str, row: Row, number: int, cues: bool = False) -> list[str]:
        """At most :data:`TOP`, weightiest first: what each adds to the class beyond what it adds
        to all.

        ``cues``: also turns of speech like 请问, which mean nothing for a category but make a type.
        """
        words = row.indices[: row.words]
        weights, averages = self._heads[head].weights, self._averages[head]
        parts = row.weights[: row.words] * (weights[words, number] - averages[words])
        order = np.argsort(-parts)
        told = order[self._explain[cues][words[order]] & (parts[order] > 0)]
        return [self._known[i] for i in words[told[:TOP]]]


class _Local:
    """Which categories are matters of streets; found once for each version of the catalogue."""

    def __init__(self, lines: Sequence[tuple[str, ...]]) -> None:
        self._lines = lines
        self._known: tuple[Catalogue | None, list[bool]] = (None, [])

    def of(self, catalogue: Catalogue) -> list[bool]:
        """One truth for each leaf, in order."""
        known, local = self._known  # one tuple: another thread replaces it as a whole
        if known is not catalogue:
            rules = [rule for rule in catalogue.rules if rule.unit == STREET_OF_PLACE]
            local = [any(rule.concerns(line) for rule in rules) for line in self._lines]
            self._known = (catalogue, local)
        return local


def _likeliest(model: TextModel, types: Floats) -> RequestType:
    return RequestType(model.heads["request_type"].classes[int(np.argmax(types))])


def _explains(word: str, cues: bool) -> bool:
    """A single word of two characters or more that means something by itself, and no number."""
    if len(word) < 2 or "_" in word or "n" in word or word[0] in SPOKEN_DIGITS:
        return False
    return word not in _EMPTY_WORDS or (cues and word in _TYPE_CUES)


def _positions(head: Head, codes: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    known = {code: i for i, code in enumerate(head.classes)}
    return np.array([known.get(code, -1) for code in codes], dtype=np.int64)


def _aligned(scores: Floats, positions: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    return np.where(positions < 0, np.float32(NEVER), scores[positions])


def _best(confidences: Floats, count: int = TOP) -> list[int]:
    return [int(i) for i in np.argsort(-confidences)[:count]]


def _worth_showing(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Without the faint ones; the first always stays."""
    return candidates[:1] + tuple(c for c in candidates[1:] if c.confidence >= _FAINT)


def _rounded(confidence: float) -> float:
    return round(float(confidence), 4)


def _spoke(what: str, words: list[str]) -> str:
    return f"{what}“{'”“'.join(words)}”" if words else "整体表述"
