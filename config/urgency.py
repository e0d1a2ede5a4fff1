"""What makes a demand urgent: ordered word rules of ``urgency.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from models.vocabulary import Urgency

FILE = "urgency.yaml"


@dataclass(frozen=True, kw_only=True)
class UrgencyRule:
    """One row: any of ``words``, and any of ``also`` where given, and none of ``without``."""

    level: Urgency
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


@dataclass(frozen=True, kw_only=True)
class UrgencyRules:
    """All rules."""

    version: str
    rules: tuple[UrgencyRule, ...]


def load_urgency(rules: Path | None = None) -> UrgencyRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "rules")
    found = tuple(_rule(path.name, n, row) for n, row in enumerate(top.rows("rules"), 1))
    return UrgencyRules(version=top.text("version"), rules=found)


def _rule(file: str, number: int, row: object) -> UrgencyRule:
    reader = RowReader(file, f"第 {number} 条规则", row)
    reader.only("level", "reason", "words", "with", "without")
    level, words = reader.text("level"), reader.texts("words")
    if level not in set(Urgency):
        raise reader.error(f"level “{level}” 不在 {'、'.join(Urgency)} 之中")
    if not words:
        raise reader.error("缺少 words")
    return UrgencyRule(
        level=Urgency(level),
        reason=reader.text("reason"),
        words=words,
        also=reader.texts("with"),
        without=reader.texts("without"),
    )
