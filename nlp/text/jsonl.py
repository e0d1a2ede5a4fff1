"""Understanding line by line: the public contract of ``hotline understand --jsonl``."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, TextIO

import structlog

from models.clock import SystemClock
from models.errors import HotlineError
from models.understanding import Candidate, Fact, Understanding
from nlp.text.understander import Understander

_BAD_BYTE = re.compile("[\udc80-\udcff]")
_LONE = re.compile("[\ud800-\udfff]")

log = structlog.get_logger(__name__)


class BadLine(HotlineError):
    """A line of the input cannot be understood."""

    code = "bad-line"
    title = "输入行有误"


def understand_jsonl(
    stream_in: TextIO,
    stream_out: TextIO,
    understander: Understander,
    *,
    errors: TextIO | None = None,
    now: Callable[[], datetime] | None = None,
) -> int:
    """Read ``{"id", "text"}`` lines, write one line for each. Returns the exit code.

    A bad line is told on ``errors`` (standard error by default) with its number, gives
    ``{"id"?, "line", "error"}`` on the output, and does not stop the rest; the exit code is then 1.
    Empty lines are passed over.
    """
    _speak_utf8(stream_in, stream_out)
    bad = 0
    tell_time = now or SystemClock().now
    for number, line in enumerate(stream_in, 1):
        if not line.strip():
            continue
        answer = _answer(number, line, understander, tell_time())
        if "error" in answer:
            bad += 1
            print(f"第 {number} 行：{answer['error']}", file=errors or sys.stderr)
        stream_out.write(_line(answer) + "\n")
        stream_out.flush()
    return 1 if bad else 0


def _speak_utf8(stream_in: TextIO, stream_out: TextIO) -> None:
    """Whatever the locale says; a byte that is no UTF-8 spoils its own line only."""
    for stream in (stream_in, stream_out):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def _line(answer: dict[str, Any]) -> str:
    line = json.dumps(answer, ensure_ascii=False)
    # Half a surrogate pair is legal in JSON escapes, but cannot be written as UTF-8.
    return line if not _LONE.search(line) else json.dumps(answer)


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
        "urgency": found.urgency.value,
        "urgency_reason": found.urgency_reason,
        "facts": _facts(found),
        "model": found.model_version,
    }


def _answer(number: int, line: str, understander: Understander, now: datetime) -> dict[str, Any]:
    identity: dict[str, Any] = {}
    try:
        row = _row(line)
        identity = {"id": row["id"]} if "id" in row else {}
        text = _text(row)
        return {**identity, **understanding_to_dict(understander.understand(text, now=now))}
    except BadLine as error:
        return {**identity, "line": number, "error": str(error)}
    except Exception as error:
        # One text must not take the others with it; the trace goes to the log.
        log.exception("text not understood", line=number)
        return {**identity, "line": number, "error": f"无法处理：{type(error).__name__}"}


def _row(line: str) -> dict[str, Any]:
    if _BAD_BYTE.search(line):
        raise BadLine("编码不是 UTF-8")
    try:
        row = json.loads(line.lstrip("\ufeff"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadLine(f"不是有效的 JSON（{getattr(error, 'msg', '嵌套过深')}）") from error
    if not isinstance(row, dict):
        raise BadLine('应是一个 JSON 对象，形如 {"id": …, "text": …}')
    return row


def _text(row: dict[str, Any]) -> str:
    if "id" not in row:
        raise BadLine("缺少 id")
    if not isinstance(row["id"], str | int) or isinstance(row["id"], bool):
        raise BadLine("id 应是文字或整数")
    text = row.get("text")
    if not isinstance(text, str):
        raise BadLine("缺少 text，或 text 不是文字")
    if not text.strip():
        raise BadLine("text 是空的")
    return text


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
