"""What the citizen asks for, in the citizen's own words."""

from __future__ import annotations

import re

from models.understanding import Fact, Span
from models.vocabulary import RequestType
from nlp.text.clauses import Clause, to_the_point

#: Strong ones first: a demand put in so many words, a request, a wish. Every alternative begins
#: with a plain character: then the search skips all others.
_ASKS = (
    re.compile(r"强烈要求|要求|诉求|恳请|请求|责令"),
    re.compile(
        r"请(?:你们?|您|有关部门|相关部门|政府|领导|上级|城管|交警|环保|派|帮|尽快|赶快|赶紧|马上|查|来|给|安排|协调|严)"
        r"|请[一-龥]{2,6}?(?:部门|局|委|办)|麻(?<!不麻)烦(?=你|您|帮|派|尽快|给|安排|来|查|问)|能不能|能否|可不可以|可以不可以|求求|求(?:政府|领导|你)"
        r"|帮(?:忙|我|我们)|你们?(?:赶紧|赶快|尽快|快点|快来)|赶紧|赶快|尽快|快点|快来|给(?:我|我们)?个?(?:说法|答复|解释)"
        r"|什么时候(?:能|可以|才)"
    ),
    re.compile(r"希望|建议|盼望|期望|最好"),
)
_QUESTION = re.compile(
    r"怎么|多少|哪里|哪个|哪些|什么|几点|要不要|能不能|可不可以|是不是|有没有|能否|是否|如何|能.*吗|[吗么呢]$"
)
#: Opens a question without being one.
_OPENING = re.compile(r"^.{0,8}?(?:请问|想问|问一下|问下|想了解|了解一下|咨询)(?:一下|下)?")
#: Courtesies that look like a request.
_COURTESY = re.compile(r"^(?:请(?:领导)?(?:放心|谅解|原谅|理解|见谅)|希望(?:你们)?(?:理解|谅解))")
#: A demand goes on to the end of its sentence, up to this many characters.
_LONGEST = 45
#: What happens, and no longer what is asked for.
_TOLD = re.compile(r"很|太|不敢|没人|没有人|已经|了$|每天|天天|因为|不然|否则")
#: Characters between words of one wish.
_TOGETHER = 6
#: Shorter ones say nothing.
_SHORTEST = 4
#: Thanks and what the caller says of himself: here a demand is over.
_OVER = re.compile(
    r"谢谢|感谢|辛苦|拜托|我?的?(?:电话|手机)(?:号码)?是?|号码|我姓|我叫|我是|好吧?$"
)


def find_demand(clauses: list[Clause], text: str, request_type: RequestType) -> Fact | None:
    """The wish without what was told before it, the last one where several are said.

    For those who consult it is their first question. Without a wish there is none.
    """
    if request_type is RequestType.CONSULTATION:
        question = _find_question(clauses, text)
        if question is not None:
            return question
    for asks in _ASKS:
        for number in reversed(range(len(clauses))):
            wish = _find_wish(clauses, text, number, asks)
            if wish is not None:
                return wish
    return None


def _find_question(clauses: list[Clause], text: str) -> Fact | None:
    for clause in clauses:
        asked = _without_opening(clause)
        if _QUESTION.search(asked.text) and len(asked.text) >= _SHORTEST:
            return _fact(text, asked.start, _end(asked))
    return None


def _without_opening(clause: Clause) -> Clause:
    opening = _OPENING.match(clause.text)
    start = opening.end() if opening else 0
    return to_the_point(Clause(clause.text[start:], clause.start + start, clause.end))


def _find_wish(clauses: list[Clause], text: str, number: int, asks: re.Pattern[str]) -> Fact | None:
    clause = clauses[number]
    said = asks.search(clause.text)
    if said is None or _COURTESY.match(clause.text[said.start() :]):
        return None
    begin = _first_word(clause.text, said.start())
    wish = Clause(clause.text[begin:], clause.start + begin, clause.end)
    end = _end(wish)
    if end == wish.end:
        end = _goes_on(clauses, text, number, wish.start)
    return _fact(text, wish.start, end) if end - wish.start >= _SHORTEST else None


def _first_word(said: str, begin: int) -> int:
    """希望你们尽快 …: where the wish begins when several words of wishing stand together."""
    words = [m for asks in _ASKS for m in asks.finditer(said, 0, begin)]
    near = [m.start() for m in words if begin - m.end() <= _TOGETHER]
    return min(near, default=begin)


def _goes_on(clauses: list[Clause], text: str, number: int, start: int) -> int:
    end = clauses[number].end
    for after in clauses[number + 1 :]:
        same_sentence = text[end : after.start].strip(" ") in ("，", ",", "、")
        if not same_sentence or after.end - start > _LONGEST:
            break
        if _OVER.search(after.text) or _TOLD.search(after.text):
            break
        end = after.end
    return end


def _end(clause: Clause) -> int:
    over = _OVER.search(clause.text)
    return clause.start + over.start() if over else clause.end


def _fact(text: str, start: int, end: int) -> Fact:
    said = text[start:end].rstrip()
    return Fact(kind="demand", text=said, value=said, span=Span(start=start, end=start + len(said)))
