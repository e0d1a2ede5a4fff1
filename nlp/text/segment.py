"""Cutting Chinese text into words, with the district's own names kept whole."""

from __future__ import annotations

import logging
from pathlib import Path

import jieba

from config.departments import Departments
from config.lexicon import Lexicon

jieba.setLogLevel(logging.WARNING)


class Segmenter:
    """Cuts text. Loading takes about a second; cutting is safe from several threads."""

    def __init__(
        self, lexicon: Lexicon, departments: Departments, cache_dir: Path | None = None
    ) -> None:
        """``cache_dir``: where the compiled dictionary is kept between starts (our own folder:
        it is read back as it is, so it must not be one that others may write to)."""
        self._tokenizer = jieba.Tokenizer()
        if cache_dir is not None:
            cache_dir.mkdir(parents=True, exist_ok=True)
            self._tokenizer.tmp_dir = str(cache_dir)
        self._tokenizer.initialize()
        for word in _own_words(lexicon, departments):
            self._tokenizer.add_word(word)

    def words(self, text: str) -> list[str]:
        """The words of ``text``, joined again they are the text."""
        return self._tokenizer.lcut(text)  # type: ignore[no-any-return]  # jieba has no types


def _own_words(lexicon: Lexicon, departments: Departments) -> set[str]:
    words = set(lexicon.words)
    for place in lexicon.places:
        words.update(place.spoken)
    for unit in departments:
        words.update((unit.short_name, *unit.aliases))
    return {word for word in words if len(word) > 1}
