"""Why a demand may have to be declined, with the legal route. A hint for the agent, who decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from config.refusal_words import RefusalWords
from models.understanding import Candidate, RefusalHint, Span
from models.vocabulary import RequestType
from nlp.text.neighbourhoods import neighbourhoods, possible

#: Praise and proposals are never declined for a word in them, when the type is this sure.
_SURE = 0.6
_TAKEN = (RequestType.PRAISE, RequestType.SUGGESTION)


def refusal_hints(
    text: str,
    rules: RefusalWords,
    request_types: Sequence[Candidate] = (),
    said: Collection[str] | None = None,
) -> tuple[RefusalHint, ...]:
    """Each reason once, in the order of the rules; empty for nearly every text. ``said``: see
    :func:`nlp.text.neighbourhoods.possible`.
    """
    sure = bool(request_types) and request_types[0].confidence >= _SURE
    if sure and RequestType(request_types[0].code) in _TAKEN:
        return ()
    found: dict[str, RefusalHint] = {}
    for rule in possible(text, rules.rules, said):
        if rule.code in found:
            continue
        held = ((at, part, rule.spoken_by(part)) for at, part in neighbourhoods(text))
        begin, part, word = next((hit for hit in held if hit[2]), (0, "", ""))
        if word:
            start = begin + part.index(word)
            found[rule.code] = RefusalHint(
                code=rule.code,
                name=rule.name,
                route=rule.route,
                reason=f"{rule.reason}（“{word}”）",
                span=Span(start=start, end=start + len(word)),
            )
    return tuple(found.values())
