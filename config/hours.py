"""Spans of a day as rule files write them: 09:00-12:00."""

from __future__ import annotations

import re
from datetime import time
from itertools import pairwise
from typing import TypeAlias

from config.rules import RowReader

#: Beginning and end on the city's clock.
Span: TypeAlias = tuple[time, time]
_SPAN = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


def read_spans(reader: RowReader, key: str) -> tuple[Span, ...]:
    """Spans of a row, one after the other; empty where the key is absent.

    :raises ConfigurationError: for one that is none, or that overlaps the one before.
    """
    spans = tuple(read_span(reader, text) for text in reader.texts(key))
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        raise reader.error(f"{key} 应是先后排列、互不重叠的时段")
    return spans


def read_span(reader: RowReader, text: str) -> Span:
    """One span.

    :raises ConfigurationError: when it is none, or ends before it begins.
    """
    match = _SPAN.fullmatch(text)
    try:
        if not match:
            raise ValueError
        start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    except ValueError:
        raise reader.error(f"时段 {text} 应写作 09:00-12:00") from None
    if end <= start:
        raise reader.error(f"时段 {text} 起止颠倒")
    return start, end
