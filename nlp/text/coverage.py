"""When to keep quiet: how right a classifier is on the part of texts that it is surest of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

#: A share of rows, for the curve and for single figures.
STEPS = tuple(step / 20 for step in range(1, 21))
#: No threshold is read off fewer rows than this.
_FEWEST = 20
#: No confidence reaches it.
NEVER_SURE = 1.01


class Answered(Protocol):
    """One row that was classified."""

    @property
    def confidence(self) -> float:
        """Of the likeliest label."""

    @property
    def right(self) -> bool:
        """Whether the likeliest label is the one given."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Answering from ``confidence`` on: the share of rows answered, and of those right."""

    coverage: float
    accuracy: float
    confidence: float


def curve(answers: Sequence[Answered]) -> list[Point]:
    """Accuracy over coverage at :data:`STEPS`, surest rows first."""
    points = _points(answers)
    counts = dict.fromkeys(max(1, round(step * len(points))) for step in STEPS) if points else {}
    return [points[count - 1] for count in counts]


def accuracy_at(answers: Sequence[Answered], coverage: float) -> float:
    """How many of the surest ``coverage`` (0–1) of rows are right; 0 without rows."""
    points = _points(answers)
    return points[max(1, round(coverage * len(points))) - 1].accuracy if points else 0.0


def threshold(answers: Sequence[Answered], wanted: float) -> Point:
    """The lowest confidence at which as many as ``wanted`` (0–1) of the answers are right.

    :data:`NEVER_SURE` where there is none: the classifier should then never speak up alone.
    """
    points = _points(answers)
    good = [point for point in points[_FEWEST - 1 :] if point.accuracy >= wanted]
    return good[-1] if good else Point(coverage=0.0, accuracy=0.0, confidence=NEVER_SURE)


def _points(answers: Sequence[Answered]) -> list[Point]:
    """One for each row, surest first; rows of one confidence stand or fall together."""
    ordered = sorted(answers, key=lambda answer: -answer.confidence)
    points: list[Point] = []
    right = 0
    for count, answer in enumerate(ordered, 1):
        right += answer.right
        points.append(
            Point(
                coverage=count / len(ordered),
                accuracy=right / count,
                confidence=answer.confidence,
            )
        )
    for place in range(len(points) - 2, -1, -1):
        if points[place].confidence == points[place + 1].confidence:
            points[place] = points[place + 1]
    return points
