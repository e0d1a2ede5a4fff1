"""Final utterances with the district's names put right (:mod:`nlp.speech.homophones`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from config.lexicon import Lexicon
from models.speech import Correction, Utterance, Word
from nlp.speech.homophones import Homophones, Swap
from nlp.speech.text import for_reading


class Corrector:
    """Knows a lexicon. The raw text of an utterance is never touched."""

    def __init__(self, lexicon: Lexicon) -> None:
        places = (name for place in lexicon.places for name in place.spoken)
        self._homophones = Homophones((*places, *lexicon.words))

    def corrected(self, utterance: Utterance) -> Utterance:
        """The same with names put right in ``text``, and what was done in ``corrections``."""
        if not utterance.final or not utterance.words:
            return utterance
        swaps = self._homophones.swaps(utterance.words)
        if not swaps:
            return utterance
        words, pauses = _swapped(utterance.words, swaps)
        text = for_reading(words, pauses)
        return replace(utterance, text=text, corrections=_placed(text, swaps))


def _swapped(words: Sequence[Word], swaps: Sequence[Swap]) -> tuple[list[str], list[float]]:
    """Words with the names in them, and the pauses after each but the last.

    What a name takes only a part of, stays as a word of its own beside it.
    """
    starts = _starts(words)
    texts: list[str] = []
    ends: list[tuple[float, float]] = []
    text = "".join(word.text for word in words)
    cuts = sorted({0, len(text), *starts, *(x for s in swaps for x in (s.begin, s.end))})
    inside = {x for swap in swaps for x in range(swap.begin + 1, swap.end)}
    written = {swap.begin: swap.written for swap in swaps}
    for begin, end in pairwise(cut for cut in cuts if cut not in inside):
        texts.append(written.get(begin, text[begin:end]))
        ends.append((_word_at(words, starts, begin).start, _word_at(words, starts, end - 1).end))
    pauses = [max(0.0, after[0] - before[1]) for before, after in pairwise(ends)]
    return texts, pauses


def _starts(words: Sequence[Word]) -> list[int]:
    starts, place = [], 0
    for word in words:
        starts.append(place)
        place += len(word.text)
    return starts


def _word_at(words: Sequence[Word], starts: Sequence[int], character: int) -> Word:
    return words[max(n for n, start in enumerate(starts) if start <= character)]


def _placed(text: str, swaps: Sequence[Swap]) -> tuple[Correction, ...]:
    """Where each name stands in the display text."""
    found: list[Correction] = []
    place = 0
    for swap in swaps:
        place = text.find(swap.written, place)
        if place < 0:  # display text wrote it otherwise (a number in the name)
            return tuple(found)
        found.append(Correction(start=place, heard=swap.heard, written=swap.written))
        place += len(swap.written)
    return tuple(found)
