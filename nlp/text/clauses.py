"""Cutting a letter or a transcript into clauses, keeping where each stands."""

from __future__ import annotations

import re
from typing import NamedTuple

_STOP = re.compile(r"[，。！？；：,.!?;:\n…~～\s]+")
#: Where speech without punctuation begins something new.
_TURN = re.compile(
    r"(?=然后|但是|可是|结果|所以|因为|而且|现在|请问|能不能|可不可以|可以不|麻烦|我想|想问|就是说|昨天|前天|今天"
    r"|昨晚|希望|要求|建议|请你们|请你|你们能|求你们|求求|他们|物业|反映|打了|每次|天天|每天"
    r"|快点|赶紧|赶快|(?<![一昨今明每天半到])(?:早上|晚上|凌晨|半夜)|我?电话(?:是|号码)*(?=[0-9幺一]))"
)
#: Where a turn can begin: few characters, found much faster than turns.
_TURN_BEGINS = re.compile(
    "[然但可结所因而现请能麻我想就昨前今希要建你求他物反打每天快赶早晚凌半电]"
)
#: Longer stretches without a stop are cut at turns.
_LONG = 18
#: What people say before they come to the point.
_LEAD_IN = re.compile(
    r"^(?:喂+|你好啊?|您好|哎|唉|嗯+|啊|哦|呃|那个|这个|就是说?|我就?是?(?:想|要)|我们(?:想|要)|想|要"
    r"|跟你(?:讲|说)(?:个事)?(?:啊)?|我跟你(?:讲|说)(?:个事)?(?:啊)?|反映一下(?:子)?(?:哈)?|反映(?:一个|个)?(?:情况|问题)?"
    r"|咨询(?:一下|下)?(?:子)?|问(?:一下|下)(?:子|啊)?|打电话|投诉(?:一下)?|举报(?:一下)?|实名|同志|领导好?|美女"
    r"|尊敬的(?:领导|书记|市长|区长)|是?12345(?:吧|吗)?|事情是这样的|请问|我是|的啊|哈|呀|嘛|啦|吧|呢)+"
)


class Clause(NamedTuple):
    """A stretch of text: ``text`` is what stands from ``start`` to ``end``."""

    text: str
    start: int
    end: int


def split_clauses(text: str) -> list[Clause]:
    """Clauses in order, without the stops between them."""
    clauses: list[Clause] = []
    position = 0
    for stop in [*_STOP.finditer(text), None]:
        end = stop.start() if stop else len(text)
        clauses.extend(_turns(text, position, end))
        position = stop.end() if stop else end
    return clauses


def _turns(text: str, start: int, end: int) -> list[Clause]:
    if end - start <= _LONG:
        return [Clause(text[start:end], start, end)] if end > start else []
    said = text[start:end]
    begins = (match.start() for match in _TURN_BEGINS.finditer(said))
    cuts = [*(start + begin for begin in begins if _TURN.match(said, begin)), end]
    parts: list[Clause] = []
    begin = start
    for cut in cuts:
        # A turn right after another one belongs to it.
        if cut - begin >= 5 or cut == end:
            parts.append(Clause(text[begin:cut], begin, cut))
            begin = cut
    return [part for part in parts if part.text]


def to_the_point(clause: Clause) -> Clause:
    """Without greetings and fillers at its beginning."""
    lead = _LEAD_IN.match(clause.text)
    if lead is None:
        return clause
    start = clause.start + lead.end()
    return Clause(clause.text[lead.end() :], start, clause.end)
