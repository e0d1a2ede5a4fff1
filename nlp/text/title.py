"""A title by the pattern place + subject + problem, from the citizen's own words."""

from __future__ import annotations

import re

from models.understanding import Candidate, Fact
from models.vocabulary import RequestType
from nlp.text.clauses import Clause, to_the_point

#: No title is longer.
LONGEST = 50
_GOOD_LENGTH = range(6, 27)
_PROBLEM = re.compile(
    r"没|不|坏|堵|漏|臭|乱|占|噪|欠|停|断|塌|裂|破|骗|打|偷|丢|污|吵|倒|掉|满|脏|无|拒|扣|逾期|严重|超|违|私|危险|失"
)
_ASKING = re.compile(r"请问|怎么|多少|什么|哪里|哪个|几|能不能|可以|要不要|吗|如何")
_WISH = re.compile(r"要求|希望|恳请|求求|请(?!问)|谢谢|领导|说法|你们|我要投诉")
_THANKS = re.compile(r"表扬|感谢|谢谢|点赞|称赞")
#: Fewer characters beside the place tell nothing.
_SHORTEST = 2
#: What joins the matter to a place said after it.
_DANGLING = re.compile(r"(?:就?在|位于|是在|我们|我家|这里|，)+$")
_TRAILING = re.compile(r"(?:然后|我们?|你们|就)+$")
_PERSONAL = re.compile(r"我姓|我叫|我的?电话|电话(?=是|号|[0-9幺一])|谢谢|希望|请你们?|麻烦你")
_HEADS = re.compile(
    r"^(?:因为|所以|而且|但是|可是|结果|然后|现在|就|还|也|都|我们这里|我们这边|我们|我家|我|这里|那里|他们)+"
)


def make_title(
    clauses: list[Clause],
    place: Fact | None,
    category: Candidate | None,
    words: list[str],
    request_type: RequestType,
) -> str:
    """At most :data:`LONGEST` characters; empty when nothing is known.

    ``words``: what spoke for the category; the clause that holds most of it becomes the title.
    """
    points = [to_the_point(clause) for clause in clauses]
    named = place.text if place else ""
    # A clause that only says where is no title; what it says besides is weighed.
    scores = [
        _score(c.text.replace(named, "") if named else c.text, words, request_type, len(c.text))
        for c in points
    ]
    # People say what it is about first.
    early = [score + 1.5 / (n + 1) if score > 0.3 else score for n, score in enumerate(scores)]
    best = points[max(range(len(points)), key=early.__getitem__)] if any(early) else None
    where = place.value if place else ""
    if best is None:
        return _cut(where, f"{category.name}问题") if category else ""
    said = _HEADS.sub("", best.text) if len(best.text) > _GOOD_LENGTH.start + 4 else best.text
    said = _before_personal(said)
    if place is not None and (place.text in said or where in said):
        return _cut(
            "", _from_place(said, place.text if place.text in said else where, where, words)
        )
    if place is not None and best.start < place.span.end and place.span.start < best.end:
        # The place lies across the clause's edge: say it once.
        said = said.replace(place.text[max(0, best.start - place.span.start) :], "")
    return _cut(where, said)


def _from_place(said: str, named: str, where: str, words: list[str]) -> str:
    """The title starts at the place: what a recogniser heard before it is mostly debris.

    Unless the matter itself was told before it (井盖丢了在立新大道): then the place is put first.
    """
    before, _, after = said.partition(named)
    weightiest = next((word for word in words if word in before or word in after), None)
    told_before = weightiest is not None and weightiest not in after
    matter = told_before and _PROBLEM.search(before) is not None
    if matter or len(after) < _SHORTEST:
        told = _DANGLING.sub("", to_the_point(Clause(before, 0, len(before))).text)
        return where + told if len(told) >= _SHORTEST or not after else named + after
    return named + after


def _before_personal(said: str) -> str:
    """Without thanks, a name or a phone at the end of a clause that was not cut there."""
    personal = _PERSONAL.search(said, _GOOD_LENGTH.start)
    return _TRAILING.sub("", said[: personal.start()] if personal else said)


def _score(said: str, words: list[str], request_type: RequestType, length: int) -> float:
    """``said``: a clause without the place; ``length``: with it."""
    hits = [n for n, word in enumerate(words) if word in said]
    problem = _PROBLEM.search(said) is not None
    if len(said) < (_SHORTEST if hits and problem else 4):
        return 0.0
    score = sum((1.0 + 0.3 * len(words[n])) / (1 + 0.2 * n) for n in hits)
    if not hits:
        # Says what is wrong, though with no word of the category.
        return 0.3 if problem and not _WISH.search(said) else 0.0
    score += 1.0 if length in _GOOD_LENGTH else -0.5
    score += 0.6 * problem
    score -= 1.2 * bool(_WISH.search(said)) * (request_type is not RequestType.SUGGESTION)
    if _WISH.match(said) and request_type is not RequestType.SUGGESTION:
        # Words of the wish (请联系自来水公司) say less of the matter than those of the story.
        score *= 0.5
    score += 1.0 * bool(_ASKING.search(said)) * (request_type is RequestType.CONSULTATION)
    score += 1.0 * bool(_THANKS.search(said)) * (request_type is RequestType.PRAISE)
    return max(score, 0.1)


def _cut(where: str, what: str) -> str:
    title = where + what
    return title if len(title) <= LONGEST else title[: LONGEST - 1] + "…"
