"""Rules by words: any of these, with any of those, without any of a third kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from config.rules import RowReader, read_yaml, rule_file

_Rule = TypeVar("_Rule", bound="WordRule")
_WORDS = ("reason", "words", "with", "without")


@dataclass(frozen=True, kw_only=True)
class WordRule:
    """One row: any of ``words``, and any of ``also`` where given, and none of ``without``."""

    reason: str
    words: tuple[str, ...]
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """The first two characters of each word: where a text has none of them, the words need
        not be looked for."""
        return frozenset(word[:2] for word in self.words)

    def may_hold(self, text: str) -> bool:
        """Whether some part of the text may fulfil it, leaving ``without`` aside."""
        return any(word in text for word in self.words) and (
            not self.also or any(other in text for other in self.also)
        )

    def spoken_by(self, text: str) -> str:
        """The word that triggered the rule; empty when it does not hold."""
        word = next((word for word in self.words if word in text), "")
        if not word or (self.also and not any(other in text for other in self.also)):
            return ""
        return "" if any(other in text for other in self.without) else word


def load_word_rules(
    file: str, rules: Path | None, key: str, make: Callable[[RowReader, WordRule], _Rule]
) -> tuple[str, tuple[_Rule, ...]]:
    """Version and rows of a file. ``rules``: the city's own folder of rule files
    (``settings.rules``); ``make``: of a row's words, and of its ``key``, the rule.

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(file, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "rules")
    found = []
    for number, row in enumerate(top.rows("rules"), 1):
        reader = RowReader(path.name, f"第 {number} 条规则", row)
        reader.only(key, *_WORDS)
        words = reader.texts("words")
        if not words:
            raise reader.error("缺少 words")
        also, without = reader.texts("with"), reader.texts("without")
        said = WordRule(reason=reader.text("reason"), words=words, also=also, without=without)
        found.append(make(reader, said))
    return top.text("version"), tuple(found)
