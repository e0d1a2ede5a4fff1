"""What the citizen asks for, in the citizen's own words."""

from __future__ import annotations

import re

from models.understanding import Fact, Span
from models.vocabulary import RequestType
from nlp.text.clauses import Clause

#: Strong ones first: a demand put in so many words, a request, a wish, a question.
_ASKS = (
    re.compile(r"强烈要求|要求|诉求|恳请|请求|责令"),
    re.compile(
        r"请(?:你们?|有关部门|相关部门|政府|领导|上级|城管|交警|环保|派|帮|尽快|赶快|赶紧|马上|查|来|给|安排|协调|严)"
        r"|麻烦|能不能|能否|可不可以|可以不可以|求求|求(?:政府|领导|你)|帮(?:忙|我|我们)|赶紧|赶快|尽快|快点|快来"
        r"|给(?:我|我们)?个?(?:说法|答复|解释)"
    ),
    re.compile(r"希望|建议|盼望|期望|最好"),
    re.compile(
        r"请问|想问|想了解|咨询|怎么|多少|哪里|哪个|什么时候|[吗么不呢]$|几点|要不要|能.*吗"
    ),
)
_QUESTION = _ASKS[3]
#: Courtesies that look like a request.
_COURTESY = re.compile(r"^(?:请(?:领导)?(?:放心|谅解|原谅|理解|见谅)|希望(?:你们)?(?:理解|谅解))")
#: A demand goes on to the end of its sentence, up to this many characters.
_LONGEST = 45
_NO_DEMAND = re.compile(r"谢谢|感谢|辛苦|拜托|电话|号码|我姓|我叫|我是")


def find_demand(clauses: list[Clause], text: str, request_type: RequestType) -> Fact | None:
    """The clause that asks; the last one where several do. A question for those who consult."""
    kinds = (_QUESTION, *_ASKS[:3]) if request_type is RequestType.CONSULTATION else _ASKS
    for asks in kinds:
        found = [n for n, c in enumerate(clauses) if asks.search(c.text) and _is_demand(c)]
        if found:
            return _fact(clauses, text, found[-1] if asks is not _QUESTION else found[0])
    return None


def _is_demand(clause: Clause) -> bool:
    return len(clause.text) >= 4 and not _COURTESY.match(clause.text)


def _fact(clauses: list[Clause], text: str, number: int) -> Fact:
    start, end = clauses[number].start, clauses[number].end
    for after in clauses[number + 1 :]:
        goes_on = text[end : after.start].strip() in ("，", ",", "、")
        if not goes_on or after.end - start > _LONGEST or _NO_DEMAND.search(after.text):
            break
        end = after.end
    said = text[start:end].rstrip()
    return Fact(kind="demand", text=said, value=said, span=Span(start=start, end=start + len(said)))
