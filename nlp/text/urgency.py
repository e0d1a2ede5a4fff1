"""How urgent a text sounds. Only ever raises."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from config.urgency import UrgencyRules
from models.understanding import Candidate, Understanding
from models.vocabulary import RequestType, Urgency
from nlp.text.neighbourhoods import neighbourhoods, possible

_RANK = {level: level.rank for level in Urgency}
#: From this confidence on a type tells what the words are about.
_SURE = 0.6


def judge_urgency(
    text: str,
    rules: UrgencyRules,
    request_types: Sequence[Candidate] = (),
    said: Collection[str] | None = None,
) -> tuple[Urgency, str]:
    """The highest level whose rule holds, and why in words for the agent.

    Rules look at one neighbourhood only: in a long letter a word of the beginning and one of the
    end do not belong together. Thanks for a fire put out are no fire; a question or a proposal is
    raised by danger to life alone. ``said``: see :func:`nlp.text.neighbourhoods.possible`.
    """
    floor = _floor(request_types)
    best, reason = Urgency.NORMAL, ""
    if floor is None:
        return best, reason
    tried = possible(text, rules.rules, said)
    for _, part in neighbourhoods(text) if tried else ():
        for rule in tried:
            if _RANK[rule.level] <= _RANK[best] or rule.level is floor:
                continue
            if word := rule.spoken_by(part):
                best, reason = rule.level, f"{rule.reason}（“{word}”）"
        if best is Urgency.CRITICAL:
            break
    return best, reason


def never_lower(found: Understanding, before: Understanding | None) -> Understanding:
    """``found``, no less urgent than what was understood earlier in the same call."""
    if before is None or _RANK[before.urgency] <= _RANK[found.urgency]:
        return found
    return replace(found, urgency=before.urgency, urgency_reason=before.urgency_reason)


def _floor(request_types: Sequence[Candidate]) -> Urgency | None:
    """The level that is not raised to; None when nothing is raised at all."""
    if not request_types or request_types[0].confidence < _SURE:
        return Urgency.NORMAL
    kind = RequestType(request_types[0].code)
    if kind is RequestType.PRAISE:
        return None
    calm = (RequestType.CONSULTATION, RequestType.SUGGESTION)
    return Urgency.URGENT if kind in calm else Urgency.NORMAL
