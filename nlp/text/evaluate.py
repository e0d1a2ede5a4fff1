"""How good a model is on texts whose labels people gave."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.understanding import Candidate
from nlp.text.classify import Classifier, Scores
from nlp.text.corpus import LabelledText
from nlp.text.coverage import Point, accuracy_at, curve
from nlp.text.labeller import Labeller
from nlp.text.tables import Example

#: Number of bins of the calibration error.
_BINS = 10
#: So many of the worst mistakes are kept, and so much of each text.
_MISTAKES, _TEXT_SHOWN = 20, 160
#: Telephone and identity numbers have no business in a report.
_LONG_NUMBER = re.compile(r"\d{7,}")


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class: shares 0–1, ``support`` rows carry it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A row whose label the machine was sure of, and wrong."""

    text: str
    given: str
    proposed: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class TaskReport:
    """One task, e.g. the type. ``confusions``: (given, proposed) to how often, wrong ones only."""

    rows: int
    accuracy: float
    top3: float
    macro_f1: float
    calibration_error: float
    classes: dict[str, ClassScore]
    confusions: dict[tuple[str, str], int]
    #: Of the surest four in five rows, how many are right.
    accuracy_at_80: float
    #: Accuracy over coverage.
    curve: list[Point]
    #: The surest wrong ones first.
    mistakes: list[Mistake]

    def summary(self) -> dict[str, float]:
        """The figures for a manifest."""
        return {
            "accuracy": round(self.accuracy, 4),
            "top3": round(self.top3, 4),
            "macro_f1": round(self.macro_f1, 4),
            "calibration_error": round(self.calibration_error, 4),
            "accuracy_at_80": round(self.accuracy_at_80, 4),
        }

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with everything."""
        return {
            "rows": self.rows,
            **self.summary(),
            "classes": {label: vars(score) for label, score in self.classes.items()},
            "coverage": [vars(point) for point in self.curve],
            "confusions": [
                {"given": given, "proposed": proposed, "count": count}
                for (given, proposed), count in sorted(
                    self.confusions.items(), key=lambda item: -item[1]
                )
            ],
            "mistakes": [vars(mistake) for mistake in self.mistakes],
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """All tasks. ``level1`` is the first level of the category."""

    rows: int
    tasks: dict[str, TaskReport]

    def summary(self) -> dict[str, dict[str, float]]:
        """The figures for a manifest."""
        return {name: task.summary() for name, task in self.tasks.items()}

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with everything."""
        return {
            "rows": self.rows,
            "tasks": {name: task.as_dict() for name, task in self.tasks.items()},
        }


@dataclass(frozen=True)
class Answer:
    """One row: the label given, the labels proposed (likeliest first), and how sure."""

    given: str
    proposed: tuple[str, ...]
    confidence: float
    text: str = ""

    @property
    def right(self) -> bool:
        """Whether the first proposal is the label given."""
        return bool(self.proposed) and self.proposed[0] == self.given


def evaluate(classifier: Classifier, rows: Sequence[LabelledText]) -> Report:
    """Classify every row and compare with its labels."""
    answers = answers_of(classifier, rows)
    return Report(rows=len(rows), tasks={name: report(given) for name, given in answers.items()})


def answers_of(
    classifier: Classifier,
    rows: Sequence[LabelledText],
    scores: Sequence[Scores | None] | None = None,
) -> dict[str, list[Answer]]:
    """What is said of each row, by task. ``scores``: of heads that have not seen the row."""
    answers: dict[str, list[Answer]] = {
        "request_type": [], "category": [], "level1": [], "department": [],
    }  # fmt: skip
    for row, unseen in zip(rows, scores or [None] * len(rows), strict=True):
        found = classifier.classify(row.text, scores=unseen)
        given = {
            "request_type": _answer(row.request_type.value, found.request_types),
            "category": _answer(row.category, found.categories),
            "department": _answer(row.department, found.departments),
            "level1": _level1(classifier, row.category, found.categories),
        }
        for name, answer in given.items():
            answers[name].append(replace(answer, text=row.text))
    return answers


def evaluate_labeller(labeller: Labeller, rows: Sequence[Example]) -> TaskReport:
    """Label every row and compare."""
    return report([labelled(labeller, row) for row in rows])


def labelled(labeller: Labeller, row: Example) -> Answer:
    """What a model of one task says of a row."""
    found = labeller.label(row.text)[:3]
    return Answer(row.label, tuple(one.label for one in found), found[0].confidence, row.text)


def _answer(given: str, candidates: Sequence[Candidate]) -> Answer:
    first = candidates[0].confidence if candidates else 0.0
    return Answer(given, tuple(candidate.code for candidate in candidates), first)


def _level1(classifier: Classifier, given: str, candidates: Sequence[Candidate]) -> Answer:
    names = tuple(dict.fromkeys(candidate.path[0] for candidate in candidates))
    sure = sum(c.confidence for c in candidates if names and c.path[0] == names[0])
    return Answer(classifier.first_level_name(given), names, sure)


def report(answers: Sequence[Answer]) -> TaskReport:
    """The figures of one task."""
    pairs = Counter((a.given, a.proposed[0] if a.proposed else "") for a in answers)
    labels = sorted({a.given for a in answers})
    classes = {label: _class_score(label, pairs) for label in labels}
    right = sum(count for (given, proposed), count in pairs.items() if given == proposed)
    return TaskReport(
        rows=len(answers),
        accuracy=right / max(1, len(answers)),
        top3=sum(a.given in a.proposed for a in answers) / max(1, len(answers)),
        macro_f1=sum(score.f1 for score in classes.values()) / max(1, len(classes)),
        calibration_error=_calibration_error(answers),
        classes=classes,
        confusions={pair: count for pair, count in pairs.items() if pair[0] != pair[1]},
        accuracy_at_80=accuracy_at(answers, 0.8),
        curve=curve(answers),
        mistakes=_mistakes(answers),
    )


def _mistakes(answers: Sequence[Answer]) -> list[Mistake]:
    wrong = sorted((a for a in answers if not a.right), key=lambda a: -a.confidence)
    return [
        Mistake(
            text=_LONG_NUMBER.sub("×××", answer.text[:_TEXT_SHOWN]),
            given=answer.given,
            proposed=answer.proposed[0] if answer.proposed else "",
            confidence=round(answer.confidence, 3),
        )
        for answer in wrong[:_MISTAKES]
    ]


def _class_score(label: str, pairs: Counter[tuple[str, str]]) -> ClassScore:
    hit = pairs[label, label]
    given = sum(count for (g, _), count in pairs.items() if g == label)
    proposed = sum(count for (_, p), count in pairs.items() if p == label)
    precision, recall = hit / proposed if proposed else 0.0, hit / given if given else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hit else 0.0
    return ClassScore(precision=precision, recall=recall, f1=f1, support=given)


def _calibration_error(answers: Sequence[Answer]) -> float:
    """Expected calibration error: how far confidence and being right lie apart, over ten bins."""
    bins: dict[int, list[Answer]] = {}
    for answer in answers:
        bins.setdefault(min(int(answer.confidence * _BINS), _BINS - 1), []).append(answer)
    gaps = (
        abs(
            sum(a.confidence for a in group)
            - sum(bool(a.proposed) and a.given == a.proposed[0] for a in group)
        )
        for group in bins.values()
    )
    return sum(gaps) / max(1, len(answers))
