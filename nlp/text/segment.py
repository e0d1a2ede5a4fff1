"""Cutting Chinese text into words, with the district's own names kept whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from config.departments import Departments
from config.lexicon import Lexicon


class Segmenter:
    """Cuts text. Loading takes half a second; cutting is safe from several threads."""

    def __init__(
        self, lexicon: Lexicon, departments: Departments, cache_dir: Path | None = None
    ) -> None:
        """``cache_dir``: where the slower segmenter keeps its compiled dictionary between starts
        (our own folder: it is read back as it is, so it must not be one that others may write
        to)."""
        own = _own_words(lexicon, departments)
        self._cut = _fast(own) or _slow(own, cache_dir)

    def words(self, text: str) -> list[str]:
        """The words of ``text``, joined again they are the text."""
        return self._cut(text)


def _fast(own: Iterable[str]) -> Callable[[str], list[str]] | None:
    """jieba's dictionary and algorithm in compiled form; None where no wheel could be had."""
    try:
        from rjieba import Jieba
    except ImportError:
        return None
    tokenizer = Jieba()
    for word in own:
        tokenizer.add_word(word, None, None)
    return tokenizer.cut


def _slow(own: Iterable[str], cache_dir: Path | None) -> Callable[[str], list[str]]:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    if cache_dir is not None:
        cache_dir.mkdir(parents=True, exist_ok=True)
        tokenizer.tmp_dir = str(cache_dir)
    tokenizer.initialize()
    for word in own:
        tokenizer.add_word(word)
    return tokenizer.lcut  # type: ignore[no-any-return]  # jieba has no types


def _own_words(lexicon: Lexicon, departments: Departments) -> set[str]:
    words = set(lexicon.words)
    for place in lexicon.places:
        words.update(place.spoken)
    for unit in departments:
        words.update((unit.short_name, *unit.aliases))
    return {word for word in words if len(word) > 1}
