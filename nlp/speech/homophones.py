"""Names of the district that were heard as other words of the same sound: put right, visibly.

A recogniser writes the commonest words of a sound (征香北路); the lexicon knows what the district
has (蒸湘北路). Each run of characters is looked up by how it sounds; how sure the recogniser was of
its words (word confidence, taken over all alternatives of the lattice) decides together with the
nearness of the sound. Every correction says what was heard, so that a reader can take it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from pypinyin import Style, lazy_pinyin

from models.speech import Word

#: Sounds that telephones and accents of the south blur, as (initial or final, its like).
_LIKE_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("r", "l"), ("hu", "f"))
_LIKE_FINALS = (("eng", "en"), ("ing", "in"), ("ang", "an"), ("ong", "on"))
#: Confidence below which words are given up for a name, by how far the sounds are apart: words of
#: the same syllables and tones, of the same syllables, of blurred syllables.
_SAME, _SAME_BUT_TONES, _BLURRED = 0.995, 0.95, 0.8
#: A name of two characters sounds like many things: it needs more doubt, and still more in place of
#: one whole word.
_SHORT_NAME_FACTOR, _WORD_FACTOR = 0.8, 0.6
_SHORTEST, _LONGEST = 2, 8


@dataclass(frozen=True, kw_only=True)
class Swap:
    """Characters ``begin`` … ``end`` of the joined words are to read ``written``."""

    begin: int
    end: int
    heard: str
    written: str


@dataclass(frozen=True, kw_only=True)
class _Sound:
    """How a run of characters sounds: exactly, without tones, and blurred."""

    toned: tuple[str, ...]
    plain: tuple[str, ...]
    blurred: tuple[str, ...]


class Homophones:
    """Finds names of a lexicon in what was heard."""

    def __init__(self, names: Iterable[str]) -> None:
        fit = {name for name in names if _SHORTEST <= len(name) <= _LONGEST and _is_han(name)}
        self._names = fit
        self._lengths = sorted({len(name) for name in fit}, reverse=True)
        self._by_sound: dict[tuple[str, ...], list[tuple[str, _Sound]]] = {}
        for name in sorted(fit):
            sound = _sound(name)
            self._by_sound.setdefault(sound.blurred, []).append((name, sound))

    def swaps(self, words: Sequence[Word]) -> list[Swap]:
        """What to write instead, from left to right; nothing overlaps."""
        text = "".join(word.text for word in words)
        sure = [word.confidence for word in words for _ in word.text]
        sound = _sound(text)
        whole = {word.text for word in words}
        return [
            swap
            for swap in self._walk(text, sure, sound)
            if swap.heard not in whole
            or _mean(sure[swap.begin : swap.end]) < _WORD_FACTOR * _SAME_BUT_TONES
            or len(swap.heard) > _SHORTEST
        ]

    def _walk(self, text: str, sure: Sequence[float], sound: _Sound) -> Iterator[Swap]:
        place = 0
        while place < len(text):
            step = 1
            for length in self._lengths:
                run = text[place : place + length]
                if run in self._names:
                    step = length
                    break
                whole = len(run) == length and _is_han(run)
                if whole and (name := self._name(run, place, sure, sound)):
                    yield Swap(begin=place, end=place + length, heard=run, written=name)
                    step = length
                    break
            place += step

    def _name(self, run: str, place: int, sure: Sequence[float], sound: _Sound) -> str | None:
        end = place + len(run)
        certain = _mean(sure[place:end])
        near = self._by_sound.get(sound.blurred[place:end], ())
        fit = [
            (limit - certain, name)
            for name, its in near
            if certain < (limit := _limit(its, sound, place, end))
        ]
        return max(fit)[1] if fit else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _limit(name: _Sound, sound: _Sound, begin: int, end: int) -> float:
    """The confidence up to which words of that sound are given up for the name."""
    if name.toned == sound.toned[begin:end]:
        limit = _SAME
    elif name.plain == sound.plain[begin:end]:
        limit = _SAME_BUT_TONES
    else:
        limit = _BLURRED
    return limit * _SHORT_NAME_FACTOR if end - begin <= _SHORTEST else limit


def _sound(text: str) -> _Sound:
    toned = tuple(map(_syllable, text))
    plain = tuple(syllable.rstrip("12345") for syllable in toned)
    return _Sound(toned=toned, plain=plain, blurred=tuple(map(_blurred, plain)))


@cache
def _syllable(character: str) -> str:
    """By its usual reading: what is heard and what is known are read in the same way."""
    return lazy_pinyin(character, style=Style.TONE3, neutral_tone_with_five=True)[0]


@cache
def _blurred(syllable: str) -> str:
    for initial, like in _LIKE_INITIALS:
        if syllable.startswith(initial):
            syllable = like + syllable[len(initial) :]
            break
    for final, like in _LIKE_FINALS:
        if syllable.endswith(final):
            return syllable[: -len(final)] + like
    return syllable


def _is_han(text: str) -> bool:
    return bool(text) and all("\u4e00" <= character <= "\u9fff" for character in text)
