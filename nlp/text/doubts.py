"""Where the machine abstains: thresholds that came from a coverage curve at training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from models.understanding import Candidate, Doubt
from nlp.text.classify import Classified
from nlp.text.coverage import Answered, threshold

_NAMES = {"request_type": "诉求类型", "category": "诉求分类", "department": "承办单位"}


def thresholds(answers: Mapping[str, Sequence[Answered]], wanted: float) -> dict[str, Any]:
    """For the manifest: from which confidence on as many as ``wanted`` (0–1) answers are right."""
    return {name: {"wanted": wanted, **asdict(threshold(answers[name], wanted))} for name in _NAMES}


def doubts_of(
    found: Classified, manifest: Mapping[str, Any], few: Mapping[str, int]
) -> tuple[Doubt, ...]:
    """What is below its threshold, and a category of which there are too few examples.

    ``few``: categories with hardly any training rows, and how many. Nothing is doubted of a text
    of which nothing is known: there is no candidate to doubt.
    """
    firsts = {
        "request_type": found.request_types,
        "category": found.categories,
        "department": found.departments,
    }
    doubts: list[Doubt] = []
    for field, candidates in firsts.items():
        reason = _reason(field, candidates, manifest.get("thresholds", {}).get(field), few)
        if reason:
            doubts.append(Doubt(field=field, reason=reason))
    return tuple(doubts)


def _reason(
    field: str,
    candidates: Sequence[Candidate],
    level: Mapping[str, float] | None,
    few: Mapping[str, int],
) -> str:
    if not candidates:
        return ""
    best = candidates[0]
    if level is not None and best.confidence < level["confidence"]:
        return (
            f"{_NAMES[field]}把握不足（{best.confidence:.0%}，"
            f"低于 {min(level['confidence'], 1):.0%}），请人工判断"
        )
    if field == "category" and (rows := few.get(best.code)) is not None:
        return f"“{best.name}”的样本只有 {rows} 条，判断不可靠，请人工核对"
    return ""
