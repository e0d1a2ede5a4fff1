"""How the words of the vocabulary sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nlp.speech.training import voice
from nlp.speech.training.phones import Syllable, syllables


@dataclass(frozen=True, kw_only=True)
class Pronunciation:
    """One way to say a word; ``sandhi``: as said before a third tone."""

    word: str
    spoken: tuple[Syllable, ...]
    sandhi: bool = False


def pronunciations(words: Iterable[str]) -> list[Pronunciation]:
    """All ways to say ``words``; a word that the voice cannot say is left out."""
    known = sorted(words)
    found: list[Pronunciation] = []
    for word, said in zip(known, voice.transcribe(known), strict=True):
        spoken = syllables(said)
        if spoken:
            found += _variants(word, tuple(spoken))
    return found


def _variants(word: str, spoken: tuple[Syllable, ...]) -> list[Pronunciation]:
    """A last third tone turns into a second one when the next word begins with a third."""
    variants = [Pronunciation(word=word, spoken=spoken)]
    last = spoken[-1]
    if last[-1] == "3":
        changed = (*spoken[:-1], (*last[:-1], "2"))
        variants.append(Pronunciation(word=word, spoken=changed, sandhi=True))
    return variants
