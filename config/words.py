"""Rules by words: any of these, with any of those, without any of a third kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


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
