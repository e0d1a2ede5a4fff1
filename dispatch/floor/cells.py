"""The name of a number in a table of figures, and the calls behind it.

``answered/from/1762045200/to/1762047000/queue/general``: a count (or ``a-b``: a without b), then
what it is narrowed to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from config.figures import FigureRules
from dispatch.floor.call_facts import Rows, Span
from dispatch.floor.counting import Chosen, Counting
from models.errors import NotFound

#: In a cell, the queue of those who never entered one.
NO_QUEUE = "-"
_KEYS = frozenset({"from", "to", "queue", "agent", "of", "wait"})


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """Which part of the period a row counts."""

    start: datetime | None = None
    end: datetime | None = None
    queue: str = ""
    agent: str = ""
    #: The agent whose line it is in the table by agents.
    of_agent: str = ""
    #: The queue is the row's own: an empty one means "in no queue".
    of_queue: bool = False

    def cell(self, code: str, wait_us: int | None = None) -> str:
        """The name of a number in this row."""
        parts = [code]
        if self.start and self.end:
            parts += ["from", f"{self.start.timestamp():.0f}", "to", f"{self.end.timestamp():.0f}"]
        if self.queue or self.of_queue:
            parts += ["queue", self.queue or NO_QUEUE]
        for key, value in (("agent", self.agent), ("of", self.of_agent)):
            parts += [key, value] if value else []
        parts += ["wait", str(wait_us)] if wait_us is not None else []
        return "/".join(parts)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell, read."""

    code: str
    narrowed: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Cell:
        """Read a cell.

        :raises NotFound: it is none.
        """
        code, *pairs = text.split("/")
        narrowed = dict(zip(pairs[::2], pairs[1::2], strict=False))
        if not code or len(pairs) % 2 or not set(narrowed) <= _KEYS:
            raise unknown_cell(text)
        return cls(code=code, narrowed=narrowed)

    def ids(self, span: Span, rules: FigureRules) -> Rows:
        """Ids of the calls, within a period.

        :raises NotFound: there is no such number.
        """
        narrowed = self.narrowed
        try:
            part = _within(span, narrowed)
            queue = narrowed.get("queue", "")
            chosen = Chosen(queue="" if queue == NO_QUEUE else queue,
                            agent=narrowed.get("agent", ""))  # fmt: skip
            counting = Counting(part, rules, chosen)
            agent = narrowed.get("of")
            query = counting.agent_ids(self.code, agent) if agent else counting.ids(self.code)
            if "wait" in narrowed:
                query = query.where(counting.facts.wait_us == int(narrowed["wait"]))
        except (KeyError, ValueError, OverflowError, OSError):
            raise unknown_cell(self.code) from None
        return query.where(counting.facts.queue == "") if queue == NO_QUEUE else query


def _within(span: Span, narrowed: dict[str, str]) -> Span:
    if "from" not in narrowed and "to" not in narrowed:
        return span
    start = datetime.fromtimestamp(int(narrowed["from"]), UTC)
    end = datetime.fromtimestamp(int(narrowed["to"]), UTC)
    return replace(span, start=max(start, span.start), end=min(end, span.end))


def unknown_cell(cell: str) -> NotFound:
    """To be raised: no table has such a number."""
    return NotFound("话务报表中没有这个数字", cell=cell)
