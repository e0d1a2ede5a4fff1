"""What a citizen told, in the citizen's own words, without greetings, fillers and repetitions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.understanding import Fact
from nlp.text.clauses import Clause

#: No summary is longer, but for its last clause; what is shorter is told whole.
LONGEST = 120
_LEAD_IN = re.compile(
    r"^(?:喂+|你好啊?|您好|哎|唉|嗯+|啊+|哦+|呃+|那个|就是说|我?跟你(?:讲|说)(?:个事)?|是?12345[吧吗]?|听得到不"
    r"|领导好?|美女|同志|[啊哈呀嘛吧呢”’）)、])+"
)
_HESITATION = re.compile(r"[嗯呃唔]+|(?:那个|就是说?|这个)(?=那个|就是|这个)")
#: Said twice or more: three times the same character, twice the same two to six.
_AGAIN = re.compile(r"([一-龥])\1{2,}|([一-龥]{2,6})\2+")
#: Clauses that tell nothing of the matter.
_COURTESY = re.compile(
    r"^(?:谢谢.{0,5}|感谢.{0,5}|麻烦(?:你们?|您)了?|辛苦了?|拜托了?|好的?|对|是的?|行|再见|此致|敬礼|你好|您好|知道了"
    r"|没有了|还有|另外|再一个|就这样|就是这样|尊敬的.{0,12}|各位领导.{0,6})?$"
)
_PROBLEM = re.compile("[没不坏堵漏臭乱占噪欠停断塌裂破骗打偷丢污吵倒掉满脏拒扣超违]|逾期|严重|危险")
_FIGURE = re.compile(
    r"[0-9一二三四五六七八九十百千万两]+(?:元|块|年|个?月|天|号|点|楼|栋|户|人|次|米|平方)"
)
#: Of a clause that holds a fact of the kind.
_WEIGHTS = {"demand": 2.0, "place": 1.5, "time": 0.5}
_SHORTEST = 4
_ENDS = "。！？!?"


def summarise(
    text: str, clauses: Sequence[Clause], facts: Sequence[Fact], words: Sequence[str]
) -> str:
    """At most about :data:`LONGEST` characters, in the order in which it was told.

    ``facts``: places, times and the demand hold what must be in it; ``words``: what spoke for the
    category.
    """
    # Most texts hold neither: then they need not be looked for in each clause.
    spoken = bool(_HESITATION.search(text) or _AGAIN.search(text))
    points = (_point(clause, spoken) for clause in clauses)
    told = _once([point for point in points if point is not None])
    chosen = _weightiest(told, facts, words)
    return _joined(text, told, sorted(chosen))


def _point(clause: Clause, spoken: bool) -> Clause | None:
    lead = _LEAD_IN.match(clause.text)
    said = clause.text[lead.end() :] if lead else clause.text
    if spoken:
        said = _AGAIN.sub(lambda hit: hit[1] or hit[2], _HESITATION.sub("", said))
    return None if _COURTESY.match(said) else Clause(said, clause.start, clause.end)


def _once(told: list[Clause]) -> list[Clause]:
    """Of what is said in the same words again the first."""
    return list({one.text: one for one in reversed(told)}.values())[::-1]


def _weightiest(told: list[Clause], facts: Sequence[Fact], words: Sequence[str]) -> set[int]:
    length, chosen = sum(len(point.text) + 1 for point in told), set(range(len(told)))
    if length <= LONGEST:
        return chosen
    weights = _weights(told, facts, words[:4])
    length = 0
    chosen.clear()
    for n in sorted(range(len(told)), key=lambda n: (-weights[n], n)):
        if length and length + len(told[n].text) > LONGEST:
            continue
        chosen.add(n)
        length += len(told[n].text) + 1
    return chosen


def _weights(told: list[Clause], facts: Sequence[Fact], words: Sequence[str]) -> list[float]:
    """People say what it is about first, and what they want in so many words."""
    weights = []
    for n, (said, _, _) in enumerate(told):
        weight = 1.0 / (n + 1)
        for word in words:
            weight += word in said
        if _PROBLEM.search(said):
            weight += 0.5
        if _FIGURE.search(said):
            weight += 0.3
        if not _SHORTEST <= len(said) <= LONGEST // 2:
            weight -= 0.5 if len(said) < _SHORTEST else 2.0
        weights.append(weight)
    for fact in facts:
        if more := _WEIGHTS.get(fact.kind):
            for n, (_, start, end) in enumerate(told):
                if fact.span.start < end and start < fact.span.end:
                    weights[n] += more
    return weights


def _joined(text: str, told: list[Clause], chosen: list[int]) -> str:
    """With the stop that stood there, else with a comma, or a semicolon where some is left out."""
    said = ""
    for n, after in zip(chosen, [*chosen, None][1:], strict=True):
        stop = text[told[n].end : told[n].end + 1]
        ended = stop != "" and stop in _ENDS
        mark = "。" if after is None else "，" if after == n + 1 else "；"
        said += told[n].text + (stop if ended else mark)
    return said
