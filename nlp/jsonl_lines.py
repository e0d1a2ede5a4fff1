"""``{"id", "text"}`` line by line: what the commands with ``--jsonl`` have in common."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from typing import Any, TextIO

import structlog

from models.errors import HotlineError

_BAD_BYTE = re.compile("[\udc80-\udcff]")
_LONE = re.compile("[\ud800-\udfff]")

log = structlog.get_logger(__name__)

#: Id and text of a line, to what else the answer holds.
Answer = Callable[[str | int, str], dict[str, Any]]


class BadLine(HotlineError):
    """A line of the input cannot be used."""

    code = "bad-line"
    title = "输入行有误"


def answer_lines(
    stream_in: TextIO, stream_out: TextIO, answer: Answer, *, errors: TextIO | None = None
) -> int:
    """Read ``{"id", "text"}`` lines, write one line for each. Returns the exit code.

    A bad line is told on ``errors`` (standard error by default) with its number, gives
    ``{"id"?, "line", "error"}`` on the output, and does not stop the rest; the exit code is then 1.
    Empty lines are passed over.
    """
    speak_utf8(stream_in, stream_out)
    bad = 0
    for number, line in enumerate(stream_in, 1):
        if not line.strip():
            continue
        answered = _answered(number, line, answer)
        if "error" in answered:
            bad += 1
            print(f"第 {number} 行：{answered['error']}", file=errors or sys.stderr)
        stream_out.write(_line(answered) + "\n")
        stream_out.flush()
    return 1 if bad else 0


def _answered(number: int, line: str, answer: Answer) -> dict[str, Any]:
    identity: dict[str, Any] = {}
    try:
        row = _row(line)
        identity = {"id": row["id"]} if "id" in row else {}
        text = _text(row)
        return {**identity, **answer(row["id"], text)}
    except BadLine as error:
        return {**identity, "line": number, "error": str(error)}
    except Exception as error:
        # One text must not take the others with it; the trace goes to the log.
        log.exception("text not understood", line=number)
        return {**identity, "line": number, "error": f"无法处理：{type(error).__name__}"}


def speak_utf8(*streams: TextIO) -> None:
    """Whatever the locale says; a byte that is no UTF-8 spoils its own line only."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def _line(answer: dict[str, Any]) -> str:
    line = json.dumps(answer, ensure_ascii=False)
    # Half a surrogate pair is legal in JSON escapes, but cannot be written as UTF-8.
    return line if not _LONE.search(line) else json.dumps(answer)


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
