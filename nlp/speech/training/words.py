"""jieba's word list and way of cutting, which the lexicon and the language model share."""

from __future__ import annotations

import random
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby

import jieba

from nlp.speech.training.text import places, plain

_HAN = re.compile(r"[\u4e00-\u9fff]{1,4}")
_NUMERALS = frozenset("零幺一二两三四五六七八九十百千万")


@cache
def prepare() -> None:
    """Teach jieba the place names; must be called before anything else here."""
    jieba.setLogLevel("ERROR")
    jieba.initialize()
    for kind in places().values():
        for name in kind:
            jieba.add_word(name)


def frequent(count: int) -> dict[str, int]:
    """jieba's most frequent Chinese words of at most four characters, with their frequencies."""
    words = [(word, n) for word, n in jieba.dt.FREQ.items() if n > 0 and _HAN.fullmatch(word)]
    words.sort(key=lambda item: (-item[1], item[0]))
    return dict(words[:count])


def cut(text: str) -> list[str]:
    """The words of ``text``; numbers digit by digit, so that any number can be put together."""
    words: list[str] = []
    for word in jieba.cut(plain(text), HMM=False):
        words += list(word) if _NUMERALS.issuperset(word) else [word]
    return words


def without_others(line: Sequence[str], known: Container[str]) -> Iterator[list[str]]:
    """The runs of known words in ``line``: what lies between could never be heard."""
    for is_known, run in groupby(line, lambda word: word in known):
        if is_known:
            yield list(run)


def babble(words: Iterable[str], count: int, seed: int) -> list[str]:
    """Meaningless runs of words, so that training meets every syllable."""
    rng, known = random.Random(seed), sorted(words)
    return ["".join(rng.choices(known, k=rng.randint(2, 7))) for _ in range(count)]
