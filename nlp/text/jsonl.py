"""Understanding line by line: the public contract of ``hotline understand --jsonl``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, TextIO

from models.clock import SystemClock
from models.understanding import Candidate, Fact, Understanding
from nlp.jsonl_lines import answer_lines
from nlp.text.understander import Understander


def understand_jsonl(
    stream_in: TextIO,
    stream_out: TextIO,
    understander: Understander,
    *,
    errors: TextIO | None = None,
    now: Callable[[], datetime] | None = None,
) -> int:
    """One line of ``{"id", …}`` for each of ``{"id", "text"}``; see :func:`answer_lines`."""
    tell_time = now or SystemClock().now

    def answer(_id: str | int, text: str) -> dict[str, Any]:
        return understanding_to_dict(understander.understand(text, now=tell_time()))

    return answer_lines(stream_in, stream_out, answer, errors=errors)


def understanding_to_dict(found: Understanding) -> dict[str, Any]:
    """The JSON form of an understanding."""
    category = found.categories[0] if found.categories else None
    return {
        "request_type": found.request_type.value,
        "request_type_label": found.request_type.label,
        "category": category.code if category else None,
        "category_path": list(category.path) if category else [],
        "categories": [_category(candidate) for candidate in found.categories],
        "departments": [_department(candidate) for candidate in found.departments],
        "abstained": [vars(doubt) for doubt in found.doubts],
        "urgency": found.urgency.value,
        "urgency_reason": found.urgency_reason,
        "facts": _facts(found),
        "summary": found.summary,
        "refusals": [asdict(hint) for hint in found.refusals],
        "model": found.model_version,
    }


def _category(candidate: Candidate) -> dict[str, Any]:
    return {
        "code": candidate.code,
        "path": list(candidate.path),
        "confidence": candidate.confidence,
        "reason": candidate.reason,
    }


def _department(candidate: Candidate) -> dict[str, Any]:
    return {
        "code": candidate.code,
        "name": candidate.name,
        "confidence": candidate.confidence,
        "reason": candidate.reason,
    }


def _facts(found: Understanding) -> dict[str, Any]:
    """The best of each kind by name, and every one with its place in the text under ``spans``."""
    best: dict[str, Any] = {"title": found.title or None}
    for kind in ("place", "time", "phone", "person", "demand"):
        fact = found.first(kind)
        best[kind] = fact.value if fact else None
    return {**best, "spans": [_span(fact) for fact in found.facts]}


def _span(fact: Fact) -> dict[str, Any]:
    return {
        "kind": fact.kind,
        "text": fact.text,
        "value": fact.value,
        "start": fact.span.start,
        "end": fact.span.end,
        **({"resolved": fact.resolved.isoformat()} if fact.resolved else {}),
    }
